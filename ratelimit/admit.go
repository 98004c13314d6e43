package ratelimit

import (
	"context"
	_ "embed"
	"fmt"
	"strconv"
	"time"

	"github.com/callpacer/callpacer/internal/record"
)

// The parts of the admission's scripts, each using those before it.
var (
	//go:embed lua/gates.lua
	gatesPart string
	//go:embed lua/door.lua
	doorPart string
	//go:embed lua/judge.lua
	judgePart string
	//go:embed lua/admit.lua
	admitPart string
)

var admitScript = record.NewScript("admit", gatesPart+doorPart+judgePart+admitPart)

// Request asks for one attempt of a job.
type Request struct {
	JobID   string
	Numbers []string // lookup keys of the numbers under the rules
	Attempt int      // the number it would get: the record's last plus one
	Token   string   // chosen by this handler; the same token gets the same answer
	Go      bool     // take the permit; else only ask whether anything stands in the way
	Waited  bool     // a call in flight to the number was waited for long enough
	Timeout time.Duration
	Doubt   time.Duration // in_doubt_deadline of the account
	// Free: the rules per number do not count this job; its numbers are only
	// taken one at a time. Anytime: no window shuts it out.
	Free, Anytime bool
	Repeatable    bool // the vendor knows the request by an id: one in doubt may go out again
	// Keeps: while it is in doubt, no other free job takes its numbers.
	Keeps bool
	// Slot is the leased slot with which it goes, where the account has a rate.
	Slot string
	// LineFor: for how long after its last news the call uses a line at the most; 0:
	// it uses none.
	LineFor time.Duration
	// Redial is when the callee is to be called again, by how the call ends; nil: never.
	Redial *Redial
	// Suppress are the keys under which the numbers that it is about would be on the
	// suppression list.
	Suppress []string
}

// Decision is Admit's answer.
type Decision string

// The decisions.
const (
	Go      Decision = "go"      // charged and written down: send now, within Left
	Ready   Decision = "ready"   // nothing stands in the way
	Hold    Decision = "hold"    // not before Until, because of Reason
	Shut    Decision = "gate"    // the whole lane is shut, for Reason, until Until (zero: not known)
	Again   Decision = "again"   // not with this slot: get another one
	Wait    Decision = "wait"    // a call to this number is in flight; ask again soon
	Busy    Decision = "busy"    // another handler is sending it, until Until at most
	Over    Decision = "over"    // nothing is to be sent: State says why
	Stale   Decision = "stale"   // the record is at another attempt
	Missing Decision = "missing" // there is no record
)

// Answer is what Admit decided, with Redis's time of it.
type Answer struct {
	Decision Decision
	Now      time.Time
	Until    time.Time     // hold, gate, busy
	Reason   string        // hold, gate
	Left     time.Duration // go: of the permit; negative when it is over
	Wait     time.Duration // go: until the slot; nothing is sent before
	State    record.State  // over
}

// Admission asks for permits under one account's rules.
type Admission struct {
	store *record.Store
	rules Rules
	now   func() time.Time // a guess at Redis's time; a wrong one costs one more question
	// What other accounts of the group want kept of a number that they share.
	keep int
	ttl  int64
}

const (
	permitFor = 5 * time.Second
	// ownerGrace is how long after its deadline a request may take to be settled
	// before the attempt counts as in doubt.
	ownerGrace = 30 * time.Second
	// slotLate is how long after its slot a call may still go: late ones bunch.
	slotLate = 100 * time.Millisecond
)

// NewAdmission returns the door of one account. now is the process's clock.
func NewAdmission(store *record.Store, rules Rules, now func() time.Time) *Admission {
	return &Admission{store: store, rules: rules, now: now}
}

// Beside has the account keep as much of a number's history as the rules of other
// accounts of its group ask for: they count the same calls.
func (a *Admission) Beside(others ...Rules) *Admission {
	for _, r := range others {
		n := r.numbersAt(a.now())
		a.keep, a.ttl = max(a.keep, n.keep), max(a.ttl, n.ttl)
	}
	return a
}

// Admit is the only door to a vendor: one script that decides, charges and
// writes the intent. It asks twice where the process's clock is of another day
// than Redis's.
func (a *Admission) Admit(ctx context.Context, r Request) (Answer, error) {
	guess := a.now()
	for range 3 {
		answer, err := a.store.Run(ctx, admitScript, r.JobID, r.Numbers, a.arguments(r, guess))
		if err != nil {
			return Answer{}, err
		}
		out, err := parseAnswer(answer)
		if err != nil {
			return Answer{}, fmt.Errorf("admit: %w", err)
		}
		if out.Decision != "recompute" {
			return out, nil
		}
		guess = out.Now
	}
	return Answer{}, fmt.Errorf("admit: the rules' numbers do not fit the time they were made for")
}

func (a *Admission) arguments(r Request, guess time.Time) map[string]any {
	args := a.rules.arguments(guess, r.Anytime)
	args["keep"] = max(args["keep"].(int), a.keep)              //nolint:forcetypeassert // made one line above
	args["number_ttl"] = max(args["number_ttl"].(int64), a.ttl) //nolint:forcetypeassert // likewise
	phase := "ask"
	if r.Go {
		phase = "go"
	}
	if r.Free {
		args["limits"] = []map[string]any{}
	}
	for name, value := range map[string]any{
		"free": r.Free, "anytime": r.Anytime, "repeatable": r.Repeatable, "keeps": r.Keeps,
		"attempt": r.Attempt, "token": r.Token, "phase": phase, "waited": r.Waited,
		"paced": a.rules.Rate.PerSecond > 0, "slot": r.Slot, "late": slotLate.Milliseconds(),
		"line_for": r.LineFor.Milliseconds(), "suppress": append([]string{}, r.Suppress...),
		"one_at_a_time": a.rules.OneAtATime || r.Free,
		"permit":        permitFor.Milliseconds(), "timeout": r.Timeout.Milliseconds(),
		"grace": ownerGrace.Milliseconds(), "doubt": r.Doubt.Milliseconds(), "redial": r.Redial.policy(),
	} {
		args[name] = value
	}
	return args
}

func parseAnswer(answer []string) (Answer, error) {
	if len(answer) < 2 {
		return Answer{}, fmt.Errorf("unexpected answer %q", answer)
	}
	out := Answer{Decision: Decision(answer[0])}
	var err error
	if out.Now, err = record.Millis(answer, 1); err != nil {
		return Answer{}, err
	}
	switch out.Decision {
	case Hold, Shut:
		out.Reason = answer[len(answer)-1]
		if out.Until, err = record.Millis(answer, 2); out.Until.UnixMilli() == 0 {
			out.Until = time.Time{}
		}
	case Busy:
		out.Until, err = record.Millis(answer, 2)
	case Over:
		out.State = record.State(answer[2])
	case Go:
		if out.Left, err = millisOf(answer, 2); err == nil {
			out.Wait, err = millisOf(answer, 4)
		}
	case Ready, Again, Wait, Stale, Missing, "recompute":
	default:
		return Answer{}, fmt.Errorf("unexpected answer %q", answer)
	}
	return out, err
}

// millisOf reads the i-th answer of a script as a span of milliseconds.
func millisOf(answer []string, i int) (time.Duration, error) {
	if i >= len(answer) {
		return 0, fmt.Errorf("unexpected answer %q", answer)
	}
	n, err := strconv.ParseInt(answer[i], 10, 64)
	return time.Duration(n) * time.Millisecond, err
}
