package ratelimit

import (
	"container/heap"
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// ShutError says that a lane was shut while somebody waited for a slot.
type ShutError struct{ Gate }

// Error implements error.
func (e *ShutError) Error() string { return "the lane is shut: " + e.Reason }

// Pacer gives the slots of one pace to those of this process who wait for one,
// the most urgent first. Slots are leased when somebody waits, and no more of
// them than that.
type Pacer struct {
	lane  *Lane
	pace  Pace
	off   bool
	chunk int           // slots of one lease
	guard *rate.Limiter // of this process, whatever was leased

	mu      sync.Mutex
	waiting queue
	spare   []Slot // leased, for nobody yet, in the order of their times
	running bool
	arrived chan struct{} // somebody came, or gave a slot back
	came    int
	lead    time.Duration // how long before its slot one is called, to get ready
}

const (
	leaseWithin = 5 * time.Second
	minLead     = time.Millisecond
	maxLead     = 700 * time.Millisecond
)

// NewPacer returns the process's pacer of a lane's pace.
func NewPacer(lane *Lane, pace Pace) *Pacer {
	r := lane.rules.Rate
	if pace == PaceQueries {
		r = lane.rules.QueryRate
	}
	late := int(math.Ceil(r.PerSecond * slotLate.Seconds()))
	return &Pacer{
		lane: lane, pace: pace, off: r.PerSecond <= 0, lead: minLead,
		// A quarter of a second's worth: other processes want some too.
		chunk:   max(1, int(math.Ceil(r.PerSecond/4))),
		guard:   rate.NewLimiter(rate.Limit(r.PerSecond), r.Burst+late+1),
		arrived: make(chan struct{}, 1),
	}
}

// Turn returns shortly before the slot that the caller gets, in time to get
// ready. More urgent ones (a smaller rank) go first. The error is a *ShutError
// where the lane was shut.
func (p *Pacer) Turn(ctx context.Context, rank int) (Slot, error) {
	if p.off {
		return Slot{}, nil
	}
	w := &waiter{rank: rank, turn: make(chan called, 1)}
	p.mu.Lock()
	p.came++
	w.came = p.came
	heap.Push(&p.waiting, w)
	if !p.running {
		p.running = true
		go p.run() // until nobody waits
	}
	p.mu.Unlock()
	p.signal()
	select {
	case t := <-w.turn:
		return t.slot, t.err
	case <-ctx.Done():
		p.leave(w)
		return Slot{}, ctx.Err()
	}
}

// Give hands back a slot that was not used; somebody else may still be in time.
func (p *Pacer) Give(s Slot) {
	if p.off {
		return
	}
	p.mu.Lock()
	p.spare = insert(p.spare, s)
	p.mu.Unlock()
	p.signal()
}

// Prepared tells how long somebody took from his turn until he could go; it sets
// how early the next ones are called.
func (p *Pacer) Prepared(took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	want := took + took/2 + minLead
	if want > p.lead {
		p.lead = min(want, maxLead)
	} else {
		p.lead -= (p.lead - want) / 8
	}
}

func (p *Pacer) signal() {
	select {
	case p.arrived <- struct{}{}:
	default:
	}
}

// leave takes one out who waits no longer, or gives back what he just got.
func (p *Pacer) leave(w *waiter) {
	p.mu.Lock()
	left := w.at >= 0 && w.at < len(p.waiting) && p.waiting[w.at] == w
	if left {
		heap.Remove(&p.waiting, w.at)
	}
	p.mu.Unlock()
	if left {
		p.signal()
	} else if t := <-w.turn; t.err == nil {
		p.Give(t.slot)
	}
}

// run leases and gives out slots until nobody waits.
func (p *Pacer) run() {
	var askAt time.Time
	for {
		p.mu.Lock()
		if len(p.waiting) == 0 {
			p.running = false
			p.mu.Unlock()
			return
		}
		now := time.Now()
		p.drop(now)
		want, lead := min(len(p.waiting)-len(p.spare), p.chunk), p.lead
		var until time.Time
		if len(p.spare) > 0 {
			if until = p.spare[0].At.Add(-lead); !until.After(now) {
				p.serve(now)
				p.mu.Unlock()
				continue
			}
		}
		p.mu.Unlock()
		if want > 0 && !askAt.After(now) {
			askAt = p.lease(want, lead)
			continue
		}
		if want > 0 && (until.IsZero() || askAt.Before(until)) {
			until = askAt
		}
		p.pause(until.Sub(now))
	}
}

// drop forgets slots that nobody can meet any more. p.mu is held.
func (p *Pacer) drop(now time.Time) {
	for len(p.spare) > 0 && now.After(p.spare[0].At.Add(slotLate/2)) {
		p.spare = p.spare[1:]
	}
}

// serve gives the first slot to the most urgent one. p.mu is held.
func (p *Pacer) serve(now time.Time) {
	slot := p.spare[0]
	p.spare = p.spare[1:]
	if !p.guard.AllowN(now, 1) {
		return // more than the whole rate in one process: something is wrong with the leases
	}
	heap.Pop(&p.waiting).(*waiter).turn <- called{slot: slot}
}

// lease asks for slots and says when to ask again. What went wrong is told to all
// who wait.
func (p *Pacer) lease(n int, lead time.Duration) time.Time {
	ctx, cancel := context.WithTimeout(context.Background(), leaseWithin)
	defer cancel()
	got, err := p.lane.Lease(ctx, p.pace, n, lead)
	if err != nil {
		err = fmt.Errorf("wait for a slot: %w", err)
	} else if got.Shut != nil {
		err = &ShutError{*got.Shut}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		for len(p.waiting) > 0 {
			heap.Pop(&p.waiting).(*waiter).turn <- called{err: err}
		}
		return time.Time{}
	}
	for _, s := range got.Slots {
		p.spare = insert(p.spare, s)
	}
	return got.AskAt
}

// pause waits for a moment, or until somebody comes.
func (p *Pacer) pause(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-p.arrived:
	}
}
