package ratelimit_test

import (
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/ratelimit"
)

func unguarded() *ratelimit.Window {
	w := nineToNine()
	w.OpenGuard, w.CloseGuard = 0, 0
	return w
}

func window(open, closes time.Duration) *ratelimit.Window {
	return &ratelimit.Window{Open: open, Close: closes, Location: shanghai}
}

const day = 24 * time.Hour

// truths are what an account with these rules answers to the next call.
var truths = []struct {
	name   string
	rules  ratelimit.Rules
	calls  []string // made before, Shanghai time
	now    string
	until  string        // "": go
	reason string        // window: the lane is shut; else the job is held
	left   time.Duration // of the permit; 0: five seconds
}{
	{"before it opens", calendarOnly, nil, "2026-11-21 08:59:59.999", "2026-11-21 09:00:00", "window", 0},
	{"as it opens", calendarOnly, nil, "2026-11-21 09:00:00", "", "", 0},
	{"before it closes", calendarOnly, nil, "2026-11-21 20:59:59.999", "", "", time.Millisecond},
	{"as it closes", calendarOnly, nil, "2026-11-21 21:00:00", "2026-11-22 09:00:00", "window", 0},
	{"the fourth of a day", calendarOnly, threeCalls, "2026-11-21 20:59:00", "2026-11-22 09:00:00", "per_number", 0},
	{"the third of a day", calendarOnly, threeCalls[:2], "2026-11-21 20:59:00", "", "", 0},
	{"the first of the next day", calendarOnly, threeCalls, "2026-11-22 09:00:00", "", "", 0},
	{"strict: the fourth", strict, threeCalls, "2026-11-21 20:59:00", "2026-11-22 09:00:00", "per_number", 0},
	{"strict: as the first leaves", strict, threeCalls, "2026-11-22 09:00:00", "", "", 0},
	{"strict: before the second leaves", strict, append(threeCalls, "2026-11-22 09:00:00"), "2026-11-22 11:59:59.999", "2026-11-22 12:00:00", "per_number", 0},
	{"strict: as the second leaves", strict, append(threeCalls, "2026-11-22 09:00:00"), "2026-11-22 12:00:00", "", "", 0},
	{"strict: before the third leaves", strict, append(threeCalls, "2026-11-22 09:00:00", "2026-11-22 12:00:00"), "2026-11-22 12:00:01", "2026-11-22 20:58:00", "per_number", 0},
	{"jumdata: margin and guard", jumdata, []string{"2026-11-21 09:00:05", "2026-11-21 12:00:00", "2026-11-21 20:58:00"}, "2026-11-21 20:59:00", "2026-11-22 09:00:07", "per_number", 0},

	{"guard: before", jumdata, nil, "2026-11-21 09:00:04.999", "2026-11-21 09:00:05", "window", 0},
	{"guard: opens", jumdata, nil, "2026-11-21 09:00:05", "", "", 0},
	{"guard: last instant", jumdata, nil, "2026-11-21 20:59:29.999", "", "", time.Millisecond},
	{"guard: closed", jumdata, nil, "2026-11-21 20:59:30", "2026-11-22 09:00:05", "window", 0},
	{"guard: permit", jumdata, nil, "2026-11-21 20:59:25.001", "", "", 4999 * time.Millisecond},

	{"night: before", ratelimit.Rules{Window: window(20*time.Hour, 6*time.Hour)}, nil, "2026-11-21 19:59:59.999", "2026-11-21 20:00:00", "window", 0},
	{"night: midnight", ratelimit.Rules{Window: window(20*time.Hour, 6*time.Hour)}, nil, "2026-11-22 00:00:00", "", "", 0},
	{"night: last instant", ratelimit.Rules{Window: window(20*time.Hour, 6*time.Hour)}, nil, "2026-11-22 05:59:59.999", "", "", time.Millisecond},
	{"night: closed", ratelimit.Rules{Window: window(20*time.Hour, 6*time.Hour)}, nil, "2026-11-22 06:00:00", "2026-11-22 20:00:00", "window", 0},
	{"until midnight", ratelimit.Rules{Window: window(18*time.Hour, day)}, nil, "2026-11-21 23:59:59.999", "", "", time.Millisecond},
	{"after midnight", ratelimit.Rules{Window: window(18*time.Hour, day)}, nil, "2026-11-22 00:00:00", "2026-11-22 18:00:00", "window", 0},
	{"a blackout's own night", blackNight, nil, "2026-11-21 20:00:00", "2026-11-22 20:00:00", "window", 0},
	{"the night before a blackout", blackNight, nil, "2026-11-21 05:59:59", "", "", time.Second},
	{"a blackout's morning after", blackNight, nil, "2026-11-22 00:00:00", "2026-11-22 20:00:00", "window", 0},
	{"a day that is off", weekdaysOnly, nil, "2026-11-21 12:00:00", "2026-11-23 09:00:00", "window", 0},
	{"a day that is on", weekdaysOnly, nil, "2026-11-23 09:00:00", "", "", 0},
	{"always open", ratelimit.Rules{Window: guardedDay}, nil, "2026-11-21 23:59:59.999", "", "", 0},

	{"whole days but one: no guards", wholeDays, nil, "2026-11-21 00:00:00", "", "", 0},
	{"whole days but one: the last instant", wholeDays, nil, "2026-11-21 23:59:59.999", "", "", time.Millisecond},
	{"whole days but one: that one", wholeDays, nil, "2026-11-22 00:00:00", "2026-11-23 00:00:00", "window", 0},

	{"rolling: last refusal", hourly, []string{"2026-11-21 12:00:00.007"}, "2026-11-21 13:00:02.006", "2026-11-21 13:00:02.007", "per_number", 0},
	{"rolling: first go", hourly, []string{"2026-11-21 12:00:00.007"}, "2026-11-21 13:00:02.007", "", "", 0},
	{"rolling: two limits", ratelimit.Rules{PerNumber: []ratelimit.PerNumber{rolling(1, time.Minute, 0), rolling(2, time.Hour, 0)}},
		[]string{"2026-11-21 12:00:00", "2026-11-21 12:30:00"}, "2026-11-21 12:30:30", "2026-11-21 13:00:00", "per_number", 0},
	{"calendar: before midnight", ratelimit.Rules{PerNumber: []ratelimit.PerNumber{daily()}}, threeCalls, "2026-11-21 23:59:59.999", "2026-11-22 00:00:00", "per_number", 0},
	{"calendar: midnight", ratelimit.Rules{PerNumber: []ratelimit.PerNumber{daily()}}, threeCalls, "2026-11-22 00:00:00", "", "", 0},
	{"calendar: its first instant counts", ratelimit.Rules{PerNumber: []ratelimit.PerNumber{daily()}}, []string{"2026-11-21 00:00:00", "2026-11-21 12:00:00", "2026-11-21 20:58:00"}, "2026-11-21 20:59:00", "2026-11-22 00:00:00", "per_number", 0},
	{"calendar: yesterday's last instant does not", ratelimit.Rules{PerNumber: []ratelimit.PerNumber{daily()}}, []string{"2026-11-20 23:59:59.999", "2026-11-21 12:00:00", "2026-11-21 20:58:00"}, "2026-11-21 20:59:00", "", "", 0},
}

var (
	threeCalls   = []string{"2026-11-21 09:00:00", "2026-11-21 12:00:00", "2026-11-21 20:58:00"}
	calendarOnly = ratelimit.Rules{Window: unguarded(), PerNumber: []ratelimit.PerNumber{daily()}, OneAtATime: true}
	strict       = ratelimit.Rules{Window: unguarded(), PerNumber: []ratelimit.PerNumber{daily(), rolling(3, day, 0)}, OneAtATime: true}
	jumdata      = ruleSets[0].rules
	hourly       = ratelimit.Rules{PerNumber: []ratelimit.PerNumber{rolling(1, time.Hour, 2*time.Second)}}
	guardedDay   = &ratelimit.Window{Close: day, Location: shanghai, OpenGuard: time.Hour, CloseGuard: time.Hour}
	wholeDays    = ratelimit.Rules{Window: &ratelimit.Window{
		Close: day, Location: shanghai, OpenGuard: time.Hour, CloseGuard: time.Hour, Blackout: map[string]bool{"2026-11-22": true},
	}}
	blackNight = ratelimit.Rules{Window: &ratelimit.Window{
		Open: 20 * time.Hour, Close: 6 * time.Hour, Location: shanghai, Blackout: map[string]bool{"2026-11-21": true},
	}}
	weekdaysOnly = ratelimit.Rules{Window: &ratelimit.Window{
		Open: 9 * time.Hour, Close: 21 * time.Hour, Location: shanghai,
		Weekdays: map[time.Weekday]bool{time.Monday: true, time.Friday: true},
	}}
)

func TestTruthTable(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		for _, row := range truths {
			t.Run(row.name, func(t *testing.T) {
				for _, ahead := range []time.Duration{0, 59 * time.Minute, -70 * time.Hour} {
					d := newDesk(t, r, row.rules)
					d.ahead = ahead // the process's clock never matters
					for _, c := range row.calls {
						d.call(wall(c))
					}
					d.now = wall(row.now)
					id := d.create(nil)
					if row.until == "" {
						left := row.left
						if left == 0 {
							left = 5 * time.Second
						}
						d.wantGo(d.ask(id, 1), left)
						continue
					}
					if row.reason == "window" { // the lane's affair, not the job's
						d.wantShut(d.ask(id, 1), wall(row.until), row.reason)
						continue
					}
					d.wantHold(d.ask(id, 1), wall(row.until), row.reason)
				}
			})
		}
	})
}

// TestDayOfAnotherZone is a host that runs on UTC: Shanghai's day ends at 16:00Z
// and its window is 01:00Z to 13:00Z.
func TestDayOfAnotherZone(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		utc := func(s string) time.Time { return in(time.UTC, s) }
		d := newDesk(t, r, ratelimit.Rules{PerNumber: []ratelimit.PerNumber{daily()}})
		for _, at := range []string{"2026-11-21 15:00:00", "2026-11-21 15:30:00", "2026-11-21 15:59:59.999"} {
			d.call(utc(at))
		}
		id := d.create(nil)
		d.wantHold(d.ask(id, 1), utc("2026-11-21 16:00:00"), "per_number")
		d.now = utc("2026-11-21 16:00:00")
		d.wantGo(d.ask(id, 1), 5*time.Second)

		d = newDesk(t, r, calendarOnly)
		d.now = utc("2026-11-21 00:59:59.999")
		id = d.create(nil)
		d.wantShut(d.ask(id, 1), utc("2026-11-21 01:00:00"), "window")
		d.now = utc("2026-11-21 12:59:59.999")
		d.wantGo(d.ask(id, 1), time.Millisecond)
		d.now = utc("2026-11-21 13:00:00")
		d.wantShut(d.ask(d.create(nil), 1), utc("2026-11-22 01:00:00"), "window")
	})
}

// TestLockout: nothing dials from the vendor's signal until 24 h after the last
// attempt, and then only within the window.
func TestLockout(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		lock := record.Settlement{
			Attempt: 1, Result: record.ResultAgain, Reason: record.HoldLockout, RetryIn: day, LockFor: day, KeepCharge: true, Sent: true,
		}
		d := newDesk(t, r, ratelimit.Rules{Window: unguarded()})
		d.now = wall("2026-11-21 20:30:00")
		first, second := d.create(nil), d.create(nil)
		d.ask(first, 1)
		d.ask(second, 1) // one_at_a_time is off: both are in flight
		d.settle(first, lock)
		other := d.create(nil)
		d.wantHold(d.ask(other, 1), wall("2026-11-22 20:30:00"), "lockout")
		d.now = wall("2026-11-21 20:40:00")
		d.settle(second, lock)
		d.wantHold(d.ask(other, 1), wall("2026-11-22 20:40:00"), "lockout")
		d.now = wall("2026-11-22 20:39:59.999")
		d.wantHold(d.ask(other, 1), wall("2026-11-22 20:40:00"), "lockout")
		d.now = wall("2026-11-22 20:40:00")
		d.wantGo(d.ask(other, 1), 5*time.Second)
		if a := d.ask(first, 2); a.Decision != ratelimit.Go {
			t.Errorf("the locked job itself: %+v, want go", a)
		}
		d.settle(other, record.Settlement{
			Attempt: 1, Result: record.ResultFailed, Cause: "platform", LockFor: day + 30*time.Minute, KeepCharge: true, Sent: true,
		})
		d.wantHold(d.ask(d.create(nil), 1), wall("2026-11-24 09:00:00"), "lockout")
		// A shorter lock takes nothing from a longer one.
		d.settle(first, record.Settlement{Attempt: 2, Result: record.ResultAgain, Reason: "retry", LockFor: time.Minute})
		d.wantHold(d.ask(d.create(nil), 1), wall("2026-11-24 09:00:00"), "lockout")
	})
}

// TestEdgesOfOneJob are the rules that a job brings with it.
func TestEdgesOfOneJob(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		noon := wall("2026-11-21 12:00:00")
		d := newDesk(t, r, ratelimit.Rules{})
		d.now = noon
		id := d.create(func(j *record.NewJob) {
			j.NotBefore, j.ExpiresAt = noon.Add(time.Minute), noon.Add(time.Minute+3*time.Second)
		})
		d.now = noon.Add(time.Minute - time.Millisecond)
		d.wantHold(d.ask(id, 1), noon.Add(time.Minute), "not_before")
		d.now = noon.Add(time.Minute)
		d.wantGo(d.ask(id, 1), 3*time.Second) // the permit ends with the job
		settled := d.settle(id, record.Settlement{Attempt: 1, Result: record.ResultAgain, Reason: "retry", RetryIn: time.Second})
		if !settled.Until.Equal(d.now.Add(time.Second)) {
			t.Errorf("held until %v, want a second", settled.Until)
		}
		d.now = d.now.Add(999 * time.Millisecond)
		d.wantHold(d.ask(id, 2), noon.Add(time.Minute+time.Second), "retry")
		d.now = noon.Add(time.Minute + 3*time.Second - time.Millisecond)
		d.wantGo(d.ask(id, 2), time.Millisecond)
		d.settle(id, record.Settlement{Attempt: 2, Result: record.ResultAgain, Reason: record.HoldHalted})
		d.now = noon.Add(time.Minute + 3*time.Second)
		if a := d.ask(id, 3); a.Decision != ratelimit.Over || a.State != record.Expired {
			t.Errorf("at its end: %+v, want over, expired", a)
		}
		if rec, err := d.store.Get(d.ctx, id); err != nil || rec.Cause != "account" {
			t.Errorf("expired while halted: %+v, %v; want the cause account", rec, err)
		}
	})
}

// TestWhyAJobExpired: what a job waited for is why it expired.
func TestWhyAJobExpired(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		for reason, cause := range map[string]string{
			record.HoldHalted: "account", record.HoldLineBusy: "busy", record.HoldVendorWindow: "policy_window", record.HoldRetry: "platform",
		} {
			d := newDesk(t, r, ratelimit.Rules{})
			d.now = wall("2026-11-21 12:00:00")
			id := d.create(func(j *record.NewJob) { j.ExpiresAt = d.now.Add(time.Minute) })
			d.wantGo(d.ask(id, 1), 5*time.Second)
			d.settle(id, record.Settlement{Attempt: 1, Result: record.ResultAgain, Reason: reason, RetryIn: time.Hour})
			d.now = d.now.Add(time.Minute)
			d.ask(id, 2)
			if rec, err := d.store.Get(d.ctx, id); err != nil || rec.State != record.Expired || rec.Cause != cause {
				t.Errorf("held for %s: %+v, %v; want expired, %s", reason, rec, err, cause)
			}
		}
	})
}
