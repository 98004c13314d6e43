package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/sandbox"
	"github.com/callpacer/callpacer/ratelimit"
	"github.com/callpacer/callpacer/tasks"
)

// TestLanesAreAlone: neither a vendor that hangs nor a lane that is shut costs
// another lane of the same processes any of its rate.
func TestLanesAreAlone(t *testing.T) {
	t.Parallel()
	const jobs = 120
	f := realFleet(t)
	v := f.jumdata("fleet", sandbox.JumdataOptions{Behave: answered}, alwaysOpen)
	hung := f.jumdata("hung", sandbox.JumdataOptions{}, alwaysOpen)
	f.more("    breaker: off\n")
	shut := f.jumdata("shut", sandbox.JumdataOptions{}, alwaysOpen)
	f.crew(2)
	if err := f.shared("shut").Shut(t.Context(), ratelimit.GateOperator, 0, "for the test"); err != nil {
		t.Fatal(err)
	}
	hung.SetOutage(sandbox.OutageHang)
	f.enqueue(notifications("hung", "137", 200, tasks.Normal))
	f.enqueue(notifications("shut", "136", 200, tasks.Normal))
	f.until(30*time.Second, "every slot of the lane that hangs is taken", func() bool { return hung.MaxRequestsAtOnce() >= 30 })
	best(t, "the calls of the lane that works", ideal(jobs), 1.1, func(n int) time.Duration {
		f.enqueue(notifications("fleet", fmt.Sprintf("13%d", n), jobs, tasks.Normal))
		return took(f.accepted(time.Minute, v, (n+1)*jobs)[n*jobs:])
	})
	if n := len(shut.RequestTimes()); n > 0 {
		t.Errorf("%d requests of the lane that is shut were sent", n)
	}
}

// TestNumbersAreAlone: many jobs for one number, of which one goes at a time, delay
// no other number.
func TestNumbersAreAlone(t *testing.T) {
	t.Parallel()
	const jobs, busy = 100, 40
	f := realFleet(t)
	v := f.jumdata("fleet", sandbox.JumdataOptions{Behave: answered, Limit: new(sandbox.NoLimit), Latency: 700 * time.Millisecond},
		alwaysOpen+`, per_number: off`)
	f.crew(2)
	f.enqueue(messages("fleet", busy, func(int) string { return "13900000001" }))
	f.accepted(30*time.Second, v, 2)
	best(t, "the calls to all others", ideal(jobs), 1.2, func(n int) time.Duration {
		prefix := fmt.Sprintf("15%d", n)
		begin := time.Now()
		f.enqueue(notifications("fleet", prefix, jobs, tasks.Normal))
		f.until(time.Minute, "every other number is called", func() bool { return len(callsTo(v, prefix)) == jobs })
		return callsTo(v, prefix)[jobs-1].Sub(begin)
	})
	if n := len(callsTo(v, "139")); n >= busy {
		t.Error("no job for the one number was left by then")
	}
	notTwice(t, v)
}
