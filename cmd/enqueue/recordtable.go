package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/recordjson"
)

// timelineBound is how many lines a record keeps of everything; after them only
// those of what the vendor and operators did.
const timelineBound = 60

// printTable writes the record for people.
func printTable(w io.Writer, v recordjson.Record) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(table, "%s\t%s\n", name, value)
		}
	}
	line("id", v.ID)
	line("job", jobWords(v))
	line(overWords(v.Kind), v.Parent)
	line("calls again after", afterWords(v))
	line("called again by", v.Redial)
	line("from", v.From)
	line("to", v.To)
	line("x", v.X)
	line("state", string(v.State))
	line("cause", v.Cause)
	if v.Hold != nil {
		line("held", v.Hold.String())
	}
	line("attempts", fmt.Sprint(v.Attempts))
	line("vendor id", v.VendorID)
	line("vendor task", v.VendorTask)
	line("vendor says", strings.TrimSpace(v.Code+" "+v.Text))
	factLines(v.Kind, v.Facts, line)
	line("audio", fileWords(v.File))
	for _, name := range slices.Sorted(maps.Keys(v.Tags)) {
		line("tag", name+"="+v.Tags[name])
	}
	line("created", clock(v.CreatedAt))
	line("not before", clock(v.NotBefore))
	line("expires", clock(v.ExpiresAt))
	line("ends", clock(v.EndsAt))
	line("ended", clock(v.EndedAt))
	fmt.Fprintln(table, "timeline") // no cell: the columns above end here
	for _, e := range v.Timeline {
		fmt.Fprintf(table, "  %s\t%s\n", clock(e.At), entryWords(e))
	}
	if len(v.Timeline) >= timelineBound {
		fmt.Fprintf(table, "  (after %d lines a record keeps none about waiting; some may be left out here)\n", timelineBound)
	}
	if err := table.Flush(); err != nil {
		return failf("", "write to standard output: %v", err)
	}
	return nil
}

// fileWords says where the call's audio is, or why it is not there yet.
func fileWords(f *recordjson.File) string {
	if f == nil {
		return ""
	}
	words := string(f.State)
	if f.URL != "" {
		words += fmt.Sprintf(" at %s (%d bytes, sha256 %s)", f.URL, f.Size, f.SHA256)
	}
	if f.Why != "" {
		words += ": " + f.Why
	}
	return words
}

// jobWords is what the job is about, in words. The record that is made for a lost job
// knows neither vendor nor priority.
func jobWords(v recordjson.Record) string {
	words := v.Kind + " by " + v.Account
	if v.Vendor != "" {
		words += " (" + v.Vendor + ")"
	}
	if v.Priority != "" {
		words += ", " + v.Priority
	}
	return words
}

func overWords(kind string) string {
	if kind == record.KindSMS {
		return "message over"
	}
	return "call over"
}

// afterWords are of a job that calls again whoever an earlier one did not reach.
func afterWords(v recordjson.Record) string {
	if v.RedialOf == "" {
		return ""
	}
	return fmt.Sprintf("%s (redial %d)", v.RedialOf, v.RedialNumber)
}

// factLines tells the facts that are known.
func factLines(kind string, f recordjson.Facts, line func(name, value string)) {
	number := func(name string, n int) {
		if n != 0 {
			line(name, fmt.Sprint(n))
		}
	}
	span := func(name string, seconds *float64) {
		if seconds != nil {
			line(name, fmt.Sprintf("%gs", *seconds))
		}
	}
	number("sip", f.SIP)
	number("q850", f.Q850)
	span("duration", f.Duration)
	span("billed", f.Billed)
	if f.Billable != nil {
		line("billable", fmt.Sprint(*f.Billable))
	}
	line("cost", strings.TrimSpace(f.Cost+" "+f.Currency))
	line("dtmf", f.DTMF)
	line("hung up by", f.HangupBy)
	line("recording", f.Recording)
	line("user data", f.UserData)
	if kind == record.KindSMS {
		line("sent", clock(f.Began))
	} else {
		line("call began", clock(f.Began))
	}
	line("answered", clock(f.Answered))
	line("released", clock(f.Released))
	if f.Conflict {
		line("conflict", "the vendor's own fields contradict each other")
	}
}

// clock is a time for people: of their own zone, to the millisecond.
func clock(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format("2006-01-02T15:04:05.000Z07:00")
}
