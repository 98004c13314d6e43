package main

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/callpacer/callpacer/configs"
	"github.com/callpacer/callpacer/internal/app"
	"github.com/callpacer/callpacer/tasks"
)

// laneTable shows lanes to people at a time of Redis.
type laneTable struct {
	config *configs.Config
	now    time.Time
}

func (t laneTable) write(w io.Writer, all []app.LaneStatus) error {
	var rows bytes.Buffer
	table := tabwriter.NewWriter(&rows, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "LANE\tSTATE\tWHY\tUNTIL\tURGENT/NORMAL/BULK\tLATER\tIN-FLIGHT\tRATE\tHELD\tIN-DOUBT")
	for _, l := range all {
		why, until := t.last(l.Reasons)
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d/%d/%d\t%d\t%s\t%s\t%s\t%s\n", l.Account, l.State, why, until,
			l.Depth.Urgent, l.Depth.Normal, l.Depth.Bulk, l.Later, inFlight(l), rate(l.Rate), heldTotal(l.Held), some(l.InDoubt))
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print the lanes: %w", err)
	}
	// What is said below a lane must not widen the table's columns.
	lines := strings.Split(strings.TrimSuffix(rows.String(), "\n"), "\n")
	var out strings.Builder
	for i, line := range lines {
		out.WriteString(strings.TrimRight(line, " ") + "\n")
		if i > 0 {
			for _, below := range t.below(all[i-1]) {
				out.WriteString("  " + below + "\n")
			}
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// last is the reason that ends last, and when.
func (t laneTable) last(reasons []app.LaneReason) (why, until string) {
	if len(reasons) == 0 {
		return "-", "-"
	}
	last := reasons[0]
	for _, r := range reasons[1:] {
		// What shuts one queue does not tell about the lane.
		one, lastOne := strings.Contains(r.Reason, "/"), strings.Contains(last.Reason, "/")
		if one == lastOne && later(r.Until, last.Until) || !one && lastOne {
			last = r
		}
	}
	why = last.Reason
	if n := len(reasons) - 1; n > 0 {
		why += fmt.Sprintf(" +%d", n)
	}
	return why, t.until(last)
}

// later compares ends; nil is none.
func later(a, b *time.Time) bool { return b != nil && (a == nil || a.After(*b)) }

func (t laneTable) until(r app.LaneReason) string {
	if r.Until == nil {
		return "resumed by hand"
	}
	return fmt.Sprintf("%s (in %s)", roundUp(*r.Until).Format(time.RFC3339), roughly(r.Until.Sub(t.now)))
}

// roughly is a time span with two units at the most.
func roughly(d time.Duration) string {
	d = max(d, 0)
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%dd%dh", int(d.Hours())/24, int(d.Hours())%24)
	case d >= time.Hour:
		return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
	case d >= time.Minute:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%ds", int((d+time.Second-1)/time.Second))
}

// below is what is said of a lane under its line.
func (t laneTable) below(l app.LaneStatus) []string {
	var out []string
	for _, r := range clean(l.Reasons) {
		switch line := r.Reason + " since " + r.Since.Format(time.RFC3339); {
		case len(l.Reasons) > 1:
			out = append(out, line+" until "+t.until(r)+behind(r.Detail))
		case r.Detail != "":
			out = append(out, line+behind(r.Detail))
		}
	}
	if l.Probe != nil {
		out = append(out, t.probe(*l.Probe))
	}
	if len(l.Held) > 1 {
		out = append(out, "held: "+heldBy(l.Held))
	}
	if l.Failures > 0 {
		out = append(out, fmt.Sprintf("breaker: %d of %d failures in a row", l.Failures, t.breakerAfter(l.Account)))
	}
	if l.Workers == 0 {
		return append(out, "no worker takes its jobs: none runs with this account, or its clock is off")
	}
	return append(out, unlike(l)...)
}

func (t laneTable) breakerAfter(account string) int {
	for i := range t.config.Accounts {
		if t.config.Accounts[i].Name == account {
			return t.config.Accounts[i].Breaker.After
		}
	}
	return 0
}

// unlike names the queues of which asynq's pause does not follow the reasons.
func unlike(l app.LaneStatus) []string {
	var open, paused []string
	for _, queue := range []string{"urgent", "normal", "bulk", "follow", "push"} {
		name := l.Account + ":" + queue
		shut := slices.ContainsFunc(l.Reasons, func(r app.LaneReason) bool {
			_, of, one := strings.Cut(r.Reason, "/")
			return !r.Trial && (one && of == queue || !one && queue != "follow" && queue != "push")
		})
		is := slices.ContainsFunc(l.PausedQueues, func(q tasks.Queue) bool { return string(q) == name })
		switch {
		case shut && !is:
			open = append(open, name)
		case is && !shut:
			paused = append(paused, name)
		}
	}
	var out []string
	if len(open) > 0 {
		out = append(out, "to be paused within a second: "+strings.Join(open, ", "))
	}
	if len(paused) > 0 {
		out = append(out, "paused, to be opened or explained within a second: "+strings.Join(paused, ", "))
	}
	return out
}
