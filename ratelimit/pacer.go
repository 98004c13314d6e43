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
	chunk int           // slots of one lease at the most
	guard *rate.Limiter // of this process, whatever was leased

	mu      sync.Mutex
	waiting queue
	spare   []Slot // leased, for nobody yet, in the order of their times
	running bool
	leasing bool          // a question is under way
	askAt   time.Time     // no sooner is there anything to be leased
	failing time.Time     // since when leases have failed; zero: they have not
	guarded time.Time     // of the last slot that the guard has seen
	arrived chan struct{} // something changed
	came    int
	lead    time.Duration // how long before its slot one is called, to get ready
}

const (
	leaseWithin = 5 * time.Second
	// leasePatience is for how long slots are asked for while Redis does not answer,
	// every leaseAgain.
	leasePatience = time.Minute
	leaseAgain    = 500 * time.Millisecond
	minLead       = time.Millisecond
	maxLead       = 700 * time.Millisecond
	// enoughAhead: with slots for so long, a process asks for no more. One question
	// is for many slots that way.
	enoughAhead = 250 * time.Millisecond
	// mostSlots of one lease: a script can hand over some thousands of values.
	mostSlots = 1000
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
		chunk:   min(max(1, int(math.Ceil(r.PerSecond*leaseAhead.Seconds()))), mostSlots),
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

// Prepared tells how long somebody took from his turn until he could go, with his
// permit and all; it sets how early the next ones are called.
func (p *Pacer) Prepared(took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	want := min(took+took/2+minLead, maxLead)
	if want > p.lead {
		p.lead = want
		p.signal() // the next one may be due already
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

// run gives out slots, and sees to it that there are some, until nobody waits.
func (p *Pacer) run() {
	for {
		p.mu.Lock()
		until := p.step(time.Now())
		if len(p.waiting) == 0 {
			p.running = false
			p.mu.Unlock()
			return
		}
		p.mu.Unlock()
		p.pause(until)
	}
}

// step serves those whose slots are due, has slots leased where some are missing,
// and says when to look again; zero: when something has changed. p.mu is held.
func (p *Pacer) step(now time.Time) (until time.Time) {
	p.drop(now)
	for len(p.waiting) > 0 && len(p.spare) > 0 {
		if at := p.spare[0].At.Add(-p.lead); at.After(now) {
			until = at
			break
		}
		p.waiting.first().turn <- called{slot: p.spare[0]}
		p.spare = p.spare[1:]
	}
	want := min(len(p.waiting)-len(p.spare), p.chunk)
	if want <= 0 || p.leasing {
		return until
	}
	askAt := p.askAt
	if n := len(p.spare); n > 0 {
		if low := p.spare[n-1].At.Add(-p.lead - enoughAhead); low.After(askAt) {
			askAt = low
		}
	}
	if !askAt.After(now) {
		p.leasing = true
		go p.lease(want, p.lead) // for leaseWithin at the most
		return until
	}
	if until.IsZero() || askAt.Before(until) {
		until = askAt
	}
	return until
}

// drop forgets slots that nobody can meet any more. p.mu is held.
func (p *Pacer) drop(now time.Time) {
	for len(p.spare) > 0 && now.After(p.spare[0].At.Add(slotLate/2)) {
		p.spare = p.spare[1:]
	}
}

// lease asks for slots, while those that are there are given out. What goes on going
// wrong is told to all who wait.
func (p *Pacer) lease(n int, lead time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), leaseWithin)
	defer cancel()
	asked := time.Now()
	got, err := p.lane.Lease(ctx, p.pace, n, lead)
	way := time.Since(asked)/2 + minLead // of the answer
	if err != nil {
		err = fmt.Errorf("wait for a slot: %w", err)
	} else if got.Shut != nil {
		err = &ShutError{*got.Shut}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.signal()
	p.leasing, p.askAt = false, got.AskAt
	if err != nil && got.Shut == nil && p.patient(asked) {
		p.askAt = time.Now().Add(leaseAgain)
		return
	}
	if err == nil || got.Shut != nil {
		p.failing = time.Time{}
	}
	if err != nil {
		p.askAt = time.Time{}
		for len(p.waiting) > 0 {
			p.waiting.first().turn <- called{err: err}
		}
		return
	}
	// Far from Redis, who learns of a slot later than that cannot meet it.
	p.lead = max(p.lead, min(way, maxLead))
	for _, s := range got.Slots {
		if s.At.After(p.guarded) {
			p.guarded = s.At
		}
		// More than the whole rate in one process: something is wrong with the leases.
		if p.guard.AllowN(p.guarded, 1) {
			p.spare = insert(p.spare, s)
		}
	}
}

// patient says that Redis has not been away for long. Whoever is told of an error
// gives his task back, which nobody notes while Redis is away: it would be taken for
// lost, and come back after more than a minute. p.mu is held.
func (p *Pacer) patient(asked time.Time) bool {
	if p.failing.IsZero() {
		p.failing = asked
	}
	if time.Since(p.failing) < leasePatience {
		return true
	}
	p.failing = time.Time{}
	return false
}

// pause waits until then, or until something has changed.
func (p *Pacer) pause(until time.Time) {
	if until.IsZero() {
		<-p.arrived
		return
	}
	t := time.NewTimer(time.Until(until))
	defer t.Stop()
	select {
	case <-t.C:
	case <-p.arrived:
	}
}
