package ratelimit_test

import (
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/ratelimit"
)

// lockAndLift locks the number for a day, has jobs do what they do under that, and
// lifts the lock a minute later; it returns who is brought back.
func (d *desk) lockAndLift(l *ratelimit.Locks, under func()) []string {
	d.t.Helper()
	if err := l.Add(d.ctx, group, ratelimit.Lock{Key: "n", Reason: "x", Until: lockDay.Add(day)}); err != nil {
		d.t.Fatal(err)
	}
	under()
	d.now = lockDay.Add(time.Minute)
	if _, err := l.Lift(d.ctx, group, "n"); err != nil {
		d.t.Fatal(err)
	}
	return d.dueNow()
}

// TestLiftBringsAllBackWhoWait, up to a hundred.
func TestLiftBringsAllBackWhoWait(t *testing.T) {
	for jobs, want := range map[int]int{12: 12, 99: 99, 103: 100} {
		withLocks(t, func(d *desk, l *ratelimit.Locks) {
			woken := len(d.lockAndLift(l, func() {
				for range jobs {
					d.wantHold(d.ask(d.create(nil), 1), lockDay.Add(day), "lockout")
				}
			}))
			// Claim takes a hundred at most.
			if woken += len(d.dueNow()); woken != want {
				t.Errorf("%d jobs waited, %d are brought back, want %d", jobs, woken, want)
			}
		})
	}
}

// TestWhoEndedTakesNoPlaceOfWhoWaits: for a lock, and for a refund.
func TestWhoEndedTakesNoPlaceOfWhoWaits(t *testing.T) {
	withLocks(t, func(d *desk, l *ratelimit.Locks) {
		live := ""
		woken := d.lockAndLift(l, func() {
			for range 100 {
				d.endedInHold()
			}
			live = d.create(nil)
			d.wantHold(d.ask(live, 1), lockDay.Add(day), "lockout")
		})
		if len(woken) != 1 || woken[0] != live {
			t.Errorf("%s waited; brought back: %v", live, woken)
		}
	})
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		d := newDesk(t, r, ratelimit.Rules{PerNumber: []ratelimit.PerNumber{rolling(1, day, 0)}})
		d.now = lockDay
		d.ask(d.create(nil), 1)
		for range 8 {
			d.endedInHold()
		}
		live := d.create(nil)
		if a := d.ask(live, 1); a.Decision != ratelimit.Hold {
			t.Fatalf("%+v", a)
		}
		if !r.Client.HExists(d.ctx, lockNumber, "w:"+live).Val() {
			t.Error("the one that waits is not among those that a refund brings back")
		}
	})
}

// endedInHold is a job that waited for its number and was canceled.
func (d *desk) endedInHold() {
	d.t.Helper()
	id := d.create(nil)
	if a := d.ask(id, 1); a.Decision != ratelimit.Hold {
		d.t.Fatalf("%+v", a)
	}
	if _, _, err := d.store.Cancel(d.ctx, id); err != nil {
		d.t.Fatal(err)
	}
}

// TestLiftOfAProlongedLockBringsItsCauseBack: the job that the vendor refused waits
// for the number, whoever prolonged the lock.
func TestLiftOfAProlongedLockBringsItsCauseBack(t *testing.T) {
	withLocks(t, func(d *desk, l *ratelimit.Locks) {
		cause := d.lockedBy("locked")
		for _, till := range []time.Duration{2 * day, 3 * day} {
			if err := l.Add(d.ctx, group, ratelimit.Lock{Key: "n", Reason: "x", Until: lockDay.Add(till)}); err != nil {
				t.Fatal(err)
			}
		}
		d.now = lockDay.Add(time.Minute)
		if _, err := l.Lift(d.ctx, group, "n"); err != nil {
			t.Fatal(err)
		}
		if woken := d.dueNow(); len(woken) != 1 || woken[0] != cause {
			t.Errorf("%s waited; brought back: %v", cause, woken)
		}
	})
}
