package ratelimit_test

import (
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/ratelimit"
)

// Two accounts of one group: the one with small rules leaves the history on
// which the other's limit stands.
func TestTrimServesTheWholeGroup(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		big := ratelimit.Rules{PerNumber: []ratelimit.PerNumber{rolling(90, day, 0)}}
		small := ratelimit.Rules{PerNumber: []ratelimit.PerNumber{rolling(3, time.Minute, 0)}}
		d := newDesk(t, r, big)
		at := wall("2026-11-21 00:00:00.000")
		for i := range 90 {
			d.call(at.Add(time.Duration(i) * time.Minute))
		}
		d.use(small)
		d.call(at.Add(93 * time.Minute))
		d.use(big)
		d.now = at.Add(94 * time.Minute)
		if a := d.ask(d.create(nil), 1); a.Decision != ratelimit.Hold {
			t.Errorf("call 92 of a day was let out, the limit is 90: %+v", a)
		}
	})
}

// A job that was held because of an attempt in flight is brought back when that
// attempt proves to have placed nothing.
func TestRefundWakesWhoWaitedForIt(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		d := newDesk(t, r, ratelimit.Rules{PerNumber: []ratelimit.PerNumber{rolling(1, day, 0)}})
		d.now = wall("2026-11-21 12:00:00.000")
		first, second := d.create(nil), d.create(nil)
		d.ask(first, 1)
		if a := d.ask(second, 1); a.Decision != ratelimit.Hold {
			t.Fatalf("the second: %+v", a)
		}
		d.settle(first, record.Settlement{Attempt: 1, Result: record.ResultFailed, Cause: "platform"})
		leases, err := d.store.Claim(d.ctx, group, 10)
		if err != nil || len(leases) != 1 || leases[0].Member != second {
			t.Fatalf("due after the refund: %+v, %v", leases, err)
		}
		step, err := d.store.Tick(d.ctx, leases[0])
		if err != nil || step.Action != record.ActEnqueue || step.Task != second+"~1" {
			t.Fatalf("the pump does %+v, %v", step, err)
		}
		if a := d.ask(second, 1); a.Decision != ratelimit.Go {
			t.Errorf("the second, asked again: %+v", a)
		}
	})
}
