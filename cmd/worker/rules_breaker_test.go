package main

import (
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/sandbox"
	"github.com/callpacer/callpacer/ratelimit"
	"github.com/callpacer/callpacer/tasks"
)

// shared is what a fleet shares about an account of Jumdata's.
func (f *fleet) shared(account string) *ratelimit.Lane {
	return ratelimit.NewLane(f.store, "jumdata", account, ratelimit.Rules{}, time.Now)
}

// TestBreaker: a vendor that is down gets one request of the whole fleet for each
// time that the breaker stays open, and all the rest when it is back.
func TestBreaker(t *testing.T) {
	t.Parallel()
	const after, jobs = 5, 80
	f := realFleet(t)
	v := f.jumdata("fleet", sandbox.JumdataOptions{Behave: answered}, alwaysOpen)
	f.more("    breaker: {after: 5, open: 1s, max_open: 4s}\n")
	f.crew(3)
	v.SetOutage(sandbox.Outage502)
	ids := f.enqueue(notifications("fleet", "138", jobs, tasks.Normal))
	f.until(30*time.Second, "the breaker has counted enough", func() bool { return len(v.RequestTimes()) >= after })
	wait(10 * time.Second)
	v.SetOutage(sandbox.OutageNone)
	failed := v.RequestTimes()

	// It opens with the answer to the fifth; those under way by then still arrive.
	trials, opened := 0, failed[after-1].Add(700*time.Millisecond)
	for i, at := range failed {
		if at.After(opened) {
			trials++
			t.Logf("trial %d came %s after the request before it", trials, at.Sub(failed[i-1]).Round(time.Millisecond))
		}
	}
	if n := len(failed) - trials; n > after+5 {
		t.Errorf("the vendor saw %d requests before the breaker was open, want about %d", n, after)
	}
	if trials < 2 || trials > 3 { // after 1 s, 2 s and 4 s
		t.Errorf("the vendor saw %d trials in ten seconds, want three", trials)
	}
	f.each(40*time.Second, "every job that is not in doubt is completed", ids, func(r *record.Record) bool {
		return r.State == record.Completed || r.State == record.InDoubt || r.State == record.Unknown
	})
	if n := len(v.Calls()); n != jobs-len(failed) {
		t.Errorf("%d calls were placed, want those of the %d jobs that were not in doubt", n, jobs-len(failed))
	}
	paced(t, v, defaultRate, defaultBurst)
	notTwice(t, v)
}

// TestHalt: an account without balance gets no request until somebody opens its
// lane, and then each job is called.
func TestHalt(t *testing.T) {
	t.Parallel()
	const jobs, slots = 60, 5
	f := realFleet(t)
	v := f.jumdata("fleet", sandbox.JumdataOptions{Behave: answered}, alwaysOpen)
	f.more("    concurrency: 5\n")
	f.crew(2)
	v.SetHalted(sandbox.HaltBalance)
	ids := f.enqueue(notifications("fleet", "138", jobs, tasks.Normal))
	f.until(30*time.Second, "a request is refused", func() bool { return len(v.RequestTimes()) > 0 })
	wait(2 * time.Second)
	refused := len(v.RequestTimes())
	wait(3 * time.Second)
	if n := len(v.RequestTimes()); n != refused || n > 2*slots {
		t.Errorf("the vendor saw %d requests, then %d: want a few at first and no more", refused, n)
	}
	standing, err := f.shared("fleet").Peek(t.Context())
	if err != nil || len(standing.Gates) != 1 || standing.Gates[0].Reason != record.GateHalt || !standing.Gates[0].Until.IsZero() {
		t.Errorf("the lane stands %+v, %v; want it halted without end", standing, err)
	}

	v.SetHalted(sandbox.HaltNone)
	wait(time.Second)
	if n := len(v.RequestTimes()); n != refused {
		t.Errorf("%d requests came before anybody opened the lane", n-refused)
	}
	opened := time.Now()
	if _, err := f.shared("fleet").Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.accepted(30*time.Second, v, jobs)
	within(t, "all calls after the lane was opened", time.Since(opened), ideal(jobs)+time.Second, 2)
	f.ended(30*time.Second, ids)
	paced(t, v, defaultRate, defaultBurst)
	notTwice(t, v)
}

// TestTooFrequent: a vendor that says so is left alone, each time in a row for
// twice as long.
func TestTooFrequent(t *testing.T) {
	t.Parallel()
	f := realFleet(t)
	v := f.jumdata("fleet", sandbox.JumdataOptions{Behave: answered, Limiter: sandbox.Limiter{PerSecond: 0.01}}, alwaysOpen)
	f.crew(2)
	// The first is taken, and none of those that follow.
	f.ended(30*time.Second, f.enqueue(notifications("fleet", "139", 1, tasks.Normal)))
	f.enqueue(notifications("fleet", "138", 40, tasks.Normal))
	lane := f.shared("fleet")
	for _, span := range []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute} {
		var gate ratelimit.Gate
		f.until(30*time.Second, "the lane is shut as too frequent", func() bool {
			standing, err := lane.Peek(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if len(standing.Gates) > 0 {
				gate = standing.Gates[0]
			}
			return len(standing.Gates) > 0
		})
		if took := gate.Until.Sub(gate.Since); gate.Reason != record.GateFrequency || took != span {
			t.Errorf("the lane is shut for %s (%s), want %s", took, gate.Reason, span)
		}
		wait(2 * time.Second)
		before := len(v.RequestTimes())
		wait(time.Second)
		if n := len(v.RequestTimes()); n != before {
			t.Errorf("%d requests came while the lane was shut", n-before)
		}
		// As if its time were over.
		if err := f.rdb.HDel(t.Context(), "callpacer:{jumdata}:lane:fleet", "g:"+record.GateFrequency).Err(); err != nil {
			t.Fatal(err)
		}
	}
}
