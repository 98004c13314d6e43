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
	asked   time.Time // when the answered question was put
}

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
		called := time.Now()
		a.prepare(waitCtx, &d)
		a.pace().Prepared(time.Since(called))
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
		if err != nil || d.out.Decision != ratelimit.Again && d.out.Decision != ratelimit.Wait {
			a.pace().Give(slot)
			return a.turnedAway(d.out, err)
		}
		if d.out.Decision == ratelimit.Wait {
			a.pace().Give(slot)
		}
	}
	return a.turnedAway(ratelimit.Answer{Decision: ratelimit.Again}, nil)
}

// prepare sees to it that a connection stands.
func (a attempt) prepare(ctx context.Context, d *departure) {
	if d.line != nil && d.line.Stale(time.Now()) {
		d.line.Close() //nolint:errcheck // an idle line has nothing to lose
		d.line = nil
	}
	if d.line == nil {
		d.line, d.dialErr = a.order.vendor.Ready(ctx)
	}
}

// depart sends under the permit, at its slot, and settles.
func (a attempt) depart(own context.Context, d *departure) (record.State, error) {
	// Redis told how long it is to the slot somewhere between question and answer.
	answered := time.Since(d.asked)
	if err := sleep(own, d.out.Wait-answered/2); err != nil {
		return a.settle(own, unsentOutcome(err))
	}
	if a.prepare(own, d); d.dialErr != nil {
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
	return a.settle(own, a.send(own, d.line, d.asked, d.out.Left))
}

func (a attempt) pace() *ratelimit.Pacer {
	if a.order.anytime {
		return a.lane.FreePace
	}
	return a.lane.Pace
}
