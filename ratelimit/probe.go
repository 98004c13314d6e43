package ratelimit

import (
	"context"
	_ "embed"
	"fmt"
	"strings"
	"time"

	"github.com/callpacer/callpacer/internal/record"
)

var (
	//go:embed lua/probe_plan.lua
	probePlanPart string
	//go:embed lua/probed.lua
	probedPart string

	probePlanScript = record.NewScript("plan a probe", probePlanPart)
	probedScript    = record.NewScript("keep what a probe told", probedPart)
)

// Probed is how an account stood when its vendor was asked last.
type Probed struct {
	At                           time.Time // by the group's clock; zero: it was never told
	State                        string    // trial, active, suspended, closed; empty: not told
	Balance, Overdraft, Currency string    // decimal; empty: not told
	Why                          string    // the last question brought no answer, for this reason; empty: it did
	Low                          bool      // it was warned of, and there is not more since
}

// ProbeNews is what a probe came to.
type ProbeNews struct {
	Seq    int           // of the planned probe; 0: somebody asked beside the plan
	NextIn time.Duration // until the next planned one
	Rest   time.Duration // the vendor wants no planned one before, whoever plans it; 24 h count at most
	Asked  time.Time     // when the question was put, by the group's clock at the latest
	Told   bool          // else only Why counts
	Probed
	Good bool   // it opens a halt that stood when the question was put
	Bad  string // not empty: nothing more may go out, for this reason
	Low  *bool  // too little is left; nil: not told
}

// ProbeChange is what a probe changed.
type ProbeChange struct{ Opened, Shut, Low, Stale bool }

// PlanProbe has one worker of the fleet ask every span how the account stands; 0: none
// does any more. What was planned for earlier stays, and nothing is planned within the
// rest that the vendor asked for.
func (l *Lane) PlanProbe(ctx context.Context, every time.Duration) error {
	_, err := l.store.RunGroup(ctx, probePlanScript, l.Group, map[string]any{
		"account": l.Account, "member": record.ProbeID(l.Group, l.Account), "every": every.Milliseconds(),
	})
	return err
}

// Probed keeps what a probe told, plans the next one, and shuts or opens the lane.
func (l *Lane) Probed(ctx context.Context, n ProbeNews) (ProbeChange, error) {
	args := map[string]any{
		"account": l.Account, "member": record.ProbeID(l.Group, l.Account), "seq": n.Seq, "next_in": n.NextIn.Milliseconds(),
		"rest":  n.Rest.Milliseconds(),
		"asked": n.Asked.UnixMilli(), "told": n.Told, "state": n.State, "balance": n.Balance, "overdraft": n.Overdraft,
		"currency": n.Currency, "why": n.Why, "good": n.Good, "bad": n.Bad,
	}
	if n.Low != nil {
		args["low"] = *n.Low
	}
	answer, err := l.store.RunGroup(ctx, probedScript, l.Group, args)
	if err != nil {
		return ProbeChange{}, err
	}
	if len(answer) < 1 || answer[0] != "kept" && answer[0] != "stale" {
		return ProbeChange{}, fmt.Errorf("keep what a probe told: unexpected answer %q", answer)
	}
	c := ProbeChange{Stale: answer[0] == "stale"}
	for _, what := range strings.Fields(strings.Join(answer[1:], " ")) {
		switch what {
		case "opened":
			c.Opened = true
		case "shut":
			c.Shut = true
		case "low":
			c.Low = true
		}
	}
	return c, nil
}

// probedOf reads a lane's hash; nil: nobody ever asked.
func probedOf(hash map[string]string) *Probed {
	if hash["probe_at"] == "" && hash["probe_why"] == "" {
		return nil
	}
	return &Probed{
		At: momentOf(float64(number(hash["probe_at"]))), State: hash["probe_state"], Balance: hash["probe_balance"],
		Overdraft: hash["probe_overdraft"], Currency: hash["probe_currency"], Why: hash["probe_why"], Low: hash["probe_low"] != "",
	}
}
