package app

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/callpacer/callpacer/internal/phone"
	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/tasks"
)

// tell prints a change as a line of its own, where nothing is drawn in place.
func (b *sampleBatch) tell(i int, r *record.Record) {
	if !b.inPlace {
		fmt.Fprintf(b.say, "%6.1fs  %-9s  %-35s  %-14s  %s\n", time.Since(b.startedAt).Seconds(), r.Kind, b.samples[i].what, numberOf(r), standing(r))
	}
}

// draw shows all samples as they stand, over what was drawn before.
func (b *sampleBatch) draw() {
	if !b.inPlace {
		return
	}
	if b.drawn > 0 {
		fmt.Fprintf(b.say, "\x1b[%dA", b.drawn)
	}
	b.drawn = 0
	for i, r := range b.records {
		if r != nil {
			fmt.Fprintf(b.say, "\x1b[2K%-9s  %-35s  %-14s  %s\n", r.Kind, b.samples[i].what, numberOf(r), standing(r))
			b.drawn++
		}
	}
}

// standing says a record's state with its reason.
func standing(r *record.Record) string {
	if why := whyOf(r); why != "" {
		return string(r.State) + " (" + why + ")"
	}
	return string(r.State)
}

func whyOf(r *record.Record) string {
	switch {
	case r.Shut != nil:
		return r.Shut.Reason
	case r.State == record.Held:
		return r.HoldReason
	}
	return r.Cause
}

// numberOf is the number that a person knows the job by, masked.
func numberOf(r *record.Record) string {
	x := r.X
	if r.Kind == string(tasks.KindConnect) {
		x = phone.Mask(x) // shown in clear to whom has to dial it only
	}
	return cmp.Or(x, r.To, "-")
}

func timeOf(r *record.Record) string {
	switch {
	case r.State == record.Held:
		return "until " + r.HoldUntil.Format(time.RFC3339)
	case r.Shut != nil && !r.Shut.Until.IsZero():
		return "until " + r.Shut.Until.Format(time.RFC3339)
	case r.State == record.Active && !r.EndsAt.IsZero():
		return "until " + r.EndsAt.Format(time.RFC3339)
	case r.EndedAt.IsZero():
		return "-"
	}
	return fmt.Sprintf("%.1fs", r.EndedAt.Sub(r.CreatedAt).Seconds())
}

// row is a sample as the closing table shows it.
type row struct {
	Job      string       `json:"job"`
	Kind     string       `json:"kind"`
	Sample   string       `json:"sample"`
	Vendor   string       `json:"vendor"`
	To       string       `json:"to"`
	State    record.State `json:"state"`
	Cause    string       `json:"cause"`
	Time     string       `json:"time"`
	Expected bool         `json:"expected"`
}

func (b *sampleBatch) row(i int) row {
	r := b.records[i]
	return row{r.ID, r.Kind, b.samples[i].what, r.Vendor, numberOf(r), r.State, whyOf(r), timeOf(r), b.asExpected(i, r)}
}

// print shows the closing table.
func (b *sampleBatch) print() error {
	if b.json {
		encoder := json.NewEncoder(b.out)
		for i := range b.samples {
			if err := encoder.Encode(b.row(i)); err != nil {
				return fmt.Errorf("print the table: %w", err)
			}
		}
		return nil
	}
	fmt.Fprintln(b.out)
	return b.table(b.out)
}

func (b *sampleBatch) table(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "JOB\tKIND\tSAMPLE\tVENDOR\tNUMBER\tSTATE\tCAUSE\tTIME")
	for i := range b.samples {
		r := b.row(i)
		fmt.Fprintln(w, strings.Join([]string{r.Job, r.Kind, r.Sample, r.Vendor, r.To, string(r.State), cmp.Or(r.Cause, "-"), r.Time}, "\t"))
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("print the table: %w", err)
	}
	return nil
}

func (b *sampleBatch) asExpected(i int, r *record.Record) bool {
	return r.State == b.samples[i].state && whyOf(r) == b.samples[i].why
}

// lastWords are what the newest entry of the timeline says.
func lastWords(r *record.Record) string {
	if len(r.Timeline) == 0 {
		return "nothing"
	}
	return r.Timeline[len(r.Timeline)-1].Detail
}

// judge says whether all stands as the samples expect, and asks the vendors, who
// alone know, whether somebody was called twice.
func (b *sampleBatch) judge() error {
	var errs []error
	for i := range b.samples {
		if r := b.row(i); !r.Expected {
			errs = append(errs, fmt.Errorf("%s: %s (%s), expected %s (%s): %s", r.Sample, r.State, r.Cause, b.samples[i].state, b.samples[i].why, lastWords(b.records[i])))
		}
	}
	calls, twice := b.world.vendors.judge()
	errs = append(errs, twice...)
	heard, err := b.judgeHeard()
	errs = append(errs, err)
	kept, err := b.judgeStored()
	errs = append(errs, err)
	probed, err := b.judgeProbed()
	errs = append(errs, err)
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("the sample batch did not end as expected:\n%w", err)
	}
	fmt.Fprintf(b.say, "\nAll %d jobs stand as expected. The vendors saw %d calls, no job twice, at most %d a day to one number of Jumdata's;\n"+
		"%d bindings were made, none twice. %s\n%s\n%s\n", len(b.samples), calls, b.world.vendors.jumdata.MaxPerNumberInDay(), len(b.world.vendors.interline.Made()), heard, kept, probed)
	return nil
}
