package dispatch

import (
	"context"
	"errors"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/ratelimit"
)

// gateRetry is when a job that met a shut lane returns to its queue, which is
// paused by then.
const gateRetry = time.Second

// departures is how often a run tries to meet a slot before it gives the job back.
const departures = 50

// departure is a permit with what it was got for.
type departure struct {
	line    providers.Line
	dialErr error
	out     ratelimit.Answer
	called  time.Time // when its turn came
	asked   time.Time // when the answered question was put
}

// fullPause is how long a job of a lane without a rate leaves a full lane alone.
const fullPause = 400 * time.Millisecond

// sendTime is kept free at the end of a permit, for the request to leave in.
const sendTime = 25 * time.Millisecond

// run takes one attempt through the door and to the vendor. waitCtx ends when
// the lane drains, too.
func (a attempt) run(ctx, waitCtx context.Context) (record.State, error) {
	own := context.WithoutCancel(ctx)
	var d departure
	defer func() {
		if d.line != nil {
			d.line.Close() //nolint:errcheck // nothing was asked of it that closing could lose
		}
	}()
	for range departures {
		out, err := a.ask(waitCtx)
		if err != nil || out.Decision != ratelimit.Ready {
			return a.turnedAway(out, err)
		}
		slot, err := a.pace().Turn(waitCtx, ratelimit.RankOf(a.rec.Priority))
		var shut *ratelimit.ShutError
		if errors.As(err, &shut) {
			continue // Admit has to say so, for the record
		}
		if err != nil {
			return "", givenBack(ctx, err)
		}
		d.called = time.Now()
		if a.prepare(waitCtx, &d); waitCtx.Err() != nil {
			d.dialErr = nil // it was given up, not refused
		}
		// From here on a permit may exist, whatever becomes of this task's context.
		if !a.drain.depart(&a.lane.inFlight) {
			a.pace().Give(slot)
			return "", shuttingDown()
		}
		d.out, d.asked, err = a.take(own, slot)
		if err == nil && d.out.Decision == ratelimit.Go {
			defer a.lane.inFlight.Done()
			return a.depart(own, &d)
		}
		a.lane.inFlight.Done()
		if err == nil && d.out.Decision == ratelimit.Again {
			a.prepared(&d)
			if slot != (ratelimit.Slot{}) {
				continue
			}
			// Without a rate nothing else makes it wait until a line is free.
			if err := sleep(waitCtx, fullPause); err != nil {
				return "", givenBack(ctx, err)
			}
			continue
		}
		a.pace().Give(slot)
		if err != nil || d.out.Decision != ratelimit.Wait {
			return a.turnedAway(d.out, err)
		}
	}
	return a.turnedAway(ratelimit.Answer{Decision: ratelimit.Again}, nil)
}

// prepare sees to it that a connection stands. One that could not be made is the
// attempt's outcome: it is not tried again for each slot that it was too late for.
func (a attempt) prepare(ctx context.Context, d *departure) {
	if d.line != nil && d.line.Stale(time.Now()) {
		d.line.Close() //nolint:errcheck // an idle line has nothing to lose
		d.line = nil
	}
	if d.line == nil && d.dialErr == nil {
		d.line, d.dialErr = a.order.vendor.Ready(ctx)
	}
}

// prepared tells the pacer how early the next ones have to be called.
func (a attempt) prepared(d *departure) {
	if d.dialErr == nil {
		a.pace().Prepared(time.Since(d.called))
	}
}

// depart sends under the permit, at its slot, and settles.
func (a attempt) depart(own context.Context, d *departure) (record.State, error) {
	at := d.leaves(time.Now())
	if d.dialErr != nil {
		return a.settle(own, unsentOutcome(d.dialErr))
	}
	if a.order.still != nil {
		why, err := a.order.still(own)
		if err != nil {
			return a.settle(own, unsentOutcome(err))
		}
		if why != "" {
			return a.settle(own, providers.Outcome{Class: providers.ClassOK, Placed: providers.PlacedNo, Unsent: true, VendorText: why})
		}
	}
	a.prepared(d)
	if err := sleep(own, time.Until(at)); err != nil {
		return a.settle(own, unsentOutcome(err))
	}
	if a.prepare(own, d); d.dialErr != nil {
		return a.settle(own, unsentOutcome(d.dialErr))
	}
	return a.settle(own, a.send(own, d.line, d.asked, d.out.Left))
}

// leaves is when the request leaves, with the answer just come. Redis told how long
// it is to the slot at some time from question to answer: counted from the answer,
// the slot has surely come, but the permit may be over by then.
func (d *departure) leaves(answered time.Time) time.Time {
	earliest, surely := d.asked.Add(d.out.Wait), answered.Add(d.out.Wait)
	at := d.asked.Add(d.out.Left - sendTime)
	if at.Before(earliest) {
		at = earliest
	}
	if at.After(surely) {
		at = surely
	}
	return at
}

func (a attempt) pace() *ratelimit.Pacer {
	if a.order.anytime {
		return a.lane.FreePace
	}
	return a.lane.Pace
}
