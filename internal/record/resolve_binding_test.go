package record_test

import (
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/ratelimit"
)

// lostBind is a binding in doubt, which goes out again by itself.
func (w *world) lostBind() {
	w.t.Helper()
	w.bind()
	w.settle(lost(1))
	w.is(record.InDoubt)
}

// givenUp is that binding when everybody has given up.
func (w *world) givenUp() {
	w.t.Helper()
	w.lostBind()
	w.later(time.Hour)
	w.tickAll()
	w.is(record.Unknown)
}

// TestBindingStandsByAnOperatorsWord for as long as the vendor may have made it,
// and is found by its number and the vendor's name.
func TestBindingStandsByAnOperatorsWord(t *testing.T) {
	for name, begin := range map[string]func(*world){"in doubt": (*world).lostBind, "given up": (*world).givenUp} {
		t.Run(name, func(t *testing.T) {
			each(t, func(w *world) {
				begin(w)
				was, created := w.get().State, w.get().CreatedAt
				names := record.Names{VendorID: "subid"}
				say := record.Resolution{As: record.SayCompleted, Token: "x"}
				for range 2 {
					out, err := w.store.Resolve(w.ctx, id, numbers, names, say)
					if err != nil || out != (record.Resolved{State: record.Active, Was: was}) {
						t.Fatalf("%+v, %v", out, err)
					}
				}
				r := w.get()
				if !r.EndsAt.Equal(created.Add(time.Hour+owned)) || r.Cause != "" || !r.EndedAt.IsZero() || r.HoldReason != "" {
					t.Errorf("%+v", r)
				}
				w.wantOneDue(r.EndsAt.Sub(w.now))
				w.wantLeads("subid", id, 1)
				w.wantHolding("active", time.Hour+owned-w.now.Sub(created))
				if ttl := w.r.Client.PTTL(w.ctx, key("job:", id)).Val(); ttl >= 0 {
					t.Errorf("it stands, and its record is kept for %v", ttl)
				}
				if a := w.repeat(2, "u"); a.Decision != ratelimit.Over {
					t.Errorf("asked for again: %+v", a)
				}
				w.later(2 * time.Hour)
				w.tickAll()
				w.is(record.Expired)
			})
		})
	}
}

// TestBindingFailsByAnOperatorsWord: its number is free, and a call over it proves
// the operator wrong.
func TestBindingFailsByAnOperatorsWord(t *testing.T) {
	each(t, func(w *world) {
		j := job()
		j.Kind, j.TTL = "bind", time.Hour
		w.create(j)
		w.ask(ratelimit.Request{Attempt: 1, Token: "t", Go: true, Free: true, Repeatable: true, Keeps: true})
		w.settle(lost(1))
		if !w.r.Client.HExists(w.ctx, key("number:", num), "fly").Val() {
			t.Fatal("in doubt its number is free")
		}
		w.wantResolved(record.SayFailed, record.InDoubt, record.Failed)
		if w.r.Client.HExists(w.ctx, key("number:", num), "fly").Val() {
			t.Error("its number is still taken")
		}
		if v, s, err := w.store.Bound(w.ctx, id, numbers, record.Names{}, ""); err != nil || v != record.Advanced || s != record.Active {
			t.Errorf("a call over it: %s, %s, %v", v, s, err)
		}
	})
}

// TestRepeatByAnOperator: the very same request goes out at once, and its answer is
// read as that to a repeat.
func TestRepeatByAnOperator(t *testing.T) {
	for name, begin := range map[string]func(*world){"in doubt": (*world).lostBind, "given up": (*world).givenUp} {
		t.Run(name, func(t *testing.T) {
			each(t, func(w *world) {
				begin(w)
				was := w.get().State
				if was == record.InDoubt {
					w.wantRefused(record.SayResend, "may still be on its way", owned)
					w.later(owned)
				}
				w.wantResolved(record.SayResend, was, record.InDoubt)
				w.wantOneDue(0)
				if r := w.get(); !r.EndedAt.IsZero() || r.Cause != "" || w.r.Client.PTTL(w.ctx, key("job:", id)).Val() >= 0 {
					t.Errorf("%+v", r)
				}
				if step := w.tick(); step.Action != record.ActRepeat {
					t.Fatalf("the pump does %+v", step)
				}
				if a := w.repeat(2, "u"); a.Decision != ratelimit.Go {
					t.Fatalf("%+v", a)
				}
				// A refusal proves nothing about the first request.
				w.settle(record.Settlement{Attempt: 2, Token: "u", Result: record.ResultFailed, Cause: "platform"})
				w.is(record.InDoubt)
				w.wantOneDue(30 * time.Minute)
				w.later(30 * time.Minute)
				w.tickAll()
				w.is(record.Unknown)
				w.wantResolved(record.SayResend, record.Unknown, record.InDoubt)
				w.repeat(3, "v")
				w.settle(record.Settlement{Attempt: 3, Token: "v", Result: record.ResultBound, VendorID: "subid"})
				w.is(record.Active)
			})
		})
	}
	each(t, func(w *world) { // its time was over: it would not go out any more
		w.givenUp()
		w.later(24 * time.Hour)
		w.wantResolved(record.SayResend, record.Unknown, record.InDoubt)
		if a := w.repeat(2, "u"); a.Decision != ratelimit.Go || !w.get().ExpiresAt.Equal(w.now.Add(time.Hour)) {
			t.Errorf("%+v; it expires at %v", a, w.get().ExpiresAt)
		}
	})
	each(t, func(w *world) { // answers that bear few repeats are counted anew
		w.bind()
		s := lost(1)
		s.MaxRepeats = 1
		w.settle(s)
		w.later(owned)
		w.wantResolved(record.SayResend, record.InDoubt, record.InDoubt)
		w.repeat(2, "t")
		s.Attempt = 2
		if out := w.settle(s); out.State != record.InDoubt {
			t.Errorf("%+v", out)
		}
	})
}

// TestUnbindByAnOperatorsWord: it is done, or it is not; a number that may have a
// new binding is not released for an old job's sake.
func TestUnbindByAnOperatorsWord(t *testing.T) {
	unbind := func(w *world) {
		j := job()
		j.Kind = "unbind"
		w.create(j)
		w.ask(ratelimit.Request{Attempt: 1, Token: "t", Go: true, Free: true, Anytime: true, Repeatable: true, Keeps: true})
		w.settle(lost(1))
	}
	for as, want := range map[record.Word]record.State{record.SayCompleted: record.Completed, record.SayFailed: record.Failed} {
		each(t, func(w *world) {
			unbind(w)
			w.wantResolved(as, record.InDoubt, want)
		})
	}
	each(t, func(w *world) {
		unbind(w)
		w.later(owned)
		w.wantResolved(record.SayResend, record.InDoubt, record.InDoubt)
		w.later(time.Hour)
		w.tickAll()
		w.is(record.Unknown)
		w.wantRefused(record.SayResend, "may belong to another binding by now", 0)
	})
}
