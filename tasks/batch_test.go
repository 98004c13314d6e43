package tasks_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/tasks"
)

func TestEnqueueManyAnswersInOrder(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		c := producer(t, r)
		const n = 60
		jobs := make([]tasks.Job, n)
		for i := range jobs {
			jobs[i] = keyed(fmt.Sprintf("row-%d", i))
			switch {
			case i%10 == 3:
				jobs[i].To = "12345"
			case i%10 == 7:
				jobs[i].Account = "nobody"
			}
		}
		results := c.EnqueueMany(t.Context(), jobs)
		if len(results) != n {
			t.Fatalf("%d results, want %d", len(results), n)
		}
		for i, result := range results {
			switch i % 10 {
			case 3:
				wantField(t, result.Err, "to", "too short")
			case 7:
				wantField(t, result.Err, "account", "jumdata-main")
			default:
				dry, err := c.DryRun(t.Context(), jobs[i])
				if err != nil || result.Err != nil || result.Receipt.ID != dry.ID || result.Receipt.State != "queued" {
					t.Errorf("row %d: %+v, %v; want %s", i, result.Receipt, result.Err, dry.ID)
				}
			}
		}
		wantCounts(t, r, n*8/10, n*8/10)
	})
}

func TestEnqueueManyOfNothing(t *testing.T) {
	r := redistest.Mini(t)
	if got := producer(t, r).EnqueueMany(t.Context(), nil); len(got) != 0 {
		t.Errorf("%v", got)
	}
}

func TestEnqueueManyCancelled(t *testing.T) {
	r := redistest.Mini(t)
	warm(t, r)
	ctx, cancel := context.WithCancel(t.Context())
	faults := redistest.NewFaults(func(op redistest.Op) redistest.Verdict {
		if !strings.Contains(said(op), creating) {
			return redistest.Verdict{}
		}
		return redistest.Verdict{After: func(context.Context) error { cancel(); return nil }}
	})
	c := producer(t, r, faults)
	jobs := make([]tasks.Job, 500)
	for i := range jobs {
		jobs[i] = call()
	}
	tried, refused := 0, 0
	for i, result := range c.EnqueueMany(ctx, jobs) {
		switch {
		case result.Err == nil && result.Receipt.ID != "":
			tried++
			wantDue(t, r, result.Receipt.ID)
		case errors.Is(result.Err, context.Canceled) && result.Receipt == (tasks.Receipt{}):
			refused++
		default:
			t.Errorf("item %d: %+v", i, result)
		}
	}
	// The first answer ends the context; what shared its round trip is accepted.
	if tried == 0 || tried > 200 || tried+refused != len(jobs) {
		t.Errorf("%d accepted and %d refused of %d", tried, refused, len(jobs))
	}
}

func TestEnqueueManyOnAnEndedContext(t *testing.T) {
	r := redistest.Mini(t)
	asked := redistest.NewFaults(nil)
	c := producer(t, r, asked)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for i, result := range c.EnqueueMany(ctx, []tasks.Job{call(), call()}) {
		if !errors.Is(result.Err, context.Canceled) {
			t.Errorf("item %d: %+v", i, result)
		}
	}
	if n := asked.Count(); n != 0 {
		t.Errorf("Redis was asked %d times for jobs that were not tried", n)
	}
	wantCounts(t, r, 0, 0)
}
