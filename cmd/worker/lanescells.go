package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/callpacer/callpacer/internal/app"
)

func inFlight(l app.LaneStatus) string {
	if l.MaxInFlight == nil {
		return some(l.InFlight)
	}
	return fmt.Sprintf("%d/%d", l.InFlight, *l.MaxInFlight)
}

func rate(r app.LaneRate) string {
	used := strconv.FormatFloat(r.Used, 'f', -1, 64)
	if r.Limit == nil {
		return used + "/off"
	}
	return fmt.Sprintf("%s/%g", used, *r.Limit)
}

func some(n int) string {
	if n == 0 {
		return "-"
	}
	return strconv.Itoa(n)
}

func heldTotal(held map[string]int) string {
	if len(held) == 1 {
		return heldBy(held)
	}
	total := 0
	for _, n := range held {
		total += n
	}
	return some(total)
}

func heldBy(held map[string]int) string {
	var out []string
	for _, reason := range slices.Sorted(maps.Keys(held)) {
		out = append(out, fmt.Sprintf("%s %d", reason, held[reason]))
	}
	return strings.Join(out, ", ")
}

// probe says how the vendor told that the account stands.
func (t laneTable) probe(p app.LaneProbe) string {
	var told []string
	if p.Low {
		told = append(told, "low")
	}
	if p.State != "" {
		told = append(told, noteOf(p.State))
	}
	if p.Balance != "" {
		told = append(told, balance(p))
	}
	if p.At != nil {
		told = append(told, roughly(t.now.Sub(*p.At))+" ago")
	}
	words := strings.Join(told, ", ")
	switch {
	case p.Why == "":
		return "probe: " + words
	case words == "":
		return "probe failed" + behind(noteOf(p.Why))
	}
	return "probe failed" + behind(noteOf(p.Why)) + "; before that " + words
}

func balance(p app.LaneProbe) string {
	words := strings.TrimSpace("balance " + p.Balance + " " + noteOf(p.Currency))
	if p.Overdraft != "" {
		words += " (overdraft " + p.Overdraft + ")"
	}
	return words
}
