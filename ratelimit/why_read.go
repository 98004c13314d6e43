package ratelimit

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/callpacer/callpacer/internal/record"
)

// said is a rule's word as the script tells it; times are Unix milliseconds.
type said struct {
	Rule, Detail string
	Passes       bool
	Count        float64
	Limit        float64
	Till, Closes float64
	Number       float64
	Quota        float64 // 1 for the first of the rules' quotas; 0: none
}

func (w *Why) read(answer string, quotas []PerNumber) error {
	var told struct {
		State, Reason     string
		Earliest, Expires float64
		Rules             []said
		Held              string
		HeldUntil         float64 `json:"held_until"`
		Due, Last, Sent   float64
		Again             bool
	}
	if err := json.Unmarshal([]byte(answer), &told); err != nil {
		return fmt.Errorf("why: %w", err)
	}
	w.State, w.Binding, w.HeldFor, w.Repeats = record.State(told.State), told.Reason, told.Held, told.Again
	for _, at := range []struct {
		to *time.Time
		ms float64
	}{
		{&w.Earliest, told.Earliest}, {&w.Expires, told.Expires}, {&w.HeldUntil, told.HeldUntil},
		{&w.Due, told.Due}, {&w.Last, told.Last}, {&w.SendBefore, told.Sent},
	} {
		*at.to = momentOf(at.ms)
	}
	for _, s := range told.Rules {
		r := RuleOf{
			Rule: s.Rule, Passes: s.Passes, Count: int(s.Count), Limit: s.Limit, Detail: s.Detail,
			Closes: momentOf(s.Closes), Number: int(s.Number),
		}
		if !s.Passes || s.Rule == ruleExpires {
			r.Until = momentOf(s.Till)
		}
		if n := int(s.Quota); n > 0 {
			if n > len(quotas) {
				return fmt.Errorf("why: the script told of quota %d of %d", n, len(quotas))
			}
			r.Quota = &quotas[n-1]
		}
		w.Rules = append(w.Rules, r)
	}
	slices.SortStableFunc(w.Rules, func(a, b RuleOf) int { return cmp.Compare(place(a.Rule), place(b.Rule)) })
	return nil
}

// momentOf is zero for none.
func momentOf(ms float64) time.Time {
	if ms <= 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(ms))
}

const (
	ruleExpires = "expires"
	ownWait     = "" // any wait of the job itself: retry, line_busy, binding, …
)

// ruleOrder is how rules are listed: from the job to the lane. Names that are not
// here are the job's own wait.
var ruleOrder = []string{
	"not_before", ownWait, "suppression", "window", "per_number", "one_at_a_time", "lockout", "rate", "query_rate",
	"max_in_flight", "daily_cap", "breaker", "halt", "vendor_window", "vendor_frequency", GateOperator, "clock", ruleExpires,
}

func place(rule string) int {
	name, _, _ := strings.Cut(rule, "/")
	if i := slices.Index(ruleOrder, name); i >= 0 {
		return i
	}
	return slices.Index(ruleOrder, ownWait)
}
