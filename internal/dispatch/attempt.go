package dispatch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/ratelimit"
)

// attempt is one handler's try at a job.
type attempt struct {
	lane  *Lane
	rec   *record.Record
	order order
	n     int
	token string
	drain *drain
}

const (
	flightPoll = 100 * time.Millisecond // a number in flight is asked after so often
	flightWait = 2 * time.Second        // and for so long
)

// request is what Admit is asked for.
func (a attempt) request() ratelimit.Request {
	return ratelimit.Request{
		JobID: a.rec.ID, Numbers: a.numbers(), Attempt: a.n, Token: a.token,
		Timeout: a.lane.Timeout, Doubt: a.lane.InDoubtFor, LineFor: a.order.lineFor, Suppress: a.suppressedBy(),
		Redial: a.redial(),
		Free:   a.order.free, Anytime: a.order.anytime, Repeatable: a.order.repeatable, Keeps: a.order.keeps,
	}
}

// redial is when a call is to be made again; nil: this is none.
func (a attempt) redial() *ratelimit.Redial {
	if a.order.result != record.ResultAccepted {
		return nil
	}
	return a.lane.Redial
}

// ask asks whether anything stands in the way, waiting a moment for another call
// to the same number to end. Only some handlers of the lane wait so: the jobs of one
// number must not keep those of all others from their turn.
func (a attempt) ask(ctx context.Context) (ratelimit.Answer, error) {
	r := a.request()
	waits := false
	defer func() {
		if waits {
			a.lane.waiting.Add(-1)
		}
	}()
	for waited := time.Duration(0); ; waited += flightPoll {
		r.Waited = waited >= flightWait
		out, err := a.lane.Admission.Admit(ctx, r)
		if err != nil || out.Decision != ratelimit.Wait {
			return out, err
		}
		if !waits {
			if waits = true; int(a.lane.waiting.Add(1)) > max(1, a.lane.Concurrency/4) {
				waited = flightWait - flightPoll // it is held at once
				continue
			}
		}
		if err := sleep(ctx, flightPoll); err != nil {
			return ratelimit.Answer{}, err
		}
	}
}

// persistFor is how long a handler that may hold a permit asks on, and how long
// a settlement is tried, while Redis does not answer.
const persistFor = 2 * time.Minute

// take asks for the permit. An answer that got lost may have been a go, so the
// same token asks on; asked is when the answered question was put, for the
// permit runs from before that.
func (a attempt) take(ctx context.Context, slot ratelimit.Slot) (out ratelimit.Answer, asked time.Time, err error) {
	r := a.request()
	r.Go, r.Slot = true, slot.ID
	err = persist(ctx, func(ctx context.Context) error {
		asked = time.Now()
		out, err = a.lane.Admission.Admit(ctx, r)
		return err
	})
	if err != nil {
		// Perhaps it was granted: then it is settled as never sent.
		_, unsettled := a.settle(ctx, unsentOutcome(&providers.TransportError{Stage: providers.StageRefused, Reason: permitOver}))
		return ratelimit.Answer{}, asked, errors.Join(err, unsettled)
	}
	return out, asked, nil
}

// numbers are the lookup keys of the numbers that the attempt takes.
func (a attempt) numbers() []string {
	if a.order.numbers != nil {
		return a.order.numbers
	}
	return a.rec.Numbers
}

// suppressedBy are the keys that would stop it on the suppression list.
func (a attempt) suppressedBy() []string {
	keys := make([]string, 0, len(a.order.people))
	for _, p := range a.order.people {
		keys = append(keys, p.Key)
	}
	return keys
}

// send makes the request under the permit.
func (a attempt) send(ctx context.Context, line providers.Line, asked time.Time, left time.Duration) providers.Outcome {
	until := asked.Add(left)
	ctx, cancel := context.WithTimeout(ctx, a.lane.Timeout+left)
	defer cancel()
	return a.order.send(ctx, line, providers.Permit{Until: until, Wall: until.UnixMilli()}, a.n)
}

// settle tells the record what the attempt came to, and the queue what to do.
func (a attempt) settle(ctx context.Context, o providers.Outcome) (record.State, error) {
	s := a.lane.settlement(a, o)
	log := a.lane.Log.WithField("job", a.rec.ID).WithField("attempt", a.n)
	var settled record.Settled
	spooled := false
	err := persist(ctx, func(ctx context.Context) (err error) {
		if settled, err = a.tell(ctx, o, s); err == nil || spooled {
			return err
		}
		// From here on it outlives this process, too.
		spooled = true
		if failed := a.spool(ctx, o); failed != nil {
			log.WithError(failed).Error("Redis is away, and the attempt's result could not be written down; it is told as long as this process lives")
		}
		return err
	})
	a.lane.watchClock(time.Now())
	if err != nil {
		log.WithError(err).Error("the attempt's result could not be recorded in time; until it is, the job is in_doubt")
		return "", fmt.Errorf("settle attempt %d: %w", a.n, err)
	}
	log.WithField("outcome", o.Class).WithField("vendor_code", o.VendorCode).
		WithField("vendor_text", o.VendorText).Infof("attempt ended, the job is %s", settled.State)
	if settled.State == record.Held && !settled.Until.IsZero() {
		return settled.State, &Later{At: time.Now().Add(s.RetryIn), Reason: s.Reason}
	}
	return settled.State, nil
}

// settlement is what the record is told of an attempt's outcome.
func (l *Lane) settlement(a attempt, o providers.Outcome) record.Settlement {
	s := l.settlementOf(o, a.rec, a.order.result)
	s.Attempt, s.Token, s.Masks = a.n, a.token, masksOf(a.rec)
	s.Lane = l.newsOf(o)
	if s.Lane != nil && s.Lane.Gate != "" && !a.order.anytime && s.Result == record.ResultAgain {
		s.RetryIn = gateRetry // it waits behind the gate
	}
	return s
}

// tell tells Redis everything that an attempt came to. Repeating it changes nothing.
func (a attempt) tell(ctx context.Context, o providers.Outcome, s record.Settlement) (record.Settled, error) {
	if what := a.order.released(); what.bind != "" && o.Class == providers.ClassOK {
		if err := a.lane.released(ctx, what, a.rec.ID); err != nil {
			return record.Settled{}, err
		}
	}
	if err := a.lane.suppress(ctx, a.order.people, o); err != nil {
		return record.Settled{}, err
	}
	settled, err := a.lane.Store.Settle(ctx, a.rec.ID, a.numbers(), s)
	if s.Lane != nil && a.lane.Gated != nil {
		a.lane.Gated()
	}
	return settled, err
}

// turnedAway is the end of a run that was not let through.
func (a attempt) turnedAway(out ratelimit.Answer, err error) (record.State, error) {
	if err != nil {
		if a.drain.draining() {
			return "", shuttingDown()
		}
		return "", fmt.Errorf("admit job %s: %w", a.rec.ID, err)
	}
	switch out.Decision {
	case ratelimit.Hold, ratelimit.Busy:
		reason := out.Reason
		if out.Decision == ratelimit.Busy {
			reason = "another worker is sending it"
		}
		// Both times are Redis's; only their difference means something here.
		return record.Held, &Later{At: time.Now().Add(out.Until.Sub(out.Now)), Reason: reason}
	case ratelimit.Shut:
		if a.lane.Gated != nil {
			a.lane.Gated() // else the next job of the queue meets it, too
		}
		return record.Queued, &Later{At: time.Now().Add(gateRetry), Reason: "the lane is shut: " + out.Reason}
	case ratelimit.Stale:
		return "", &Later{At: time.Now(), Reason: "another run was faster"}
	case ratelimit.Again, ratelimit.Wait:
		return "", &Later{At: time.Now().Add(gateRetry), Reason: "no slot could be met"}
	case ratelimit.Go, ratelimit.Ready, ratelimit.Over, ratelimit.Missing:
	}
	return out.State, nil
}

// unsentOutcome is the outcome of an attempt whose connection never stood.
func unsentOutcome(err error) providers.Outcome {
	var t *providers.TransportError
	if !errors.As(err, &t) {
		t = &providers.TransportError{Stage: providers.StageDial, Reason: "network"}
	}
	t.Written = false
	return providers.ActingTransport(t)
}
