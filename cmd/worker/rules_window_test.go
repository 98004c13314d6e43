package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/sandbox"
	"github.com/callpacer/callpacer/tasks"
)

// opening is the window of an account that is open within some seconds of today.
type opening struct{ open, close time.Time }

// opensIn is a window that opens in a while, at a full second, and stays open for
// another.
func opensIn(in, lasts time.Duration) opening {
	open := time.Now().Add(in).Truncate(time.Second)
	return opening{open, open.Add(lasts)}
}

func (o opening) rule() string {
	shanghai := time.FixedZone("Asia/Shanghai", 8*60*60)
	at := func(t time.Time) string { return t.In(shanghai).Format(time.TimeOnly) }
	return fmt.Sprintf(`window: {open: %q, close: %q, time_zone: Asia/Shanghai, open_guard: 0s, end_guard: 0s}`, at(o.open), at(o.close))
}

func (o opening) contains(t time.Time) bool { return !t.Before(o.open) && t.Before(o.close) }

// TestClosedWindow has 5,000 jobs wait for their window: they cost Redis nothing,
// none is sent before it opens, none too fast when it does, and none stays behind.
func TestClosedWindow(t *testing.T) {
	t.Parallel()
	const jobs, perSecond, burst = 5000, 300, 20
	const watched = 10 * time.Second
	f := realFleet(t)
	window := opensIn(40*time.Second, 10*time.Minute)
	v := f.jumdata("fleet", sandbox.JumdataOptions{Behave: answered, PushMode: sandbox.PushNone},
		window.rule()+fmt.Sprintf(`, rate: {per_second: %d, burst: %d}`, perSecond, burst))
	f.more("    concurrency: 100\n")
	f.crew(2)

	idle := f.cost(watched)
	begin := time.Now()
	ids := f.enqueue(notifications("fleet", "138", jobs, tasks.Normal))
	t.Logf("%d jobs were enqueued in %s", jobs, time.Since(begin).Round(time.Millisecond))
	wait(time.Second) // the first ones learn that the lane is shut
	waiting := f.cost(watched)
	if left := time.Until(window.open); left < time.Second {
		t.Fatalf("the window opened %s ago: this machine is too slow for the test", -left)
	}
	each := (waiting - idle) / jobs
	t.Logf("Redis ran %.0f commands a second with no job, %.0f with %d of them waiting", idle, waiting, jobs)
	if each > 0.01 {
		t.Errorf("a waiting job costs %.4f commands a second, want none", each)
	}
	if r := f.record(ids[jobs-1]); r.State != record.Queued || r.Shut == nil || r.Shut.Reason != "window" || !r.Shut.Until.Equal(window.open) {
		t.Errorf("the last job is %s, behind %+v; want it queued until %s", r.State, r.Shut, window.open)
	}

	wait(time.Until(window.open))
	times := f.accepted(time.Minute, v, jobs)
	if n := len(v.OutsideWindow(window.contains)); n > 0 {
		t.Errorf("%d requests came outside the window", n)
	}
	if late := times[0].Sub(window.open); late > time.Second {
		t.Errorf("the first call went %s after the window had opened", late)
	}
	t.Logf("%d calls in %s, at most %d in a second", jobs, took(times), sandbox.MaxWithin(times, time.Second))
	paced(t, v, perSecond, burst)
	if n := len(v.RequestTimes()); n != jobs {
		t.Errorf("the vendor saw %d requests of %d jobs", n, jobs)
	}
	notTwice(t, v)
	f.each(time.Minute, "no job stays behind", ids, func(r *record.Record) bool { return !r.State.Waiting() })
}

// cost is how many commands Redis runs in a second.
func (f *fleet) cost(watched time.Duration) float64 {
	before, began := f.commands(), time.Now()
	wait(watched)
	return float64(f.commands()-before) / time.Since(began).Seconds()
}
