package event

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/callpacer/callpacer/internal/record"
)

// Due is where events lie until they are told. A claim is a lease.
type Due interface {
	ClaimEvents(ctx context.Context, group string, limit int, lease time.Duration) ([]record.Event, error)
	EventPutOff(ctx context.Context, e record.Event, in time.Duration) error
	EventsPutOff(ctx context.Context, group string, waits []record.PutOff) error
}

// Ends is told what became of an event.
type Ends interface {
	EventTold(ctx context.Context, e record.Event) error
	EventFailed(ctx context.Context, e record.Event, in time.Duration, why string) error
	EventDead(ctx context.Context, e record.Event, why string, retain time.Duration) error
}

// Store is what a Deliverer needs of record.Store.
type Store interface {
	Due
	Ends
}

const (
	claimEvery  = 250 * time.Millisecond
	claimBatch  = 100
	claimFailed = time.Second
	claimFull   = 20 * time.Millisecond // an endpoint is fast, and has more than it has seats
	// leaseSlack is what a lease has beyond one delivery: the wait for a slot.
	leaseSlack = 30 * time.Second
	// settleTime bounds saying what became of an event. It is kept free at the end
	// of a lease.
	settleTime = 5 * time.Second
)

// Deliverer tells the events of one group.
type Deliverer struct {
	Store     Store
	Endpoints *Endpoints // shared by all groups of the process
	Group     string
	Log       logrus.FieldLogger
	// Clock judges ages and leases and is what deliveries are signed with; nil:
	// time.Now.
	Clock func() time.Time

	mu     sync.Mutex
	chains map[string]*chain // by job, as long as it has events in this process
}

// Run delivers until ctx ends. Then nothing more is claimed, deliveries under way
// are finished, and the others are given back.
func (d *Deliverer) Run(ctx context.Context) {
	var work sync.WaitGroup
	defer work.Wait()
	for ctx.Err() == nil {
		wait := claimEvery
		n, crowded, err := d.step(ctx, &work)
		switch {
		case err != nil && ctx.Err() == nil:
			d.Log.WithField("group", d.Group).WithError(err).Warn("due events could not be claimed; it is tried again")
			wait = claimFailed
		case crowded:
			wait = claimFull
		case n == claimBatch:
			continue // there is more
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
}

// step claims what is due and hands it on. It says how many events there were, and
// whether some found no seat at an endpoint that will have one in a moment.
func (d *Deliverer) step(ctx context.Context, work *sync.WaitGroup) (n int, crowded bool, err error) {
	lease := d.Endpoints.opts.Timeout + leaseSlack
	asked := d.now()
	events, err := d.Store.ClaimEvents(ctx, d.Group, claimBatch, lease)
	if err != nil {
		return 0, false, err
	}
	answered := d.now()
	inOrder(events)
	var waits []record.PutOff
	for _, e := range events {
		c := claimed{Event: e, over: asked.Add(lease)}
		if !e.Claimed.IsZero() {
			c.ahead = e.Claimed.Sub(asked.Add(answered.Sub(asked) / 2))
		}
		if in := d.take(ctx, c, work); in > 0 {
			waits = append(waits, record.PutOff{Event: e, In: in})
			crowded = crowded || in <= nextTurn
		}
	}
	return len(events), crowded, d.putAllOff(ctx, waits)
}

// putAllOff gives events back that were not tried, in one go: an endpoint that hangs
// may have thousands, and each would keep others waiting.
func (d *Deliverer) putAllOff(ctx context.Context, waits []record.PutOff) error {
	if len(waits) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
	defer cancel()
	if err := d.Store.EventsPutOff(ctx, d.Group, waits); err != nil {
		return fmt.Errorf("give events back, whose leases run out now: %w", err)
	}
	return nil
}

// inOrder brings each job's events into the order of their revisions; jobs stay in
// the order of their first.
func inOrder(events []record.Event) {
	first := map[string]int{}
	for i, e := range events {
		if _, ok := first[e.Job]; !ok {
			first[e.Job] = i
		}
	}
	slices.SortStableFunc(events, func(a, b record.Event) int {
		if a.Job != b.Job {
			return first[a.Job] - first[b.Job]
		}
		return a.Revision - b.Revision
	})
}

// take brings an event on its way; else it says after how long the event is to be
// due again.
func (d *Deliverer) take(ctx context.Context, c claimed, work *sync.WaitGroup) time.Duration {
	to, err := d.Endpoints.opts.targetOf(c.URL)
	if err != nil {
		d.settle(ctx, c, verdict{why: err.Error()})
		return 0
	}
	c.to, c.at = to, d.Endpoints.at(to)
	now := d.now()
	if wait := c.at.breaker.shut(now); wait > 0 && !c.last(now) {
		return c.waits(later(wait), now)
	}
	if ok, wait := c.at.sit(now); !ok {
		return c.waits(wait, now)
	}
	if ch, first := d.join(c); first {
		work.Go(func() { d.work(ctx, ch) })
	}
	return 0
}

func (d *Deliverer) putOff(ctx context.Context, c claimed, in time.Duration) {
	in = c.waits(in, d.now())
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
	defer cancel()
	if err := d.Store.EventPutOff(ctx, c.Event, in); err != nil {
		d.log(c).WithError(err).Warn("an event could not be given back; its lease runs out")
	}
}

func (d *Deliverer) now() time.Time {
	if d.Clock != nil {
		return d.Clock()
	}
	return time.Now()
}

func (d *Deliverer) log(c claimed) logrus.FieldLogger {
	return d.Log.WithField("event", c.ID).WithField("tries", c.Tries)
}
