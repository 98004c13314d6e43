package record

import (
	"context"
	_ "embed"
	"fmt"
	"strings"
	"time"
)

//go:embed lua/settle.lua
var settleBody string

var settleScript = NewScript("settle", settleBody)

// Result is what an attempt came to.
type Result string

// The results.
const (
	ResultAccepted Result = "accepted" // the vendor took it
	ResultBound    Result = "bound"    // the binding stands
	ResultDone     Result = "done"     // it took effect, and that was all
	ResultAgain    Result = "again"    // nothing was placed; it may be sent again
	ResultFailed   Result = "failed"   // nothing was placed, nothing will be
	ResultInDoubt  Result = "in_doubt" // it may have been placed
)

// Settlement tells a record what its attempt came to.
type Settlement struct {
	Attempt    int
	Token      string
	Result     Result
	Sent       bool   // a byte left, or may have left
	Code, Text string // the vendor's words
	Detail     string // ours, for the timeline

	VendorID, VendorTask string        // accepted, bound
	X                    string        // accepted: the middle number, in clear: the caller may have to dial it
	PollIn               time.Duration // accepted; 0: no poll
	GiveUpIn             time.Duration // accepted
	AwaitIn              time.Duration // accepted: how long the caller has to dial the middle number; 0: the vendor dials

	RetryIn     time.Duration // again
	Reason      string        // again: the hold's reason
	Counted     bool          // again: counts towards MaxAttempts
	MaxAttempts int           // again
	Cause       string        // failed; again, where the attempts are used up
	Maybe       bool          // failed: somebody's phone may have rung all the same

	Repeat     bool          // in doubt: the very same request goes out again, after RepeatIn
	RepeatIn   time.Duration // in doubt
	MaxRepeats int           // in doubt: after so many answers like this it ends unknown; 0: no such bound

	// OtherX is the next request's id where the job may try another middle number, which
	// it chooses then; empty: it stays with its own.
	OtherX string
	// RefusesX: that number is not chosen for this job again.
	RefusesX bool

	KeepCharge bool          // again, failed: the vendor counted it all the same
	LockFor    time.Duration // again, failed: nothing dials the number for so long
	Masks      string        // of the numbers, for people, with commas between
	Lane       *LaneNews     // nil: says nothing of the lane
}

// Health is what an answer says of the vendor, for the breaker.
type Health string

// The three ways.
const (
	HealthNone   Health = ""
	HealthOK     Health = "ok"
	HealthFailed Health = "failed"
)

// LaneNews is what an attempt's result says of its whole lane.
type LaneNews struct {
	Health  Health
	Breaker Breaker
	Gate    string        // the reason for which the lane shuts; empty: it does not
	GateFor time.Duration // 0: until somebody opens it. For GateFrequency the first of a growing row
	Detail  string        // for people
}

// Breaker shuts a lane after failures in a row. The zero Breaker never does.
type Breaker struct {
	After         int
	Open, MaxOpen time.Duration
}

// The reasons for which an answer shuts a lane.
const (
	GateHalt      = "halt"
	GateWindow    = "vendor_window"
	GateFrequency = "vendor_frequency"
)

func (n *LaneNews) arguments() map[string]any {
	return map[string]any{
		"health": n.Health, "gate": n.Gate, "gate_for": n.GateFor.Milliseconds(), "detail": n.Detail,
		"after": n.Breaker.After, "open": n.Breaker.Open.Milliseconds(), "max_open": n.Breaker.MaxOpen.Milliseconds(),
	}
}

// Settled is what a record made of it.
type Settled struct {
	State State
	// Until is when the job may run again, where the owner of this run must put
	// it back on its queue; zero where it must not.
	Until time.Time
	Stale bool // another attempt owns the record; nothing changed
}

// Settle records an attempt's result. Repeating it changes nothing.
func (s *Store) Settle(ctx context.Context, id string, numbers []string, t Settlement) (Settled, error) {
	names := Names{VendorID: t.VendorID}
	args := map[string]any{
		"attempt": t.Attempt, "token": t.Token, "result": t.Result, "sent": t.Sent, "code": t.Code, "text": t.Text, "detail": t.Detail,
		"vendor_id": t.VendorID, "vendor_task": t.VendorTask,
		"x": t.X, "await_in": t.AwaitIn.Milliseconds(), "maybe": t.Maybe, "repeat_in": t.repeatIn(), "max_repeats": t.MaxRepeats,
		"poll_in": t.PollIn.Milliseconds(), "give_up_in": t.GiveUpIn.Milliseconds(),
		"retry_in": t.RetryIn.Milliseconds(), "reason": t.Reason, "counted": t.Counted, "max_attempts": t.MaxAttempts,
		"cause": t.Cause, "keep_charge": t.KeepCharge, "lock_for": t.LockFor.Milliseconds(),
		"masks": strings.Split(t.Masks, ","), "other_x": t.OtherX, "refuses_x": t.RefusesX,
	}
	if t.Lane != nil {
		args["lane"] = t.Lane.arguments()
	}
	answer, err := s.runNamed(ctx, settleScript, id, numbers, names, args)
	if err != nil {
		return Settled{}, err
	}
	out := Settled{State: State(at(answer, 1))}
	switch at(answer, 0) {
	case "settled":
		if out.State == Held {
			if out.Until, err = Millis(answer, 2); err != nil {
				return Settled{}, fmt.Errorf("settle: %w", err)
			}
		}
	case "outbox":
	case "stale", "missing":
		out.Stale = true
	default:
		return Settled{}, fmt.Errorf("settle: unexpected answer %q", answer)
	}
	return out, nil
}

// repeatIn is a repeat's delay as the script wants it.
func (t Settlement) repeatIn() int64 {
	if !t.Repeat {
		return -1
	}
	return t.RepeatIn.Milliseconds()
}
