package ratelimit_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/ratelimit"
)

// TestTrialUnderWayIsSeen as long as it keeps all others back, and nobody's queue is
// paused for it.
func TestTrialUnderWayIsSeen(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		rules := ratelimit.Rules{Rate: ratelimit.Rate{PerSecond: 20, Burst: 5}}
		d := newDesk(t, r, rules)
		d.now = wall("2026-11-21 12:00:00.000")
		till := d.now.Add(45 * time.Second)
		r.Client.HSet(d.ctx, "callpacer:{g}:lane:acct", "b:until", d.now.Add(-time.Second).UnixMilli(), "b:for", 10000,
			"b:probe", fmt.Sprintf("g.dead %d", till.UnixMilli()))
		lane := ratelimit.NewLane(d.store, group, "acct", rules, func() time.Time { return d.now })
		look := func(slots, seen int) {
			t.Helper()
			got, err := lane.Lease(d.ctx, ratelimit.PaceCalls, 5, 0)
			if err != nil || len(got.Slots) != slots {
				t.Errorf("leased %+v, %v; want %d slots", got, err, slots)
			}
			s, err := lane.Peek(d.ctx)
			if err != nil || len(s.Gates) != seen || seen > 0 && (s.Gates[0].Reason != "breaker" || !s.Gates[0].Until.Equal(till)) {
				t.Errorf("people see %+v, %v; want %d reasons", s.Gates, err, seen)
			}
			if s, err = lane.Project(d.ctx); err != nil || len(s.Gates) != 0 {
				t.Errorf("queues are paused for %+v, %v", s.Gates, err)
			}
		}
		look(0, 1)
		d.now = till.Add(-time.Millisecond)
		look(0, 1)
		d.now = till
		look(1, 0)
	})
}

// TestSuppressedBindingInDoubtIsNotRepeated: what it came to is still to be learnt.
func TestSuppressedBindingInDoubtIsNotRepeated(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		d := newDesk(t, r, ratelimit.Rules{})
		d.now = wall("2026-11-21 12:00:00.000")
		id := d.create(func(j *record.NewJob) { j.Kind = "bind" })
		ask := func(n int, token string) ratelimit.Answer {
			a, err := d.door.Admit(d.ctx, ratelimit.Request{
				JobID: id, Numbers: []string{"n"}, Attempt: n, Token: token, Go: true, Free: true,
				Repeatable: true, Suppress: []string{"p"}, Timeout: 10 * time.Second, Doubt: 30 * time.Minute,
			})
			if err != nil {
				t.Fatal(err)
			}
			return a
		}
		ask(1, "t1")
		d.settle(id, record.Settlement{Attempt: 1, Result: record.ResultInDoubt, Repeat: true, RepeatIn: time.Second})
		r.Client.HSet(d.ctx, "callpacer:{g}:suppressed", "p", "0 asked to be left alone")
		d.now = d.now.Add(2 * time.Second)
		if a := ask(2, "t2"); a.Decision != ratelimit.Over || a.State != record.InDoubt {
			t.Errorf("its number is suppressed: %+v", a)
		}
		rec, err := d.store.Get(d.ctx, id)
		if err != nil || rec.State != record.InDoubt || rec.Attempt != 1 {
			t.Fatalf("%+v, %v", rec, err)
		}
		if said := rec.Timeline[len(rec.Timeline)-1].Detail; said != "not sent again: its number is on the suppression list: asked to be left alone" {
			t.Errorf("the timeline ends with %q", said)
		}
	})
}

// TestSlotOfTheFutureIsRefused: it was leased before Redis's time was set back.
func TestSlotOfTheFutureIsRefused(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		rules := ratelimit.Rules{Rate: ratelimit.Rate{PerSecond: 20, Burst: 5}}
		d := newDesk(t, r, rules)
		d.now = wall("2026-11-21 12:00:00.000")
		lane := ratelimit.NewLane(d.store, group, "acct", rules, func() time.Time { return d.now })
		lease := func(n int) []ratelimit.Slot {
			t.Helper()
			got, err := lane.Lease(d.ctx, ratelimit.PaceCalls, n, 0)
			if err != nil {
				t.Fatal(err)
			}
			return got.Slots
		}
		id := d.create(nil)
		ask := func(slot string) ratelimit.Decision {
			t.Helper()
			a, err := d.door.Admit(d.ctx, ratelimit.Request{
				JobID: id, Numbers: []string{"n"}, Attempt: 1, Token: "t1", Go: true, Slot: slot, Timeout: 10 * time.Second, Doubt: time.Minute,
			})
			if err != nil {
				t.Fatal(err)
			}
			return a.Decision
		}
		old := lease(5)
		d.now = d.now.Add(-10 * time.Minute)
		if _, err := lane.Open(d.ctx, "clock"); err != nil {
			t.Fatal(err)
		}
		if got := ask(old[0].ID); got != ratelimit.Again {
			t.Errorf("with a slot ten minutes ahead: %s", got)
		}
		slots := []ratelimit.Slot{}
		for range 20 {
			slots = append(slots, lease(50)...)
		}
		if len(slots) == 0 || len(slots) > 25 {
			t.Errorf("%d slots within the next second", len(slots))
		}
		if got := ask(slots[0].ID); got != ratelimit.Go {
			t.Errorf("with a slot of the new time: %s", got)
		}
	})
}
