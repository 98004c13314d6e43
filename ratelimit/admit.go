package ratelimit

import (
	"context"
	_ "embed"
	"fmt"
	"strconv"
	"time"

	"github.com/callpacer/callpacer/internal/record"
)

//go:embed admit.lua
var admitBody string

var admitScript = record.NewScript("admit", admitBody)

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
}

// Decision is Admit's answer.
type Decision string

// The decisions.
const (
	Go      Decision = "go"      // charged and written down: send now, within Left
	Ready   Decision = "ready"   // nothing stands in the way
	Hold    Decision = "hold"    // not before Until, because of Reason
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
	Until    time.Time     // hold, busy
	Reason   string        // hold
	Left     time.Duration // go: of the permit; negative when it is over
	State    record.State  // over
}

// Admission asks for permits under one account's rules.
type Admission struct {
	store *record.Store
	rules Rules
	now   func() time.Time // a guess at Redis's time; a wrong one costs one more question
}

const (
	permitFor = 5 * time.Second
	// ownerGrace is how long after its deadline a request may take to be settled
	// before the attempt counts as in doubt.
	ownerGrace = 30 * time.Second
)

// NewAdmission returns the door of one account. now is the process's clock.
func NewAdmission(store *record.Store, rules Rules, now func() time.Time) *Admission {
	return &Admission{store: store, rules: rules, now: now}
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
	n := a.rules.numbersAt(guess)
	phase := "ask"
	if r.Go {
		phase = "go"
	}
	limits, spans := n.limits, n.spans
	if limits == nil {
		limits = []map[string]any{}
	}
	if spans == nil {
		spans = []span{}
	}
	oneAtATime := a.rules.OneAtATime
	if r.Free {
		limits, oneAtATime = []map[string]any{}, true
	}
	if r.Anytime {
		spans = []span{}
	}
	return map[string]any{
		"free": r.Free, "repeatable": r.Repeatable, "keeps": r.Keeps,
		"attempt": r.Attempt, "token": r.Token, "phase": phase, "waited": r.Waited,
		"valid_from": n.from, "valid_until": n.until, "always": n.always || r.Anytime, "spans": spans,
		"limits": limits, "keep": n.keep, "number_ttl": n.ttl, "one_at_a_time": oneAtATime,
		"permit": permitFor.Milliseconds(), "timeout": r.Timeout.Milliseconds(),
		"grace": ownerGrace.Milliseconds(), "doubt": r.Doubt.Milliseconds(),
	}
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
	case Hold:
		out.Reason = answer[len(answer)-1]
		out.Until, err = record.Millis(answer, 2)
	case Busy:
		out.Until, err = record.Millis(answer, 2)
	case Over:
		out.State = record.State(answer[2])
	case Go:
		var left int64
		left, err = strconv.ParseInt(answer[2], 10, 64)
		out.Left = time.Duration(left) * time.Millisecond
	case Ready, Wait, Stale, Missing, "recompute":
	default:
		return Answer{}, fmt.Errorf("unexpected answer %q", answer)
	}
	return out, err
}
