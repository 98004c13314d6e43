package ratelimit_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/ratelimit"
)

// withLane is a desk at noon and its lane, under the rules.
func withLane(t *testing.T, rules ratelimit.Rules, f func(d *desk, l *ratelimit.Lane)) {
	t.Helper()
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		d := newDesk(t, r, rules)
		d.now = wall("2026-11-21 12:00:00")
		f(d, ratelimit.NewLane(d.store, group, "acct", rules, func() time.Time { return d.now }))
	})
}

// try asks for the first permit of a new job.
func (d *desk) try(change func(*ratelimit.Request)) (string, ratelimit.Answer) {
	d.t.Helper()
	id := d.create(nil)
	r := ratelimit.Request{
		JobID: id, Numbers: []string{"n"}, Attempt: 1, Token: "t1", Go: true, Waited: true,
		Timeout: 10 * time.Second, Doubt: 30 * time.Minute,
	}
	if change != nil {
		change(&r)
	}
	a, err := d.door.Admit(d.ctx, r)
	if err != nil {
		d.t.Fatalf("admit: %v", err)
	}
	return id, a
}

// tries fails unless a new job is let out, or is told that. It returns the job.
func (d *desk) tries(want ratelimit.Decision, change func(*ratelimit.Request)) string {
	d.t.Helper()
	id, a := d.try(change)
	if a.Decision != want {
		d.t.Errorf("at %v: %s (%s) until %v; want %s", d.now.In(shanghai), a.Decision, a.Reason, a.Until.In(shanghai), want)
	}
	return id
}

// shutUntil fails unless a new job finds the lane shut until then.
func (d *desk) shutUntil(until time.Time, reason string) {
	d.t.Helper()
	_, a := d.try(nil)
	d.wantShut(a, until, reason)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestEdgesOfTheDay(t *testing.T) {
	withLane(t, ratelimit.Rules{DailyCap: 2, Day: shanghai}, func(d *desk, _ *ratelimit.Lane) {
		d.call(wall("2026-11-20 23:59:59.999")) // another day's
		d.call(wall("2026-11-21 00:00:00"))
		d.now = wall("2026-11-21 12:00:00")
		second := d.tries(ratelimit.Go, nil)
		midnight := wall("2026-11-22 00:00:00")
		d.shutUntil(midnight, "daily_cap")
		d.tries(ratelimit.Go, func(r *ratelimit.Request) { r.Anytime = true }) // counts nowhere
		// Given back, its place is free; and taken again when it proves to be placed.
		d.settle(second, record.Settlement{Attempt: 1, Result: record.ResultFailed, Cause: "platform"})
		e := record.Evidence{Attempt: 1, Source: "push", State: record.Completed, Strength: 2}
		third := d.create(nil)
		if _, _, err := d.store.Advance(d.ctx, second, []string{"n"}, e); err != nil {
			t.Fatal(err)
		}
		d.wantShut(d.ask(third, 1), midnight, "daily_cap")
		d.now = midnight.Add(-time.Millisecond)
		d.wantShut(d.ask(third, 1), midnight, "daily_cap")
		d.now = midnight
		d.wantGo(d.ask(third, 1), 5*time.Second)
		d.settle(third, record.Settlement{Attempt: 1, Result: record.ResultAgain, Reason: "retry", KeepCharge: true})
		d.wantGo(d.ask(third, 2), 5*time.Second) // the second of the day
		d.shutUntil(wall("2026-11-23 00:00:00"), "daily_cap")
		d.settle(third, record.Settlement{Attempt: 2, Result: record.ResultAgain, Reason: "retry"})
		d.tries(ratelimit.Go, nil)
	})
	withLane(t, ratelimit.Rules{DailyCap: 1}, func(d *desk, _ *ratelimit.Lane) { // of no zone: UTC
		d.tries(ratelimit.Go, nil)
		d.shutUntil(in(time.UTC, "2026-11-22 00:00:00"), "daily_cap")
	})
}

func TestEdgesOfTheLines(t *testing.T) {
	line := func(r *ratelimit.Request) { r.LineFor = 5 * time.Minute }
	end := func(d *desk, id string, state record.State) {
		e := record.Evidence{Attempt: 1, Source: "push", State: state, Strength: 2, GiveUpIn: time.Hour}
		if _, _, err := d.store.Advance(d.ctx, id, []string{"n"}, e); err != nil {
			t.Fatal(err)
		}
	}
	withLane(t, ratelimit.Rules{MaxInFlight: 2}, func(d *desk, _ *ratelimit.Lane) {
		start := d.now
		first := d.tries(ratelimit.Go, line)
		d.tries(ratelimit.Go, line) // its owner dies
		d.tries(ratelimit.Again, line)
		d.tries(ratelimit.Go, nil)                                                                          // a binding uses no line
		d.tries(ratelimit.Go, func(r *ratelimit.Request) { r.LineFor, r.Anytime = time.Millisecond, true }) // nor can it wait
		d.now = start.Add(time.Second)
		d.settle(first, record.Settlement{Attempt: 1, Result: record.ResultAccepted, Sent: true, GiveUpIn: time.Hour})
		d.now = start.Add(45*time.Second - time.Millisecond) // permit, timeout and grace
		d.tries(ratelimit.Again, line)
		d.now = start.Add(45 * time.Second)
		d.tries(ratelimit.Go, line)
		d.tries(ratelimit.Again, line)
		d.now = start.Add(90 * time.Second) // the dead one's successor is dead, too
		second := d.tries(ratelimit.Go, line)
		d.tries(ratelimit.Again, line)
		end(d, second, record.Ringing) // its answer is still to come
		end(d, second, record.Completed)
		second = d.tries(ratelimit.Go, line)
		d.settle(second, record.Settlement{Attempt: 1, Result: record.ResultFailed, Cause: "platform"})
		second = d.tries(ratelimit.Go, line)
		d.settle(second, record.Settlement{Attempt: 1, Result: record.ResultAccepted, GiveUpIn: time.Hour})
		d.tries(ratelimit.Again, line)
		// Of the first one there was no news since its answer.
		d.now = start.Add(5*time.Minute + time.Second - time.Millisecond)
		d.tries(ratelimit.Again, line)
		end(d, second, record.Ringing) // this one has news, and keeps its line
		d.now = d.now.Add(time.Millisecond)
		d.tries(ratelimit.Go, line)
		d.tries(ratelimit.Again, line)
	})
}

func TestEdgesOfAGate(t *testing.T) {
	withLane(t, ratelimit.Rules{}, func(d *desk, l *ratelimit.Lane) {
		start := d.now
		must(t, l.Shut(d.ctx, record.GateWindow, time.Minute, ""))
		must(t, l.Shut(d.ctx, ratelimit.GateOperator, 2*time.Minute, "by a test"))
		d.shutUntil(start.Add(2*time.Minute), "operator") // what ends last
		if opened, err := l.Open(d.ctx, ratelimit.GateOperator); err != nil || len(opened) != 1 {
			t.Errorf("opened %v, %v", opened, err)
		}
		d.shutUntil(start.Add(time.Minute), record.GateWindow) // opened by nobody
		d.now = start.Add(time.Minute - time.Millisecond)
		d.shutUntil(start.Add(time.Minute), record.GateWindow)
		d.tries(ratelimit.Go, func(r *ratelimit.Request) { r.Anytime = true })
		d.now = start.Add(time.Minute)
		d.tries(ratelimit.Go, nil)

		must(t, l.Shut(d.ctx, record.GateHalt, 0, ""))
		must(t, l.Shut(d.ctx, record.GateHalt, time.Minute, "")) // takes nothing from it
		d.now = d.now.Add(1000 * time.Hour)
		d.shutUntil(time.Time{}, record.GateHalt)
		if opened, err := l.Open(d.ctx); err != nil || len(opened) != 1 {
			t.Errorf("opened %v, %v", opened, err)
		}
		// A queue that is paused stops its own jobs.
		must(t, l.Shut(d.ctx, "operator/urgent", 0, ""))
		d.tries(ratelimit.Go, nil)
		urgent := d.create(func(j *record.NewJob) { j.Priority = "urgent" })
		d.wantShut(d.ask(urgent, 1), time.Time{}, "operator/urgent")
	})
}

func TestEdgesOfASlot(t *testing.T) {
	rules := ratelimit.Rules{Rate: ratelimit.Rate{PerSecond: 10, Burst: 1}}
	withLane(t, rules, func(d *desk, l *ratelimit.Lane) {
		slot := func() (string, time.Time) {
			t.Helper()
			got, err := l.Lease(d.ctx, ratelimit.PaceCalls, 1, 0)
			if err != nil || len(got.Slots) != 1 {
				t.Fatalf("lease: %+v, %v", got, err)
			}
			at := d.r.Client.ZScore(d.ctx, redisKey("lane:", "acct:slots"), got.Slots[0].ID).Val()
			return got.Slots[0].ID, time.UnixMicro(int64(at))
		}
		with := func(id string) func(*ratelimit.Request) {
			return func(r *ratelimit.Request) { r.Slot = id }
		}
		id, at := slot()
		if !at.Equal(d.now) {
			t.Errorf("the first slot is in %v", at.Sub(d.now))
		}
		second, next := slot()
		if gap := next.Sub(at); gap != 102*time.Millisecond {
			t.Errorf("the next slot is %v later, want 102ms", gap)
		}
		_, a := d.try(with(second)) // ahead of its time
		d.wantGo(a, 202*time.Millisecond)
		if a.Wait != 102*time.Millisecond {
			t.Errorf("wait %v for the slot, want 102ms", a.Wait)
		}
		d.tries(ratelimit.Again, with(second)) // used
		d.tries(ratelimit.Again, with(""))
		d.tries(ratelimit.Again, with("nobody's"))
		d.now = at.Add(99 * time.Millisecond)
		_, a = d.try(with(id))
		d.wantGo(a, time.Millisecond)
		third, at := slot()
		d.now = at.Add(100 * time.Millisecond)
		d.tries(ratelimit.Again, with(third))
		d.now = at
		d.tries(ratelimit.Again, with(third)) // who was late once has no slot any more
	})
}

// TestRateOverTime: of slots that are asked for all the time as many come as the
// rate allows, less its margin; and after a rest a burst.
func TestRateOverTime(t *testing.T) {
	rules := ratelimit.Rules{Rate: ratelimit.Rate{PerSecond: 20, Burst: 5}, QueryRate: ratelimit.Rate{PerSecond: 2, Burst: 1}}
	withLane(t, rules, func(d *desk, l *ratelimit.Lane) {
		// A burst, and one at each 51 (510) ms until a second after the last question.
		for pace, want := range map[ratelimit.Pace]int{ratelimit.PaceCalls: 5 + 10750/51, ratelimit.PaceQueries: 1 + 10750/510} {
			start, n := d.now, 0
			for ; d.now.Before(start.Add(10 * time.Second)); d.now = d.now.Add(250 * time.Millisecond) {
				got, err := l.Lease(d.ctx, pace, 1000, 0)
				must(t, err)
				n += len(got.Slots)
			}
			if n != want {
				t.Errorf("pace %d: %d slots, want %d", pace, n, want)
			}
		}
		if n := d.r.Client.ZCard(d.ctx, redisKey("lane:", "acct:slots")).Val(); n < 200 || n > 250 {
			t.Errorf("%d slots are kept of those that nobody used", n)
		}
		d.now = d.now.Add(2 * time.Minute)
		_, err := l.Lease(d.ctx, ratelimit.PaceCalls, 1, 0)
		must(t, err)
		if n := d.r.Client.ZCard(d.ctx, redisKey("lane:", "acct:slots")).Val(); n != 1 {
			t.Errorf("%d slots are kept after two minutes, want the new one", n)
		}
	})
}

func TestEdgesOfSuppression(t *testing.T) {
	withLane(t, ratelimit.Rules{}, func(d *desk, _ *ratelimit.Lane) {
		until := d.now.Add(time.Minute)
		about := func(r *ratelimit.Request) { r.Suppress = []string{"other", "k"} }
		set := func(ms int64) {
			must(t, d.r.Client.HSet(d.ctx, redisKey("suppressed", ""), "k", strconv.FormatInt(ms, 10)+" asked us not to").Err())
		}
		refused := func() {
			t.Helper()
			id, a := d.try(about)
			rec, err := d.store.Get(d.ctx, id)
			must(t, err)
			if a.Decision != ratelimit.Over || a.State != record.Failed || rec.Cause != "suppressed" {
				t.Errorf("at %v: %+v, %s; want it failed, suppressed", d.now, a, rec.Cause)
			}
		}
		set(until.UnixMilli())
		d.now = until.Add(-time.Millisecond)
		refused()
		d.tries(ratelimit.Go, nil)
		d.now = until
		d.tries(ratelimit.Go, about)
		set(0)
		d.now = until.Add(10000 * time.Hour)
		refused()
	})
}
