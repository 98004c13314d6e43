package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/sandbox"
	"github.com/callpacer/callpacer/tasks"
)

// TestRate: however many workers, the vendor sees one rate, all of it, and each
// call costs one run of a handler. Only its two fleets share the machine.
func TestRate(t *testing.T) {
	for _, fleet := range []struct {
		name          string
		workers, jobs int
	}{
		{"two workers", 2, 600},
		{"ten workers", 10, 300},
	} {
		t.Run(fleet.name, func(t *testing.T) {
			t.Parallel()
			rateHolds(t, fleet.workers, fleet.jobs)
		})
	}
}

func rateHolds(t *testing.T, workers, jobs int) {
	t.Helper()
	f := realFleet(t)
	v := f.jumdata("fleet", sandbox.JumdataOptions{Behave: answered}, alwaysOpen+`, rate: {per_second: 20, burst: 5}`)
	runs := f.runs("fleet")
	f.crew(workers)
	var ids []string
	best(t, "all calls", ideal(jobs), 1.05, func(n int) time.Duration {
		ids = append(ids, f.enqueue(notifications("fleet", fmt.Sprintf("13%d", n), jobs, tasks.Normal))...)
		times := f.accepted(2*ideal(jobs), v, len(ids))
		return took(times[n*jobs:])
	})
	paced(t, v, defaultRate, defaultBurst)
	n := runs()
	t.Logf("%d requests, at most %d in a second, %d handler runs", len(v.RequestTimes()), sandbox.MaxWithin(v.RequestTimes(), time.Second), n)
	if n < len(ids) || float64(n) > 1.1*float64(len(ids)) {
		t.Errorf("%d calls took %d handler runs", len(ids), n)
	}
	f.ended(20*time.Second, ids)
	notTwice(t, v)
}

// TestUrgentOvertakes: what is urgent does not wait behind what is not.
func TestUrgentOvertakes(t *testing.T) {
	t.Parallel()
	f := realFleet(t)
	v := f.jumdata("fleet", sandbox.JumdataOptions{Behave: answered}, alwaysOpen+`, rate: {per_second: 20, burst: 5}`)
	f.crew(2)
	f.enqueue(notifications("fleet", "138", 300, tasks.Bulk))
	f.accepted(20*time.Second, v, 40)
	best(t, "ten urgent calls among 240 others", time.Second, 1.5, func(n int) time.Duration {
		prefix := fmt.Sprintf("15%d", n)
		begin := time.Now()
		f.enqueue(notifications("fleet", prefix, 10, tasks.Urgent))
		f.until(30*time.Second, "the urgent jobs are called", func() bool { return len(callsTo(v, prefix)) == 10 })
		return callsTo(v, prefix)[9].Sub(begin)
	})
	if n := len(v.AcceptedTimes()); n > 250 {
		t.Errorf("%d calls were accepted by then: nothing was left to overtake", n)
	}
	paced(t, v, defaultRate, defaultBurst)
}

// callsTo are the times of the calls to numbers that begin so, in their order.
func callsTo(v *sandbox.Jumdata, prefix string) (times []time.Time) {
	for _, call := range v.Calls() {
		if strings.HasPrefix(call.Mobile, prefix) {
			times = append(times, call.At)
		}
	}
	slices.SortFunc(times, time.Time.Compare)
	return times
}
