package record_test

import (
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/ratelimit"
)

// askFor asks for the bind job's attempt n with the token t.
func (w *world) askFor(job string, numbers []string, n int) ratelimit.Answer {
	w.t.Helper()
	return w.askOf(ratelimit.Request{JobID: job, Numbers: numbers, Attempt: n, Token: "t", Go: true, Free: true, Anytime: true, Repeatable: true})
}

// rival makes a bind job of another name, on the same X and with a number in common.
func (w *world) rival(name string) {
	w.t.Helper()
	j := bindJob()
	j.ID = "g." + name
	j.Parties = []string{"C", "A"}
	w.create(j)
}

// wantRival: a new bind job on the X must wait for so long, five seconds for one of which
// it is not known whether it stands, one for one that does; 0: it goes.
func (w *world) wantRival(name string, wait time.Duration) {
	w.t.Helper()
	w.rival(name)
	w.wantHeld("g."+name, wait)
}

func (w *world) wantHeld(job string, wait time.Duration) {
	w.t.Helper()
	a := w.askFor(job, numbers, 1)
	if wait == 0 {
		if a.Decision != ratelimit.Go {
			w.t.Errorf("%s: %+v, want it to go", job, a)
		}
		return
	}
	r, err := w.store.Get(w.ctx, job)
	w.must(err)
	if a.Decision != ratelimit.Hold || a.Reason != record.HoldConflict || !a.Until.Equal(w.now.Add(wait)) || r.State != record.Held || r.HoldReason != record.HoldConflict {
		w.t.Errorf("%s: %+v, %+v, want it to wait %v", job, a, r, wait)
	}
}

// TestBindWaitsForOneInDoubt for as long as nobody knows, and goes when it is known
// that there is none.
func TestBindWaitsForOneInDoubt(t *testing.T) {
	for name, ends := range map[string]func(*world){
		"refused": func(w *world) { w.settle(record.Settlement{Result: record.ResultFailed, Cause: "platform"}) },
		"an operator says failed": func(w *world) {
			w.settle(lost(1))
			w.wantResolved(record.SayFailed, record.InDoubt, record.Failed)
		},
		"released in doubt": func(w *world) { w.settle(lost(1)); w.release() },
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(w *world) {
				w.bind()
				w.wantRival("b", 5*time.Second)
				for range 5 { // however long it takes
					w.later(5 * time.Second)
					w.wantHeld("g.b", 5*time.Second)
				}
				ends(w)
				w.wantHeld("g.b", 0)
				w.sound()
			})
		})
	}
}

// TestBindFailsAtOneThatStands: an unbind may be on its way, but not for ever.
func TestBindFailsAtOneThatStands(t *testing.T) {
	each(t, func(w *world) {
		w.bind()
		w.settle(bound)
		w.wantRival("b", time.Second)
		w.later(9999 * time.Millisecond)
		w.wantHeld("g.b", time.Second)
		w.later(time.Millisecond)
		if a := w.askFor("g.b", numbers, 1); a.Decision != ratelimit.Over || a.State != record.Failed {
			t.Errorf("%+v", a)
		}
		r, err := w.store.Get(w.ctx, "g.b")
		w.must(err)
		if r.State != record.Failed || r.Cause != "binding_conflict" || r.Attempt != 0 {
			t.Errorf("%+v", r)
		}
		w.is(record.Active)
		w.sound()
		// Nobody waited between two that come in their time.
		w.wantRival("c", time.Second)
		w.later(5 * time.Second)
		w.release()
		w.wantHeld("g.c", 0)
		w.sound()
	})
	each(t, func(w *world) { // its patience begins anew when it learns that one stands
		w.bind()
		w.wantRival("b", 5*time.Second)
		w.later(20 * time.Second)
		w.settle(bound)
		w.wantHeld("g.b", time.Second)
		w.later(9 * time.Second)
		w.wantHeld("g.b", time.Second)
	})
	each(t, func(w *world) { // what ends by itself leaves room to the millisecond
		w.bind()
		w.settle(bound)
		w.later(time.Hour - time.Millisecond)
		w.wantRival("b", time.Second)
		w.later(time.Millisecond)
		w.wantHeld("g.b", 0)
	})
}

// TestWhoIsInAConflict: on an X that leads to one, any other that does; and whoever
// has a number in common, in whatever mode.
func TestWhoIsInAConflict(t *testing.T) {
	for name, c := range map[string]struct {
		mode, other string
		parties     []string
		conflict    bool
	}{
		"A in common":       {"axb", "axb", []string{"A", "C"}, true},
		"B in common":       {"axb", "axb", []string{"C", "B"}, true},
		"the other way":     {"axb", "axb", []string{"B", "A"}, true},
		"nothing in common": {"axb", "axb", []string{"C", "D"}, false},
		"both lead to one":  {"xa", "xa", []string{"C"}, true},
		"another mode":      {"axb", "xa", []string{"A"}, true},
		"the other mode":    {"xa", "axb", []string{"A", "C"}, true},
		"only the X":        {"axb", "xa", []string{"C"}, false},
		"only the X again":  {"xa", "axb", []string{"B", "C"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(w *world) {
				j := bindJob()
				if j.Mode = c.mode; c.mode == "xa" {
					j.Parties = []string{"A"}
				}
				w.create(j)
				w.askFor(id, numbers, 1)
				w.settle(bound)
				j = bindJob()
				j.ID, j.Mode, j.Parties = "g.b", c.other, c.parties
				w.create(j)
				w.wantHeld("g.b", map[bool]time.Duration{true: time.Second}[c.conflict])
				w.sound()
			})
		})
	}
}

// TestOneThatStandsGoesBeforeOneInDoubt, whatever they are called: there is no room
// though the other one was never made.
func TestOneThatStandsGoesBeforeOneInDoubt(t *testing.T) {
	for _, stands := range []string{"g.a", "g.z"} {
		each(t, func(w *world) {
			for i, name := range []string{"g.a", "g.z"} {
				j := bindJob()
				j.ID, j.Parties = name, [][]string{{"A", "C"}, {"B", "D"}}[i]
				w.create(j)
				if a := w.askFor(name, numbers, 1); a.Decision != ratelimit.Go {
					t.Fatalf("%+v", a)
				}
				s := lost(1)
				if name == stands {
					s = bound
				}
				_, err := w.store.Settle(w.ctx, name, numbers, withToken(s, 1, "t"))
				w.must(err)
			}
			w.create(bindJob()) // of A and B
			w.wantHeld(id, time.Second)
			w.later(10 * time.Second)
			if a := w.askFor(id, numbers, 1); a.State != record.Failed {
				t.Errorf("%+v", a)
			}
		})
	}
}

// TestRepeatFindsItsXTaken: its own time ended, and somebody else has the X now. It stays
// in doubt; the repeat would take the number from him.
func TestRepeatFindsItsXTaken(t *testing.T) {
	each(t, func(w *world) {
		j := bindJob()
		j.TTL = time.Minute
		w.create(j)
		w.repeat(1, "t")
		w.settle(lost(1))
		w.later(2 * time.Minute)
		w.wantRival("b", 0)
		w.sound()
		if a := w.repeat(2, "u"); a.Decision != ratelimit.Over || a.State != record.InDoubt {
			t.Errorf("the repeat: %+v", a)
		}
		w.wantDue(5 * time.Second)
		_, err := w.store.Settle(w.ctx, "g.b", numbers, withToken(bound, 1, "t"))
		w.must(err)
		w.later(5 * time.Second)
		if a := w.repeat(2, "u"); a.Decision != ratelimit.Over || a.State != record.InDoubt {
			t.Errorf("the repeat: %+v", a)
		}
		w.wantDue(time.Second)
		w.later(11 * time.Second) // its end is its doubt's, not a conflict's
		if a := w.repeat(2, "u"); a.Decision != ratelimit.Over || a.State != record.InDoubt {
			t.Errorf("the repeat: %+v", a)
		}
		w.sound()
		_, err = w.store.Released(w.ctx, "g.b", num, "by a test")
		w.must(err)
		w.later(time.Second)
		if a := w.repeat(2, "u"); a.Decision != ratelimit.Go {
			t.Errorf("the X is free: %+v", a)
		}
		w.sound()
	})
}

// TestRepeatIsOfItsGeneration: it is the same request.
func TestRepeatIsOfItsGeneration(t *testing.T) {
	each(t, func(w *world) {
		w.bind()
		first := w.get().Generation
		w.settle(lost(1))
		w.later(time.Minute)
		w.repeat(2, "u")
		if got := w.get().Generation; got != first || first != w.now.Add(-time.Minute).UnixMilli() {
			t.Errorf("generation %d, then %d", first, got)
		}
		w.settle(record.Settlement{Attempt: 2, Token: "u", Result: record.ResultBound})
		w.release()
		w.wantRival("b", 0)
		if r, err := w.store.Get(w.ctx, "g.b"); err != nil || r.Generation <= first {
			t.Errorf("the next one has generation %d after %d, %v", r.Generation, first, err)
		}
	})
}

// TestConflictDoesNotMoveItsOwnRetry: refused for now, it is no rival of itself.
func TestConflictDoesNotMoveItsOwnRetry(t *testing.T) {
	each(t, func(w *world) {
		w.bind()
		w.settle(refused(1, "t"))
		w.wantRival("b", 0)
		w.later(2 * time.Second)
		if a := w.repeat(2, "u"); a.Decision != ratelimit.Hold || a.Reason != record.HoldConflict {
			t.Errorf("%+v", a)
		}
		w.sound()
	})
}
