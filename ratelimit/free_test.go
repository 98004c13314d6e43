package ratelimit_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/ratelimit"
)

// charges are the number's charges, lock and keep, as Redis holds them.
func (d *desk) charges() string {
	d.t.Helper()
	out := ""
	h := d.r.Client.HGetAll(d.ctx, redisKey("number:", "n")).Val()
	for _, field := range []string{"lock", "keep"} {
		out += field + "=" + h[field] + " "
	}
	for field, value := range h {
		if strings.HasPrefix(field, "c:") {
			out += value + " "
		}
	}
	return out
}

// TestFreeAdmission: a job that no rule per number counts passes all of them but
// one at a time, and leaves the number's history as it was.
func TestFreeAdmission(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		rules := ratelimit.Rules{Window: unguarded(), PerNumber: []ratelimit.PerNumber{rolling(1, day, 0)}, Lockout: day}
		d := newDesk(t, r, rules)
		d.now = wall("2026-11-21 12:00:00.000")
		called := d.create(nil)
		d.ask(called, 1)
		d.settle(called, record.Settlement{
			Attempt: 1, Result: record.ResultFailed, Cause: "platform", LockFor: day, KeepCharge: true, Sent: true,
		})
		before := d.charges()
		request := func(id string, n int) ratelimit.Request {
			return ratelimit.Request{
				JobID: id, Numbers: []string{"n"}, Attempt: n, Token: "t1", Go: true, Free: true, Timeout: 10 * time.Second, Doubt: time.Hour,
			}
		}
		ask := func(q ratelimit.Request) ratelimit.Answer {
			t.Helper()
			a, err := d.door.Admit(d.ctx, q)
			if err != nil {
				t.Fatal(err)
			}
			return a
		}
		bind, second := d.create(nil), d.create(nil)
		d.wantGo(ask(request(bind, 1)), 5*time.Second)
		if after := d.charges(); after != before {
			t.Errorf("the number holds %s, before %s", after, before)
		}
		if a := ask(request(second, 1)); a.Decision != ratelimit.Wait {
			t.Errorf("while the first is under way: %+v", a)
		}
		waited := request(second, 1)
		waited.Waited = true
		d.wantHold(ask(waited), d.now.Add(time.Second), "one_at_a_time")
		d.settle(bind, record.Settlement{Attempt: 1, Result: record.ResultAgain, Reason: "retry"})
		if after := d.charges(); after != before {
			t.Errorf("the refusal changed the number's history to %s", after)
		}
		d.wantGo(ask(request(second, 1)), 5*time.Second)
		d.settle(second, record.Settlement{Attempt: 1, Result: record.ResultBound, Sent: true})
		if after := d.charges(); after != before {
			t.Errorf("the binding changed the number's history to %s", after)
		}

		d.now = wall("2026-11-21 21:00:00.000")
		d.wantShut(ask(request(bind, 2)), wall("2026-11-22 09:00:00.000"), "window")
		anytime := request(bind, 2)
		anytime.Anytime = true
		d.wantGo(ask(anytime), 5*time.Second)
		// A number that only binding jobs took is forgotten one day.
		if err := r.Client.FlushAll(d.ctx).Err(); err != nil {
			t.Fatal(err)
		}
		third := d.create(nil)
		anytime.JobID, anytime.Attempt = third, 1
		d.wantGo(ask(anytime), 5*time.Second)
		if ttl := r.Client.PTTL(d.ctx, redisKey("number:", "n")).Val(); ttl < 48*time.Hour {
			t.Errorf("a number's use is kept for %v", ttl)
		}
	})
}

// TestRulesHoldARepeat: a request in doubt that the rules hold stays in doubt.
func TestRulesHoldARepeat(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		d := newDesk(t, r, ratelimit.Rules{Window: unguarded()})
		d.now = wall("2026-11-21 20:59:00.000")
		id := d.create(nil)
		ask := func(n int) ratelimit.Answer {
			t.Helper()
			a, err := d.door.Admit(d.ctx, ratelimit.Request{
				JobID: id, Numbers: []string{"n"}, Attempt: n, Token: "t1", Go: true, Repeatable: true, Timeout: time.Second, Doubt: day,
			})
			if err != nil {
				t.Fatal(err)
			}
			return a
		}
		ask(1)
		d.settle(id, record.Settlement{Attempt: 1, Result: record.ResultInDoubt, Repeat: true, RepeatIn: time.Minute})
		d.now = wall("2026-11-21 21:00:00.000")
		if a := ask(2); a.Decision != ratelimit.Over || a.State != record.InDoubt {
			t.Errorf("the window is closed: %+v", a)
		}
		// A gate may open early: it is asked again within a minute, and not all the time.
		due := func(want time.Time) {
			t.Helper()
			if at, ok, err := d.store.NextDue(d.ctx, group); err != nil || !ok || !at.Equal(want) {
				t.Errorf("at %v the repeat is due at %v, %v, %v; want %v", d.now, at, ok, err, want)
			}
		}
		due(wall("2026-11-21 21:01:00.000"))
		opens := wall("2026-11-22 09:00:00.000")
		d.now = opens.Add(-100 * time.Millisecond)
		ask(2)
		due(d.now.Add(time.Second))
		d.now = opens.Add(time.Second)
		d.wantGo(ask(2), 5*time.Second)
	})
}

// TestDoubtKeepsItsNumber: while nobody knows what became of a request that the
// vendor knows by its id, no other job takes the number: a repeat would undo what
// it does there.
func TestDoubtKeepsItsNumber(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		d := newDesk(t, r, ratelimit.Rules{})
		d.now = wall("2026-11-21 12:00:00.000")
		ask := func(id string, n int, waited bool) ratelimit.Answer {
			t.Helper()
			a, err := d.door.Admit(d.ctx, ratelimit.Request{
				JobID: id, Numbers: []string{"n"}, Attempt: n, Token: "t" + strconv.Itoa(n), Go: true, Free: true, Repeatable: true, Keeps: true, Waited: waited,
				Timeout: 10 * time.Second, Doubt: time.Hour,
			})
			if err != nil {
				t.Fatal(err)
			}
			return a
		}
		unbind, bind := d.create(nil), d.create(nil)
		d.wantGo(ask(unbind, 1, false), 5*time.Second)
		d.settle(unbind, record.Settlement{Attempt: 1, Result: record.ResultInDoubt, Repeat: true, RepeatIn: time.Second})
		d.wantHold(ask(bind, 1, true), d.now.Add(time.Second), "one_at_a_time")
		d.now = d.now.Add(30 * time.Minute)
		d.wantHold(ask(bind, 1, true), d.now.Add(time.Second), "one_at_a_time")
		d.wantGo(ask(unbind, 2, false), 5*time.Second)
		d.settle(unbind, record.Settlement{Attempt: 2, Result: record.ResultDone})
		d.now = d.now.Add(5 * time.Second)
		d.wantGo(ask(bind, 1, true), 5*time.Second)
	})
}
