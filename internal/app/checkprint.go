package app

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// WriteJSON writes one object a line: the findings, then the lanes.
func (r *Report) WriteJSON(w io.Writer) error {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	for _, f := range r.Findings {
		if err := out.Encode(f); err != nil {
			return fmt.Errorf("write the report: %w", err)
		}
	}
	for _, l := range r.Lanes {
		if err := out.Encode(l); err != nil {
			return fmt.Errorf("write the report: %w", err)
		}
	}
	return nil
}

// WriteText writes the report for people: a line for each finding, one for each
// lane, and how it stands.
func (r *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "%-4s  %s: %s\n", f.Level, f.Check, f.Message)
	}
	for _, l := range r.Lanes {
		fmt.Fprintf(&b, "lane  %s\n", l.line())
	}
	fmt.Fprintf(&b, "failed: %d, warnings: %d\n", r.Count(LevelFail), r.Count(LevelWarn))
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

func (l *LaneReport) line() string {
	kinds := "serves " + strings.Join(l.Kinds, ", ")
	if len(l.Kinds) == 0 {
		kinds = "serves nothing"
	}
	if l.Refused != "" {
		kinds += " (" + l.Refused + ")"
	}
	one := "on"
	if !l.OneAtATime {
		one = none
	}
	dailyCap := l.DailyCap
	if dailyCap == none {
		dailyCap += " (no fuse against cost)"
	}
	return strings.Join([]string{
		l.Lane, l.Vendor, "group " + l.Group, kinds, "rate " + l.Rate, "query_rate " + l.QueryRate, "window " + l.Window,
		"per_number " + l.PerNumber, "one_at_a_time " + one, "lockout " + l.Lockout, "max_in_flight " + l.MaxInFlight,
		"daily_cap " + dailyCap, "pool " + l.Pool, "probe " + l.Probe, "redial " + l.Redial,
	}, "; ")
}
