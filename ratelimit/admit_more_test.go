package ratelimit_test

import (
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/ratelimit"
)

func mustZone(t testing.TB, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// TestWindowWhereClocksChange: no call goes out at a wall clock outside the
// window, be an hour missing or there twice.
func TestWindowWhereClocksChange(t *testing.T) {
	half := 30 * time.Minute
	rows := []struct {
		zone         string
		open, closes time.Duration
		now, until   string // UTC; until "": go
	}{
		{"Europe/Berlin", 9 * time.Hour, 21 * time.Hour, "2026-03-29 06:59:59.999", "2026-03-29 07:00:00"}, // one hour earlier than the day before
		{"Europe/Berlin", 9 * time.Hour, 21 * time.Hour, "2026-03-29 07:00:00", ""},
		{"Europe/Berlin", 9 * time.Hour, 21 * time.Hour, "2026-03-28 21:00:00", "2026-03-29 07:00:00"},
		{"Europe/Berlin", 9 * time.Hour, 21 * time.Hour, "2026-10-25 07:59:59.999", "2026-10-25 08:00:00"},
		{"America/New_York", 9 * time.Hour, 21 * time.Hour, "2026-03-08 12:59:59.999", "2026-03-08 13:00:00"},
		{"America/New_York", 9 * time.Hour, 21 * time.Hour, "2026-11-01 14:00:00", ""},
		// 02:30 does not exist: the window ends, or opens, with the change.
		{"Europe/Berlin", time.Hour, 2*time.Hour + half, "2026-03-29 00:59:54", ""},
		{"Europe/Berlin", time.Hour, 2*time.Hour + half, "2026-03-29 01:00:00", "2026-03-29 23:00:00"},
		{"America/New_York", 2*time.Hour + half, 8 * time.Hour, "2026-03-08 06:59:59.999", "2026-03-08 07:00:00"},
		{"America/New_York", 2*time.Hour + half, 8 * time.Hour, "2026-03-08 07:00:00", ""},
		// 02:30, 01:30 come twice: the shorter window counts.
		{"Europe/Berlin", time.Hour, 2*time.Hour + half, "2026-10-25 00:30:00", "2026-10-26 00:00:00"},
		{"Europe/Berlin", time.Hour, 2*time.Hour + half, "2026-10-25 00:29:54", ""},
		{"America/New_York", time.Hour + half, 8 * time.Hour, "2026-11-01 05:30:00", "2026-11-01 06:30:00"},
		{"America/New_York", time.Hour + half, 8 * time.Hour, "2026-11-01 06:30:00", ""},
	}
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		for _, row := range rows {
			d := newDesk(t, r, ratelimit.Rules{Window: &ratelimit.Window{Open: row.open, Close: row.closes, Location: mustZone(t, row.zone)}})
			d.now = in(time.UTC, row.now)
			id := d.create(nil)
			if row.until == "" {
				d.wantGo(d.ask(id, 1), 5*time.Second)
			} else {
				d.wantShut(d.ask(id, 1), in(time.UTC, row.until), "window")
			}
		}
	})
}

// TestDayWithoutMidnight: where clocks are set forward at midnight the day still
// ends, and a job is let out on both sides of it.
func TestDayWithoutMidnight(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		zone := mustZone(t, "America/Havana")
		d := newDesk(t, r, ratelimit.Rules{PerNumber: []ratelimit.PerNumber{{Limit: 1, Calendar: true, Location: zone}}})
		d.call(in(time.UTC, "2026-03-08 04:30:00")) // 23:30 on the 7th
		id := d.create(nil)
		d.now = in(time.UTC, "2026-03-08 04:59:59.999")
		d.wantHold(d.ask(id, 1), in(time.UTC, "2026-03-08 05:00:00"), "per_number") // 01:00 on the 8th
		d.now = in(time.UTC, "2026-03-08 05:00:00")
		d.wantGo(d.ask(id, 1), 5*time.Second)
	})
}

// TestNeverOpen: a window that its guards eat up is looked at again within hours.
func TestNeverOpen(t *testing.T) {
	d := newDesk(t, redistest.Mini(t), ratelimit.Rules{Window: &ratelimit.Window{
		Open: 9 * time.Hour, Close: 10 * time.Hour, Location: shanghai, OpenGuard: time.Hour,
	}})
	d.now = wall("2026-11-21 12:00:00")
	a := d.ask(d.create(nil), 1)
	if wait := a.Until.Sub(a.Now); a.Decision != ratelimit.Shut || a.Reason != "window" || wait <= 0 || wait > 2*time.Hour {
		t.Errorf("%+v; want it shut for at most two hours", a)
	}
}

// TestUnansweredAttemptCountsFromItsLastMoment: a worker may send at the end of
// its permit and die. The vendor counts from then.
func TestUnansweredAttemptCountsFromItsLastMoment(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		d := newDesk(t, r, ratelimit.Rules{PerNumber: []ratelimit.PerNumber{rolling(1, day, 0)}, OneAtATime: true})
		start := wall("2026-11-21 12:00:00")
		d.now = start
		d.ask(d.create(nil), 1) // never settled
		d.now = start.Add(day)
		// Five seconds of permit and ten of timeout.
		d.wantHold(d.ask(d.create(nil), 1), start.Add(day+15*time.Second), "per_number")
	})
}

// TestEvidenceTakesRefundBack: the vendor said "not placed", and then told how
// the call ended.
func TestEvidenceTakesRefundBack(t *testing.T) {
	for name, s := range map[string]record.Settlement{
		"held":   {Result: record.ResultAgain, RetryIn: time.Minute, Reason: "retry"},
		"failed": {Result: record.ResultFailed, Cause: "platform"},
	} {
		t.Run(name, func(t *testing.T) {
			redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
				d := newDesk(t, r, ratelimit.Rules{PerNumber: []ratelimit.PerNumber{rolling(1, day, 0)}})
				d.now = wall("2026-11-21 12:00:00")
				id := d.create(nil)
				d.ask(id, 1)
				s.Attempt = 1
				d.settle(id, s)
				// Nothing that is left of the number's history may lend it its end.
				if err := r.Client.Del(d.ctx, redisKey("number:", "n")).Err(); err != nil {
					t.Fatal(err)
				}
				d.now = d.now.Add(time.Second)
				e := record.Evidence{Attempt: 1, Source: "push", State: record.Completed, Strength: 2}
				if v, state, err := d.store.Advance(d.ctx, id, []string{"n"}, e); err != nil || state != record.Completed {
					t.Fatalf("advance: %s %s %v", v, state, err)
				}
				d.wantHold(d.ask(d.create(nil), 1), d.now.Add(day), "per_number")
				if ttl := r.Client.PTTL(d.ctx, redisKey("number:", "n")).Val(); ttl <= 0 {
					t.Errorf("the number's history is kept for %v, want an end", ttl)
				}
				d.now = d.now.Add(time.Second) // the same push again moves nothing
				if _, _, err := d.store.Advance(d.ctx, id, []string{"n"}, e); err != nil {
					t.Fatal(err)
				}
				d.wantHold(d.ask(d.create(nil), 1), d.now.Add(day-time.Second), "per_number")
			})
		})
	}
}

// TestHistoryServesOtherAccounts: an account without rules keeps what another
// account of its group counts, and not without end.
func TestHistoryServesOtherAccounts(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		d := newDesk(t, r, ratelimit.Rules{})
		start := wall("2026-11-21 12:00:00")
		for i := range 90 {
			d.call(start.Add(time.Duration(i) * time.Minute))
		}
		fields := r.Client.HKeys(d.ctx, redisKey("number:", "n")).Val()
		if n := len(fields); n < 50 || n > 80 {
			t.Errorf("%d fields are kept of 90 calls: %s …", n, strings.Join(fields[:5], ", "))
		}
		if ttl := r.Client.PTTL(d.ctx, redisKey("number:", "n")).Val(); ttl < 48*time.Hour {
			t.Errorf("kept for %v, want two days at least", ttl)
		}
		d.use(ratelimit.Rules{PerNumber: []ratelimit.PerNumber{rolling(50, day, 0)}})
		d.wantHold(d.ask(d.create(nil), 1), start.Add(40*time.Minute+day), "per_number")
	})
}

// TestNewAttemptKeepsNothingOfTheLast: ids of an earlier attempt would take its
// pushes for ours.
func TestNewAttemptKeepsNothingOfTheLast(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		d := newDesk(t, r, ratelimit.Rules{})
		d.now = wall("2026-11-21 12:00:00")
		id := d.create(nil)
		d.ask(id, 1)
		d.settle(id, record.Settlement{Attempt: 1, Result: record.ResultAgain, VendorID: "call-1", VendorTask: "task-1", Reason: "retry"})
		d.ask(id, 2)
		rec, err := d.store.Get(d.ctx, id)
		if err != nil || rec.VendorID != "" || rec.VendorTask != "" {
			t.Errorf("attempt 2 began with call %q and task %q (%v), want none", rec.VendorID, rec.VendorTask, err)
		}
	})
}

// TestTokenOpensOneAttemptOnly: a handler that asks for the wrong attempt gets no
// permit of another.
func TestTokenOpensOneAttemptOnly(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		d := newDesk(t, r, ratelimit.Rules{})
		d.now = wall("2026-11-21 12:00:00")
		id := d.create(nil)
		ask := func(n int) ratelimit.Answer {
			a, err := d.door.Admit(d.ctx, ratelimit.Request{JobID: id, Numbers: []string{"n"}, Attempt: n, Token: "same", Go: true, Timeout: 10 * time.Second})
			if err != nil {
				t.Fatal(err)
			}
			return a
		}
		d.wantGo(ask(1), 5*time.Second)
		d.now = d.now.Add(2 * time.Second)
		d.wantGo(ask(1), 3*time.Second) // its go got lost
		if a := ask(2); a.Decision != ratelimit.Busy || !a.Until.Equal(d.now.Add(43*time.Second)) {
			t.Errorf("%+v; want busy for 43 s", a)
		}
		d.now = d.now.Add(4 * time.Second)
		d.wantGo(ask(1), -time.Second) // over: nothing may be sent
	})
}

// TestLongLock: a lock outlives the history that other rules need, and the
// openings that are known in advance.
func TestLongLock(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		d := newDesk(t, r, ratelimit.Rules{Window: unguarded()})
		d.now = wall("2026-11-21 12:00:00")
		id := d.create(nil)
		d.ask(id, 1)
		const lock = 30 * day
		d.settle(id, record.Settlement{Attempt: 1, Result: record.ResultAgain, Reason: record.HoldLockout, LockFor: lock})
		if ttl := r.Client.PTTL(d.ctx, redisKey("number:", "n")).Val(); ttl < lock {
			t.Errorf("the lock is kept for %v, want %v at least", ttl, lock)
		}
		d.wantHold(d.ask(d.create(nil), 1), wall("2026-12-21 12:00:00"), "lockout")
	})
}

// TestFirstInstantOfADay is the new day's, though the process is a ms behind.
func TestFirstInstantOfADay(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		d := newDesk(t, r, ratelimit.Rules{PerNumber: []ratelimit.PerNumber{{Limit: 1, Calendar: true, Location: shanghai}}})
		d.now = wall("2026-11-21 23:59:59.999")
		d.ask(d.create(nil), 1) // may reach the vendor on either day
		d.now, d.ahead = wall("2026-11-22 00:00:00"), -time.Millisecond
		d.wantHold(d.ask(d.create(nil), 1), wall("2026-11-23 00:00:00"), "per_number")
	})
}
