package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/tasks"
)

// sample is one job of the sample batch and how it must stand at the end.
type sample struct {
	what, account, to string
	state             record.State
	why               string // cause, or the reason of a hold
	later             bool   // enqueued when the others have ended
}

// samples show one of each: what the numbers' endings mean is told by
// sandbox.Numbers.
var samples = []sample{
	{"answered", sandboxAccount, "13800000001", record.Completed, "answered", false},
	{"nobody answers", sandboxAccount, "13800000011", record.NoAnswer, "ring_timeout", false},
	{"the callee is busy", sandboxAccount, "13800000012", record.Busy, "busy", false},
	{"the vendor refuses the number", sandboxAccount, "13800000014", record.Failed, "invalid_number", false},
	{"the answer is lost after placing", sandboxAccount, "13800000015", record.Completed, "answered", false},
	{"the window is closed", closedAccount, "13800000021", record.Held, "window", false},
	{"first call of a day", sandboxAccount, "13900000001", record.Completed, "answered", false},
	{"second call of a day", sandboxAccount, "13900000001", record.Completed, "answered", false},
	{"third call of a day", sandboxAccount, "13900000001", record.Completed, "answered", false},
	{"fourth call of a day", sandboxAccount, "13900000001", record.Held, "per_number", true},
}

const (
	sampleDeadline = 90 * time.Second
	sampleLook     = 100 * time.Millisecond
)

// sampleBatch runs the samples and watches them.
type sampleBatch struct {
	world     *world
	say, out  io.Writer
	json      bool
	client    *tasks.Client
	ids       []string
	last      []record.State
	records   []*record.Record
	startedAt time.Time
}

func (b *sampleBatch) run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, sampleDeadline)
	defer cancel()
	b.client, b.startedAt = tasks.NewClient(b.world.app.rdb), time.Now()
	b.ids, b.last = make([]string, len(samples)), make([]record.State, len(samples))
	b.records = make([]*record.Record, len(samples))
	fmt.Fprintf(b.say, "Dispatching a sample batch of %d notify jobs:\n", len(samples))
	for _, later := range []bool{false, true} {
		if err := b.submit(ctx, later); err != nil {
			return err
		}
		if err := b.watch(ctx); err != nil {
			return err
		}
	}
	if err := b.print(); err != nil {
		return err
	}
	return b.judge()
}

func (b *sampleBatch) submit(ctx context.Context, later bool) error {
	for i, s := range samples {
		if s.later != later {
			continue
		}
		r, err := b.client.Enqueue(ctx, tasks.Job{
			Account: s.account, To: s.to, Template: "JM0001", Params: []string{"张三", "8点"},
		})
		if err != nil {
			return fmt.Errorf("enqueue the sample %q: %w", s.what, err)
		}
		b.ids[i] = r.ID
	}
	return nil
}

// watch prints every change until each job stands where it must, or has ended.
func (b *sampleBatch) watch(ctx context.Context) error {
	ticker := time.NewTicker(sampleLook)
	defer ticker.Stop()
	for {
		open := 0
		for i, id := range b.ids {
			if id == "" {
				continue
			}
			r, err := b.world.app.store.Get(ctx, id)
			if err != nil {
				return fmt.Errorf("watch the samples: %w", err)
			}
			if r == nil {
				return fmt.Errorf("watch the samples: job %s has no record", id)
			}
			b.records[i] = r
			if r.State != b.last[i] {
				b.last[i] = r.State
				fmt.Fprintf(b.say, "%6.1fs  %-33s %s  %s\n", time.Since(b.startedAt).Seconds(), samples[i].what, r.To, standing(r))
			}
			if !r.State.Final() && (r.State != record.Held || r.HoldReason != samples[i].why) {
				open++
			}
		}
		if open == 0 {
			return nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			after := time.Since(b.startedAt).Round(100 * time.Millisecond)
			if errors.Is(ctx.Err(), context.Canceled) {
				return fmt.Errorf("interrupted after %s: %d jobs of the sample batch were still open", after, open)
			}
			return fmt.Errorf("the sample batch did not end: %d jobs are still open after %s", open, after)
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
	if r.State == record.Held {
		return r.HoldReason
	}
	return r.Cause
}

func timeOf(r *record.Record) string {
	if r.State == record.Held {
		return "until " + r.HoldUntil.Format(time.RFC3339)
	}
	return fmt.Sprintf("%.1fs", r.EndedAt.Sub(r.CreatedAt).Seconds())
}

// print shows the closing table.
func (b *sampleBatch) print() error {
	if b.json {
		encoder := json.NewEncoder(b.out)
		for i, r := range b.records {
			row := map[string]any{
				"job": r.ID, "sample": samples[i].what, "kind": r.Kind, "vendor": r.Vendor, "to": r.To,
				"state": r.State, "cause": whyOf(r), "time": timeOf(r), "expected": asExpected(i, r),
			}
			if err := encoder.Encode(row); err != nil {
				return fmt.Errorf("print the table: %w", err)
			}
		}
		return nil
	}
	fmt.Fprintln(b.out)
	w := tabwriter.NewWriter(b.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "JOB\tSAMPLE\tVENDOR\tNUMBER\tSTATE\tCAUSE\tTIME")
	for i, r := range b.records {
		fmt.Fprintln(w, strings.Join([]string{r.ID, samples[i].what, r.Vendor, r.To, string(r.State), whyOf(r), timeOf(r)}, "\t"))
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("print the table: %w", err)
	}
	return nil
}

func asExpected(i int, r *record.Record) bool {
	return r.State == samples[i].state && whyOf(r) == samples[i].why
}

// judge says whether all stands as the samples expect, and asks the vendor, who
// alone knows, whether somebody was called twice.
func (b *sampleBatch) judge() error {
	var errs []error
	for i, r := range b.records {
		if !asExpected(i, r) {
			errs = append(errs, fmt.Errorf("%s: %s, expected %s (%s)", samples[i].what, standing(r), samples[i].state, samples[i].why))
		}
	}
	vendor := b.world.vendor
	if twice := vendor.JobsCalledTwice(); len(twice) > 0 {
		errs = append(errs, fmt.Errorf("the vendor saw jobs called twice: %s", strings.Join(twice, ", ")))
	}
	if locked := vendor.AttemptsOnLocked(); len(locked) > 0 {
		errs = append(errs, fmt.Errorf("the vendor saw %d attempts on a locked number", len(locked)))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("the sample batch did not end as expected:\n%w", err)
	}
	fmt.Fprintf(b.say, "\nAll %d jobs stand as expected. The vendor saw %d calls, no job twice, at most %d to one number.\n",
		len(samples), len(vendor.Calls()), vendor.MaxPerNumberInDay())
	return nil
}
