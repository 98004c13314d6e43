package dispatch

import (
	"crypto/rand"
	"errors"
	"time"

	"github.com/hibiken/asynq"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/providers"
)

// Later gives a task back to its queue: not before At, by this process's clock.
// It is no failure and costs nothing.
type Later struct {
	At     time.Time
	Reason string
}

// Error implements error; asynq shows it in the monitoring page.
func (e *Later) Error() string { return "held: " + e.Reason }

// troubleDelay is when a run that failed without an answer (Redis away, a panic)
// is tried again; a lost lease needs none, for it took a minute already.
const troubleDelay = 2 * time.Second

// queueBehaviour is the one place that turns a handler's error into what asynq
// does: when the task runs again, and whether that counts as a failure.
func queueBehaviour(err error, now time.Time) (delay time.Duration, failure bool) {
	var later *Later
	switch {
	case errors.As(err, &later):
		// asynq cuts the time to whole seconds, so aim at the next one.
		at := later.At.Add(time.Second - time.Nanosecond).Truncate(time.Second)
		return max(at.Sub(now), 0), false
	case errors.Is(err, asynq.ErrLeaseExpired):
		return 0, false
	}
	return troubleDelay, true
}

// settlementOf is the table from a vendor's outcome to what the record is told:
// the result, the hold with its delay, whether it counts as one of
// retry.max_attempts, and what becomes of the charge. Only a proven "nothing
// was placed" gives a charge back, and never where the vendor named a limit.
func (l *Lane) settlementOf(o providers.Outcome, r *record.Record, accepted record.Result) record.Settlement {
	s := record.Settlement{
		Sent: !o.Unsent, Code: o.VendorCode, Text: o.VendorText,
		VendorID: o.VendorID, VendorTask: o.TaskNo, X: o.X,
		KeepCharge: o.Signal != providers.SignalNone && o.Signal != providers.SignalLineBusy, MaxAttempts: l.MaxAttempts,
		Cause: string(providers.CausePlatform),
	}
	if o.VendorCode == "" && o.VendorText != "" {
		// The transport's word, not the vendor's.
		s.Text, s.Detail = "", "the answer was lost: "+o.VendorText
		if o.Unsent {
			s.Detail = "not sent: " + o.VendorText
		}
	}
	if o.Signal == providers.SignalNumberLock {
		s.LockFor = l.Lockout // whatever else the answer means
	}
	switch {
	case o.Class == providers.ClassOK:
		s.Result, s.PollIn, s.GiveUpIn = accepted, l.pollFirst(), l.GiveUp
		if o.AwaitDial {
			s.AwaitIn = awaitDial
		}
	case o.Class == providers.ClassPermanent && o.Placed == providers.PlacedMaybe:
		// The line was dialled and failed: somebody's phone may have rung.
		s.Result, s.Cause, s.Maybe, s.KeepCharge = record.ResultFailed, string(o.Cause), true, true
	case o.Placed != providers.PlacedNo && o.VendorID != "" && accepted == record.ResultAccepted && l.pollFirst() > 0:
		// The call has a name, so the vendor can be asked what became of it.
		s.Result, s.PollIn, s.GiveUpIn = accepted, l.pollFirst(), l.GiveUp
	case o.Placed != providers.PlacedNo:
		s.Result = record.ResultInDoubt
		if o.Repeatable {
			s.Repeat, s.RepeatIn, s.MaxRepeats = true, max(pick(repeatBackoff, r.Repeats), o.RetryAfter), o.MaxTries
		}
	case o.OtherX && mayLeaveX(r):
		s.Result, s.Reason, s.RetryIn, s.Counted = record.ResultAgain, record.HoldRetry, otherXDelay, true
		s.OtherX, s.RefusesX, s.Cause = rand.Text(), true, string(o.Cause)
	case o.Class == providers.ClassPermanent, o.Signal == providers.SignalSuppressed:
		s.Result, s.Cause = record.ResultFailed, string(o.Cause)
		if o.Signal == providers.SignalSuppressed {
			s.Cause = string(providers.CauseSuppressed)
		}
	default:
		s.Result = record.ResultAgain
		s.Reason, s.RetryIn, s.Counted = l.retryOf(o, r)
		if o.MaxTries > 0 {
			s.MaxAttempts = min(s.MaxAttempts, o.MaxTries)
		}
		if o.Unsent {
			s.Cause = string(providers.CauseNetworkFailure)
		}
		if o.Class == providers.ClassHalted && mayLeaveX(r) {
			s.OtherX = rand.Text() // while the account is halted, others may have the number
		}
	}
	return s
}

// mayLeaveX says that a bind whose number was chosen here may get another one: no answer
// to a repeat, which speaks of its first request, is a reason for that.
func mayLeaveX(r *record.Record) bool {
	return r.Chosen && r.State != record.InDoubt && r.Repeats == 0
}

// repeatBackoff is when the very same request goes out again, where the vendor
// knows it by its id.
var repeatBackoff = []time.Duration{2 * time.Second, 5 * time.Second, 10 * time.Second, 30 * time.Second, time.Minute}

// awaitDial is how long a caller has to dial the middle number.
const awaitDial = 2 * time.Hour

// pollFirst is when a call is first asked after; 0: the vendor answers no queries.
func (l *Lane) pollFirst() time.Duration {
	if _, ok := l.Vendor.(providers.Poller); !ok {
		return 0
	}
	return l.PollFirst
}

// Delays for refusals whose vendor names none.
const (
	otherXDelay     = time.Second
	haltedDelay     = 5 * time.Minute
	lineBusyDelay   = time.Minute
	frequencyDelay  = 30 * time.Second
	windowDelay     = 10 * time.Minute
	permitOverDelay = time.Second
	permitOver      = "permit_over"
)

// retryOf says why and how long a job waits after a refusal that placed
// nothing, and whether the refusal counts.
func (l *Lane) retryOf(o providers.Outcome, r *record.Record) (reason string, in time.Duration, counted bool) {
	backoff := max(pick(l.RetryBackoff, r.Failures), o.RetryAfter)
	switch {
	case o.Unsent && o.VendorText == permitOver:
		return record.HoldRetry, permitOverDelay, false
	case o.Signal == providers.SignalNumberLock && l.Lockout > 0:
		return record.HoldLockout, l.Lockout, false
	case o.Signal == providers.SignalLineBusy:
		// Their own call is no failure of this job: it waits until they hang up.
		return record.HoldLineBusy, max(o.RetryAfter, lineBusyDelay), false
	case o.Signal == providers.SignalWindow:
		return record.HoldVendorWindow, max(o.RetryAfter, windowDelay), false
	case o.Signal == providers.SignalTooFrequent:
		// Where no gate holds it, each of its waits is twice the one before.
		return record.HoldVendorFrequency, max(o.RetryAfter, frequencyDelay<<min(r.Attempts, 6)), false
	case o.Class == providers.ClassHalted:
		return record.HoldHalted, max(o.RetryAfter, haltedDelay), false
	}
	return record.HoldRetry, backoff, true
}
