package event

import (
	"sync"
	"time"
)

const (
	// seats are how many leased events may wait for an endpoint's slots. Others are
	// put off, so that one that hangs does not gather the leases of all.
	seats      = 32
	nextTurn   = 100 * time.Millisecond
	latestTurn = 30 * time.Second
)

// endpoint is one scheme, host and port.
type endpoint struct {
	name    string
	slots   chan struct{}
	breaker breaker

	mu    sync.Mutex
	taken int                 // seats
	began map[int64]time.Time // tries under way
	tries int64               // ever begun: the next one's name in began
	took  time.Duration       // the last one that ended
	line  time.Time           // the turn of the event that was put off last
}

func newEndpoint(name string) *endpoint {
	return &endpoint{name: name, slots: make(chan struct{}, slotsPerEndpoint), began: map[int64]time.Time{}}
}

// sit takes a seat. Where all are taken it gives the wait until about the event's
// turn, judged by how long tries take.
func (p *endpoint) sit(now time.Time) (ok bool, wait time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.taken < seats {
		p.taken++
		return true, 0
	}
	each := p.took
	for _, began := range p.began {
		each = max(each, now.Sub(began))
	}
	each /= slotsPerEndpoint
	if first := now.Add(each * seats); p.line.Before(first) {
		p.line = first
	}
	p.line = p.line.Add(each)
	if latest := now.Add(latestTurn); p.line.After(latest) {
		p.line = latest
	}
	return false, max(p.line.Sub(now), nextTurn)
}

func (p *endpoint) rise() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken--
}

// try notes when a try begins, and with done when it ends.
func (p *endpoint) try(now time.Time) (done func(now time.Time)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := p.tries
	p.tries++
	p.began[n] = now
	return func(end time.Time) {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.began, n)
		p.took = end.Sub(now)
	}
}
