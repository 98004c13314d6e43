package ratelimit_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/ratelimit"
)

const (
	lockIndex  = "callpacer:{g}:locks"
	lockNumber = "callpacer:{g}:number:n"
)

var lockDay = wall("2026-11-21 12:00:00.000")

// withLocks is a desk, and the locks of its Redis.
func withLocks(t *testing.T, f func(d *desk, l *ratelimit.Locks)) {
	t.Helper()
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		d := newDesk(t, r, ratelimit.Rules{})
		d.now = lockDay
		f(d, ratelimit.NewLocks(d.store))
	})
}

func (d *desk) locks(l *ratelimit.Locks) []ratelimit.Lock {
	d.t.Helper()
	locks, err := l.List(d.ctx, group)
	if err != nil {
		d.t.Fatal(err)
	}
	for i := range locks {
		locks[i].Until = locks[i].Until.In(shanghai)
	}
	return locks
}

// lockedBy is a job whose attempt the vendor refused because of its lock.
func (d *desk) lockedBy(text string) string {
	d.t.Helper()
	id := d.create(nil)
	d.ask(id, 1)
	d.settle(id, record.Settlement{
		Attempt: 1, Result: record.ResultAgain, Sent: true, Reason: record.HoldLockout, RetryIn: day, LockFor: day,
		KeepCharge: true, Text: text, Masks: "138****0001",
	})
	return id
}

func (d *desk) dueNow() []string {
	d.t.Helper()
	leases, err := d.store.Claim(d.ctx, group, 100)
	if err != nil {
		d.t.Fatal(err)
	}
	var out []string
	for _, l := range leases {
		step, err := d.store.Tick(d.ctx, l)
		if err != nil || step.Action != record.ActEnqueue || step.Task != l.Member+"~1" {
			d.t.Errorf("the pump does %+v, %v", step, err)
		}
		out = append(out, l.Member)
	}
	slices.Sort(out)
	return out
}

// TestVendorsLockIsListed with whose it is, until it is over, to the millisecond.
func TestVendorsLockIsListed(t *testing.T) {
	withLocks(t, func(d *desk, l *ratelimit.Locks) {
		if locks := d.locks(l); len(locks) != 0 {
			t.Errorf("no lock: %+v", locks)
		}
		id := d.lockedBy("被叫 锁定")
		want := []ratelimit.Lock{{Key: "n", Masked: "138****0001", Account: "acct", Job: id, Reason: "被叫 锁定", Until: lockDay.Add(day)}}
		if locks := d.locks(l); !slices.Equal(locks, want) {
			t.Errorf("%+v, want %+v", locks, want)
		}
		d.now = lockDay.Add(day - time.Millisecond)
		if locks := d.locks(l); !slices.Equal(locks, want) {
			t.Errorf("just before its end: %+v", locks)
		}
		d.now = lockDay.Add(day)
		if locks := d.locks(l); len(locks) != 0 || d.r.Client.Exists(d.ctx, lockIndex).Val() != 0 {
			t.Errorf("at its end: %+v, index %v", locks, d.r.Client.HGetAll(d.ctx, lockIndex).Val())
		}
	})
}

// TestListComparesWithTheLock: the lock counts, the index makes it visible.
func TestListComparesWithTheLock(t *testing.T) {
	withLocks(t, func(d *desk, l *ratelimit.Locks) {
		set := func(key string, lock time.Duration, index string) {
			d.r.Client.HSet(d.ctx, "callpacer:{g}:number:"+key, "lock", d.now.Add(lock).UnixMilli())
			d.r.Client.HSet(d.ctx, lockIndex, key, index)
		}
		set("b", time.Hour, fmt.Sprint(d.now.UnixMilli())+" - - 138****0002 x")              // the index is behind
		set("a", time.Hour, fmt.Sprint(d.now.Add(day).UnixMilli())+" acct g.j 138****0003 ") // and ahead
		set("c", time.Minute, "frob")
		d.r.Client.HSet(d.ctx, lockIndex, "gone", fmt.Sprint(d.now.Add(day).UnixMilli())+" - - 138****0004 y")
		var keys []string
		for _, lock := range d.locks(l) {
			keys = append(keys, lock.Key+" "+lock.Until.Sub(d.now).String()+" "+lock.Masked)
		}
		if want := []string{"c 1m0s ", "a 1h0m0s 138****0003", "b 1h0m0s 138****0002"}; !slices.Equal(keys, want) {
			t.Errorf("%q, want %q", keys, want)
		}
		if d.r.Client.HExists(d.ctx, lockIndex, "gone").Val() {
			t.Error("a lock that is gone is still in the index")
		}
	})
}

// TestAddLocksANumber for all jobs to it, as a vendor's lock does.
func TestAddLocksANumber(t *testing.T) {
	withLocks(t, func(d *desk, l *ratelimit.Locks) {
		lock := ratelimit.Lock{Key: "n", Masked: "138****0001", Reason: "asked us to stop", Until: lockDay.Add(time.Hour)}
		if err := l.Add(d.ctx, group, lock); err != nil {
			t.Fatal(err)
		}
		if locks := d.locks(l); !slices.Equal(locks, []ratelimit.Lock{lock}) {
			t.Errorf("%+v, want %+v", locks, lock)
		}
		id := d.create(nil)
		d.wantHold(d.ask(id, 1), lock.Until, "lockout")
		if ttl := d.r.Client.PTTL(d.ctx, lockNumber).Val(); ttl < 2*time.Hour-time.Minute || ttl > 2*time.Hour {
			t.Errorf("the number is kept for %v, want an hour more than the lock", ttl)
		}
		d.now = lock.Until
		if a := d.ask(id, 1); a.Decision != ratelimit.Go {
			t.Errorf("at its end: %+v", a)
		}
	})
}

// TestAddNeverShortens a lock, whoever made it; it may prolong one.
func TestAddNeverShortens(t *testing.T) {
	withLocks(t, func(d *desk, l *ratelimit.Locks) {
		id := d.lockedBy("locked")
		theirs := d.locks(l)[0]
		ours := ratelimit.Lock{Key: "n", Masked: "138****0001", Reason: "ours"}
		for _, shorter := range []time.Duration{time.Millisecond, day} {
			ours.Until = lockDay.Add(shorter)
			if err := l.Add(d.ctx, group, ours); err != nil {
				t.Fatal(err)
			}
			if locks := d.locks(l); !slices.Equal(locks, []ratelimit.Lock{theirs}) || theirs.Job != id {
				t.Errorf("after one of %v: %+v, want %+v", shorter, locks, theirs)
			}
		}
		ours.Until = lockDay.Add(day + time.Millisecond)
		for range 2 {
			if err := l.Add(d.ctx, group, ours); err != nil {
				t.Fatal(err)
			}
			if locks := d.locks(l); !slices.Equal(locks, []ratelimit.Lock{ours}) {
				t.Errorf("%+v, want %+v", locks, ours)
			}
		}
		d.now = lockDay.Add(day)
		d.wantHold(d.ask(d.create(nil), 1), ours.Until, "lockout")
	})
}

// TestAddOfWhatIsOver changes nothing.
func TestAddOfWhatIsOver(t *testing.T) {
	withLocks(t, func(d *desk, l *ratelimit.Locks) {
		for _, until := range []time.Time{lockDay, lockDay.Add(-time.Hour), {}} {
			err := l.Add(d.ctx, group, ratelimit.Lock{Key: "n", Until: until})
			if !errors.Is(err, ratelimit.ErrLockOver) || d.r.Client.Exists(d.ctx, lockNumber, lockIndex).Val() != 0 {
				t.Errorf("%v: %v", until, err)
			}
		}
	})
}

// TestLiftWakesWhoWaited, the job whose attempt the vendor refused among them.
func TestLiftWakesWhoWaited(t *testing.T) {
	withLocks(t, func(d *desk, l *ratelimit.Locks) {
		cause := d.lockedBy("locked")
		held := d.create(nil)
		d.wantHold(d.ask(held, 1), lockDay.Add(day), "lockout")
		// One that waits for something else, and one of another number, sleep on.
		later := d.create(func(j *record.NewJob) { j.NotBefore = lockDay.Add(2 * day) })
		d.wantHold(d.ask(later, 1), lockDay.Add(2*day), "not_before")
		d.now = lockDay.Add(time.Minute)
		if lifted, err := l.Lift(d.ctx, group, "n"); err != nil || !lifted {
			t.Fatalf("%v, %v", lifted, err)
		}
		if d.r.Client.HExists(d.ctx, lockNumber, "l:"+held).Val() || d.r.Client.HExists(d.ctx, lockNumber, "lock").Val() || d.r.Client.Exists(d.ctx, lockIndex).Val() != 0 {
			t.Error("the lock, its entry in the index, or the name of who waited is still there")
		}
		if woken := d.dueNow(); !slices.Equal(woken, []string{cause, held}) {
			t.Errorf("due are %v, want %s and %s", woken, cause, held)
		}
		if a := d.ask(held, 1); a.Decision != ratelimit.Go {
			t.Errorf("the one that was held: %+v", a)
		}
		d.settle(held, record.Settlement{Attempt: 1, Result: record.ResultFailed, Sent: true, Cause: "platform"})
		if a := d.ask(cause, 2); a.Decision != ratelimit.Go {
			t.Errorf("the one that the vendor refused: %+v", a)
		}
		if lifted, err := l.Lift(d.ctx, group, "n"); err != nil || lifted {
			t.Errorf("lifted again: %v, %v", lifted, err)
		}
	})
}

// TestLiftLeavesOtherReasons: a retry of its own, and what is not held any more.
func TestLiftLeavesOtherReasons(t *testing.T) {
	withLocks(t, func(d *desk, l *ratelimit.Locks) {
		retried, sent := d.create(nil), d.create(nil)
		d.ask(retried, 1)
		d.settle(retried, record.Settlement{Attempt: 1, Result: record.ResultAgain, Sent: true, Reason: record.HoldRetry, RetryIn: time.Hour})
		d.ask(sent, 1)
		d.settle(sent, record.Settlement{Attempt: 1, Result: record.ResultAccepted, Sent: true, PollIn: time.Minute, GiveUpIn: time.Hour})
		lock := ratelimit.Lock{Key: "n", Reason: "x", Until: lockDay.Add(2 * time.Hour)}
		if err := l.Add(d.ctx, group, lock); err != nil {
			t.Fatal(err)
		}
		d.wantHold(d.ask(retried, 2), lock.Until, "lockout")
		d.r.Client.HSet(d.ctx, lockNumber, "l:"+sent, "1") // it waited before it went
		if lifted, err := l.Lift(d.ctx, group, "n"); err != nil || !lifted {
			t.Fatalf("%v, %v", lifted, err)
		}
		if woken := d.dueNow(); !slices.Equal(woken, []string{retried}) {
			t.Errorf("due are %v, want %s", woken, retried)
		}
		d.wantHold(d.ask(retried, 2), lockDay.Add(time.Hour), "retry")
	})
}

// TestLiftOfALockThatIsOver wakes nobody for another reason.
func TestLiftOfALockThatIsOver(t *testing.T) {
	withLocks(t, func(d *desk, l *ratelimit.Locks) {
		if lifted, err := l.Lift(d.ctx, group, "n"); err != nil || lifted || d.r.Client.Exists(d.ctx, lockNumber).Val() != 0 {
			t.Errorf("never locked: %v, %v", lifted, err)
		}
		cause := d.lockedBy("locked")
		d.now = lockDay.Add(day)
		if a := d.ask(cause, 2); a.Decision != ratelimit.Go {
			t.Fatalf("%+v", a)
		}
		d.settle(cause, record.Settlement{Attempt: 2, Result: record.ResultAgain, Sent: true, Reason: record.HoldRetry, RetryIn: time.Hour})
		if lifted, err := l.Lift(d.ctx, group, "n"); err != nil || lifted {
			t.Errorf("%v, %v", lifted, err)
		}
		if woken := d.dueNow(); len(woken) != 0 {
			t.Errorf("woken: %v", woken)
		}
		d.wantHold(d.ask(cause, 3), lockDay.Add(day+time.Hour), "retry")
	})
}

// TestLocksTellWhatFailed: a Redis that is away is no empty list.
func TestLocksTellWhatFailed(t *testing.T) {
	withLocks(t, func(d *desk, l *ratelimit.Locks) {
		ctx, cancel := context.WithCancel(d.ctx)
		cancel()
		_, listed := l.List(ctx, group)
		_, lifted := l.Lift(ctx, group, "n")
		added := l.Add(ctx, group, ratelimit.Lock{Key: "n", Until: lockDay.Add(time.Hour)})
		for what, err := range map[string]error{"list locks": listed, "lift a lock": lifted, "add a lock": added} {
			if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), what) {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}
