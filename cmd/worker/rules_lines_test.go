package main

import (
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/sandbox"
	"github.com/callpacer/callpacer/tasks"
)

// TestMaxInFlight: no more calls are under way than the account has lines, and
// none of them stays idle for long.
func TestMaxInFlight(t *testing.T) {
	t.Parallel()
	const lines, calls, lasts = 3, 30, 2 * time.Second
	f := realFleet(t)
	v := f.jumdata("fleet", sandbox.JumdataOptions{Behave: answered, RingFor: lasts / 2, TalkFor: lasts / 2},
		alwaysOpen+`, max_in_flight: 3`)
	runs := f.runs("fleet")
	f.crew(2)
	ids := f.enqueue(notifications("fleet", "138", calls, tasks.Normal))
	times := f.accepted(time.Minute, v, calls)
	within(t, "all calls", took(times)+lasts, calls/lines*lasts, 1.3)
	f.ended(30*time.Second, ids)
	if n := v.MaxUnderWay(); n > lines {
		t.Errorf("%d calls were under way at once, want at most %d", n, lines)
	}
	t.Logf("%d handler runs for %d calls", runs(), calls)
	notTwice(t, v)
}

// TestDailyCap: what is beyond the day's cap waits in its queue and says for what.
func TestDailyCap(t *testing.T) {
	t.Parallel()
	const allowed, jobs = 7, 20
	// The day of the account must not end while the test runs.
	window := alwaysOpen
	if time.Now().UTC().Hour() == 15 {
		window = `window: {open: "00:00", close: "24:00", time_zone: Etc/UTC}`
	}
	f := realFleet(t)
	v := f.jumdata("fleet", sandbox.JumdataOptions{Behave: answered}, window+`, per_number: off, daily_cap: 7`)
	f.crew(2)
	ids := f.enqueue(notifications("fleet", "138", jobs, tasks.Normal))
	f.until(20*time.Second, "seven jobs are completed and the rest wait for the next day", func() bool {
		done, capped := 0, 0
		for _, id := range ids {
			switch r := f.record(id); {
			case r.State == record.Completed:
				done++
			case r.State == record.Queued && r.Shut != nil && r.Shut.Reason == "daily_cap" && r.Shut.Until.After(time.Now()):
				capped++
			}
		}
		return done == allowed && capped == jobs-allowed
	})
	wait(2 * time.Second) // a task that met the gate comes back after one
	if n := len(v.RequestTimes()); n != allowed {
		t.Errorf("the vendor saw %d requests, want %d", n, allowed)
	}
}
