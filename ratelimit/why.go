package ratelimit

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/callpacer/callpacer/internal/record"
)

//go:embed lua/why.lua
var whyPart string

var whyScript = record.NewScript("say why", gatesPart+judgePart+whyPart)

// RuleOf is what one rule says of a job.
type RuleOf struct {
	Rule   string
	Passes bool
	Count  int     // what the rule counted; meaningless where Limit is 0
	Limit  float64 // 0: the rule counts nothing
	// Until: when it passes; of a call in flight, lines and a trial at the latest.
	// Zero: it does now, or nobody knows when. Of "expires": the job's end.
	Until  time.Time
	Closes time.Time // of an open window; else zero
	Detail string
	Number int        // 1 for the first of the request's numbers; 0: it is not about one
	Quota  *PerNumber // of "per_number"
}

// Why is what stands between a waiting job and its vendor, or what any other job
// waits for.
type Why struct {
	State    record.State
	Now      time.Time // Redis's
	Earliest time.Time // when it may go; zero: nobody knows
	// Binding is the rule that says so: of several the one that ends last, and one
	// without a known end before all others. Empty: nothing stands in the way.
	Binding   string
	Rules     []RuleOf // empty: it is not waiting
	Expires   time.Time
	HeldFor   string    // the reason in its record; empty: it is not held
	HeldUntil time.Time // until then its task does not come back, whatever the rules say

	Due        time.Time // not waiting: when it is looked at again; zero: not at all
	Last       time.Time // not waiting: when that ends at the latest; zero: not known
	SendBefore time.Time // not waiting: the end of its last permit
	Repeats    bool      // in doubt: at Due the same request goes out again
}

// explained is the rate as why.lua asks about it; tat is its field of the lane's hash.
func (r Rate) explained(name, tat string) map[string]any {
	return map[string]any{
		"paced": r.PerSecond > 0, "rate_name": name, "tat": tat, "step": r.step().Microseconds(),
		"burst": r.Burst, "per_second": r.PerSecond, "horizon": leaseAhead.Microseconds(),
	}
}

// Why says what Admit would decide now, and why, without deciding it: nothing is
// written, but that the group's clock goes on as with every script. Until, Earliest
// and Now are Redis's time. p is the rate that the job goes by. Of a request only
// JobID, Numbers, Free, Anytime, LineFor and Suppress count. ok is false where there
// is no record.
func (a *Admission) Why(ctx context.Context, r Request, p Pace) (w Why, ok bool, err error) {
	guess := a.now()
	for range 3 {
		args := a.arguments(r, guess)
		args["lockout"] = a.rules.Lockout.Milliseconds()
		rate := a.rules.Rate.explained("rate", "tat")
		if p == PaceQueries {
			rate = a.rules.QueryRate.explained("query_rate", "qtat")
		}
		for name, value := range rate {
			args[name] = value
		}
		answer, err := a.store.Run(ctx, whyScript, r.JobID, r.Numbers, args)
		if err != nil {
			return Why{}, false, err
		}
		if w.Now, err = record.Millis(answer, 0); err != nil {
			return Why{}, false, fmt.Errorf("why: %w", err)
		}
		if len(answer) == 1 {
			return Why{}, false, nil
		}
		if answer[1] != "recompute" {
			return w, true, w.read(answer[1], a.rules.PerNumber)
		}
		guess = w.Now
	}
	return Why{}, false, fmt.Errorf("why: the rules' numbers do not fit the time they were made for")
}
