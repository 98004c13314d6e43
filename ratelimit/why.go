package ratelimit

import (
	"context"
	_ "embed"
	"encoding/json"
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
	Count  int           // what the rule counted; meaningless where Limit is 0
	Limit  float64       // 0: the rule counts nothing
	Width  time.Duration // of a rolling span; 0: none
	Until  time.Time     // when it passes; zero: it does now, or nobody knows when
	Detail string
}

// Why is what stands between a waiting job and its vendor.
type Why struct {
	State    record.State
	Now      time.Time
	Earliest time.Time // zero: nobody knows
	Binding  string    // the rule that says so; empty: nothing stands in the way
	Rules    []RuleOf
}

// Why says what Admit would decide, and why, without deciding it. ok is false
// where there is no record.
func (a *Admission) Why(ctx context.Context, r Request) (w Why, ok bool, err error) {
	guess := a.now()
	for range 3 {
		args := a.arguments(r, guess)
		args["explain"] = true
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
			return w, true, w.read(answer[1])
		}
		guess = w.Now
	}
	return Why{}, false, fmt.Errorf("why: the rules' numbers do not fit the time they were made for")
}

func (w *Why) read(answer string) error {
	var found struct {
		State    record.State
		Reason   string
		Earliest float64
		Rules    []struct {
			Rule, Detail       string
			Passes             bool
			Count, Till, Width float64
			Limit              float64
		}
	}
	if err := json.Unmarshal([]byte(answer), &found); err != nil {
		return fmt.Errorf("why: %w", err)
	}
	w.State, w.Binding = found.State, found.Reason
	if found.Earliest > 0 {
		w.Earliest = time.UnixMilli(int64(found.Earliest))
	}
	for _, f := range found.Rules {
		r := RuleOf{
			Rule: f.Rule, Passes: f.Passes, Count: int(f.Count), Limit: f.Limit, Detail: f.Detail,
			Width: time.Duration(f.Width) * time.Millisecond,
		}
		if !f.Passes && f.Till > 0 {
			r.Until = time.UnixMilli(int64(f.Till))
		}
		w.Rules = append(w.Rules, r)
	}
	return nil
}
