package ratelimit_test

import (
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/ratelimit"
)

// beside asks under rules, knowing of those of another account of the group.
func (d *desk) beside(rules, other ratelimit.Rules) {
	d.use(rules)
	d.door.Beside(rules, other)
}

// TestHistoryLivesForTheLongestLimitOfTheGroup: what an account without it calls is
// still counted when Redis has forgotten all that may be forgotten.
func TestHistoryLivesForTheLongestLimitOfTheGroup(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		short := ratelimit.Rules{PerNumber: []ratelimit.PerNumber{rolling(3, day, 0)}}
		long := ratelimit.Rules{PerNumber: []ratelimit.PerNumber{rolling(3, 30*day, 0)}}
		d := newDesk(t, r, short)
		d.beside(short, long)
		start := wall("2026-11-01 12:00:00.000")
		for i := range 3 {
			d.call(start.Add(time.Duration(i) * time.Minute))
		}
		if kept := r.Client.PTTL(d.ctx, "callpacer:{g}:number:n").Val(); kept < 30*day {
			t.Errorf("the number's history is kept for %v, want 30 days and more", kept)
		}
		d.beside(long, short)
		d.now = start.Add(29 * day)
		d.wantHold(d.ask(d.create(nil), 1), start.Add(30*day), "per_number")
		d.now = start.Add(30 * day)
		if a := d.ask(d.create(nil), 1); a.Decision != ratelimit.Go {
			t.Errorf("after 30 days: %+v", a)
		}
	})
}

// TestHistoryHoldsAsManyCallsAsAnyOfTheGroupCounts.
func TestHistoryHoldsAsManyCallsAsAnyOfTheGroupCounts(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		many := ratelimit.Rules{PerNumber: []ratelimit.PerNumber{rolling(100, day, 0)}}
		d := newDesk(t, r, ratelimit.Rules{})
		d.beside(ratelimit.Rules{}, many)
		at := wall("2026-11-21 12:00:00.000")
		for i := range 100 {
			d.call(at.Add(time.Duration(i) * time.Minute))
		}
		d.beside(many, ratelimit.Rules{})
		d.wantHold(d.ask(d.create(nil), 1), at.Add(day), "per_number")
	})
}

// TestAnotherAccountsCallForgetsNobodyWhoWaits for a refund.
func TestAnotherAccountsCallForgetsNobodyWhoWaits(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		d := newDesk(t, r, ratelimit.Rules{PerNumber: []ratelimit.PerNumber{rolling(1, day, 0)}, OneAtATime: true})
		d.now = wall("2026-11-21 12:00:00.000")
		flying, waiter := d.create(nil), d.create(nil)
		d.ask(flying, 1)
		if a := d.ask(waiter, 1); a.Decision != ratelimit.Hold {
			t.Fatalf("%+v", a)
		}
		d.use(ratelimit.Rules{})
		other := d.create(func(j *record.NewJob) { j.Account = "other" })
		if a := d.ask(other, 1); a.Decision != ratelimit.Go {
			t.Fatalf("%+v", a)
		}
		failed := record.Settlement{Attempt: 1, Result: record.ResultFailed, Cause: "platform"}
		d.settle(other, failed)
		d.settle(flying, failed)
		d.now = d.now.Add(time.Second)
		if woken := d.dueNow(); len(woken) != 1 || woken[0] != waiter {
			t.Errorf("there is room for %s; brought back: %v", waiter, woken)
		}
	})
}

// TestOwnWaitEndsWithOwnCall: a job that goes is not brought back for a refund later.
func TestOwnWaitEndsWithOwnCall(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		d := newDesk(t, r, ratelimit.Rules{PerNumber: []ratelimit.PerNumber{rolling(1, day, 0)}})
		d.now = wall("2026-11-21 12:00:00.000")
		flying, waiter := d.create(nil), d.create(nil)
		d.ask(flying, 1)
		d.ask(waiter, 1)
		const number = "callpacer:{g}:number:n"
		if !r.Client.HExists(d.ctx, number, "w:"+waiter).Val() {
			t.Fatal("it does not wait")
		}
		d.now = d.now.Add(2 * day)
		if a := d.ask(waiter, 1); a.Decision != ratelimit.Go {
			t.Fatalf("%+v", a)
		}
		if r.Client.HExists(d.ctx, number, "w:"+waiter).Val() {
			t.Error("it went, and still waits")
		}
	})
}
