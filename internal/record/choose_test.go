package record_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/ratelimit"
)

// pool are middle numbers; their digits are what the vendor wants.
var pool = []record.PoolNumber{{Key: "k1", Digits: "17000000001"}, {Key: "k2", Digits: "17000000002"}, {Key: "k3", Digits: "17000000003"}}

// autoJob leaves its X to us, for A and B.
func autoJob(name string, parties ...string) record.NewJob {
	j := bindJob()
	j.ID, j.Parties, j.Numbers, j.X = "g."+name, parties, nil, ""
	j.Content = `{"mode":"axb","user_data":"\"x\":\"auto\"","x":"auto","a":"1"}`
	return j
}

func (w *world) chosen(name string, pool ...record.PoolNumber) bool {
	w.t.Helper()
	ok, err := w.store.Choose(w.ctx, "g."+name, pool)
	w.must(err)
	w.sound()
	return ok
}

func (w *world) of(name string) *record.Record {
	w.t.Helper()
	r, err := w.store.Get(w.ctx, "g."+name)
	w.must(err)
	if r == nil {
		w.t.Fatalf("g.%s has no record", name)
	}
	return r
}

// wantX: the job has chosen this number of the pool.
func (w *world) wantX(name string, n int) {
	w.t.Helper()
	if !w.chosen(name, pool...) {
		w.t.Fatalf("g.%s has no number", name)
	}
	if r := w.of(name); !r.Chosen || !slices.Equal(r.Numbers, []string{pool[n-1].Key}) || r.X != pool[n-1].Digits {
		w.t.Errorf("g.%s: %+v, want number %d", name, r, n)
	}
}

// take brings a chosen job's binding into being.
func (w *world) take(name string) {
	w.t.Helper()
	r := w.of(name)
	if a := w.askFor(r.ID, r.Numbers, r.Attempt+1); a.Decision != ratelimit.Go {
		w.t.Fatalf("%s: %+v", r.ID, a)
	}
	_, err := w.store.Settle(w.ctx, r.ID, r.Numbers, withToken(bound, r.Attempt+1, "t"))
	w.must(err)
}

func TestChooseTakesTheLeastUsed(t *testing.T) {
	each(t, func(w *world) {
		w.create(autoJob("a", "A", "B"))
		w.wantX("a", 1)
		h := w.holdings(record.HoldingFilter{})
		r := w.of("a")
		if len(h) != 1 || h[0].State != "chosen" || !h[0].Until.Equal(r.ExpiresAt) || h[0].X != pool[0].Digits || h[0].Generation != r.Generation || r.Generation == 0 {
			t.Errorf("%+v of %+v", h, r)
		}
		if want := `{"mode":"axb","user_data":"\"x\":\"auto\"","x":"17000000001","a":"1"}`; r.Content != want {
			t.Errorf("content %s", r.Content)
		}
		w.wantX("a", 1) // chosen twice is the same
		if again := w.of("a"); again.Generation != r.Generation || again.Content != r.Content {
			t.Errorf("chosen again: %+v", again)
		}
		w.later(time.Second)
		w.create(autoJob("b", "C", "D"))
		w.wantX("b", 2)
		w.later(time.Second)
		w.create(autoJob("c", "E", "F"))
		w.wantX("c", 3)
		w.create(autoJob("d", "G", "H")) // each has one: the one that was used longest ago
		w.later(time.Second)
		w.wantX("d", 1)
		w.take("b")
		w.create(autoJob("e", "I", "J"))
		w.later(time.Second)
		w.wantX("e", 3) // its binding was of a later generation
		if _, err := w.store.Released(w.ctx, "g.c", "k3", "by a test"); err != nil {
			t.Fatal(err)
		}
	})
	each(t, func(w *world) { // the one that was used least recently, of those that are free
		for _, name := range []string{"a", "b", "c"} {
			w.create(autoJob(name, "A"+name, "B"+name))
			if !w.chosen(name, pool...) {
				t.Fatal("no number")
			}
			w.later(time.Second)
		}
		for _, name := range []string{"b", "a", "c"} {
			if _, _, err := w.store.Cancel(w.ctx, "g."+name); err != nil {
				t.Fatal(err)
			}
		}
		w.sound()
		w.create(autoJob("d", "A", "B"))
		w.wantX("d", 1)
	})
}

// TestChooseAvoidsConflicts: of numbers, of modes, and what the vendor refused.
func TestChooseAvoidsConflicts(t *testing.T) {
	each(t, func(w *world) {
		for i, name := range []string{"a", "b", "c"} {
			w.create(autoJob(name, "A", "B"+name))
			w.wantX(name, i+1)
		}
		w.create(autoJob("d", "C", "A"))
		if w.chosen("d", pool...) {
			t.Errorf("A is bound on each: %+v", w.of("d"))
		}
		if r := w.of("d"); r.Chosen || len(r.Numbers) > 0 || !strings.Contains(r.Content, `"x":"auto"`) {
			t.Errorf("%+v", r)
		}
		w.take("b")
		if w.chosen("d", pool...) {
			t.Error("A is bound on each")
		}
		if s, err := w.store.Released(w.ctx, "g.b", "k2", "by a test"); err != nil || s != record.Released {
			t.Fatal(s, err)
		}
		w.wantX("d", 2)
	})
	each(t, func(w *world) { // two modes do not share a number, though the vendor may bear it
		w.create(autoJob("a", "A", "B"))
		w.wantX("a", 1)
		j := autoJob("b", "C")
		j.Mode = "xa"
		w.create(j)
		w.wantX("b", 2)
		w.create(autoJob("c", "C", "D"))
		if w.chosen("c", pool[1]) {
			t.Errorf("%+v", w.of("c"))
		}
		w.wantX("c", 3)
		j.ID = "g.d"
		w.create(j)
		if w.chosen("d", pool...) {
			t.Errorf("%+v", w.of("d"))
		}
	})
	each(t, func(w *world) { // none
		w.create(autoJob("a", "A", "B"))
		if w.chosen("a") || w.chosen("none", pool...) {
			t.Error("of nothing, for nobody")
		}
		w.create(job())
		if w.chosen("job", pool...) {
			t.Error("it has its number already")
		}
		_, _, err := w.store.Cancel(w.ctx, "g.a")
		w.must(err)
		if w.chosen("a", pool...) {
			t.Error("it waits no longer")
		}
	})
	each(t, func(w *world) { // one whose time is over takes none
		w.create(autoJob("a", "A", "B"))
		w.later(24 * time.Hour)
		if ok, err := w.store.Choose(w.ctx, "g.a", pool); err != nil || ok {
			t.Errorf("%v, %v", ok, err)
		}
		if keys := w.r.Client.Keys(w.ctx, key("x:", "*")).Val(); len(keys) > 0 {
			t.Errorf("it leaves %q", keys)
		}
	})
}

// TestChosenFreesItsNumber when its job ends, or its time is over.
func TestChosenFreesItsNumber(t *testing.T) {
	each(t, func(w *world) {
		w.create(autoJob("a", "A", "B"))
		w.wantX("a", 1)
		w.create(autoJob("b", "A", "C"))
		if w.chosen("b", pool[0]) {
			t.Error("A is to be bound on it")
		}
		w.later(24 * time.Hour)
		late := autoJob("c", "A", "C")
		w.create(late)
		if !w.chosen("c", pool[0]) {
			t.Error("the job that chose it is not sent any more")
		}
	})
}

// TestTwoNeverChooseOneNumber for one A, however many choose at once.
func TestTwoNeverChooseOneNumber(t *testing.T) {
	each(t, func(w *world) {
		const jobs = 12
		names := make([]string, jobs)
		for i := range jobs {
			names[i] = string(rune('a' + i))
			w.create(autoJob(names[i], "A", "B"+names[i]))
		}
		var all sync.WaitGroup
		got, errs := make([]bool, jobs), make([]error, jobs)
		for i, name := range names {
			all.Go(func() { got[i], errs[i] = w.store.Choose(w.ctx, "g."+name, pool) })
		}
		all.Wait()
		owners := map[string]string{}
		for i, name := range names {
			w.must(errs[i])
			if !got[i] {
				continue
			}
			x := w.of(name).Numbers[0]
			if owners[x] != "" {
				t.Errorf("%s and %s both have %s", owners[x], name, x)
			}
			owners[x] = name
		}
		if len(owners) != len(pool) {
			t.Errorf("%d of %d numbers were taken", len(owners), len(pool))
		}
		w.sound()
	})
}

// TestAnotherX: the vendor does not want the number that was chosen, so the next attempt
// is another request, for another one.
func TestAnotherX(t *testing.T) {
	each(t, func(w *world) {
		j := autoJob("a", "A", "B")
		w.create(j)
		w.wantX("a", 1)
		refuse := func(attempt int, next string) {
			t.Helper()
			r := w.of("a")
			if a := w.askFor("g.a", r.Numbers, attempt); a.Decision != ratelimit.Go {
				t.Fatalf("%+v", a)
			}
			s := withToken(refused(attempt, "t"), attempt, "t")
			s.OtherX, s.RefusesX = next, true
			out, err := w.store.Settle(w.ctx, "g.a", r.Numbers, s)
			if err != nil || out.State != record.Held {
				t.Fatalf("%+v, %v", out, err)
			}
			if got := w.of("a"); got.Chosen || got.X != "" || len(got.Numbers) > 0 || got.Generation != 0 || got.RequestID != next || got.Content != j.Content {
				t.Errorf("%+v", got)
			}
			if got := w.holdings(record.HoldingFilter{}); len(got) > 0 {
				t.Errorf("it keeps %+v", got)
			}
			w.sound()
			w.later(2 * time.Second)
		}
		refuse(1, "req2")
		w.wantX("a", 2)
		refuse(2, "req3")
		w.wantX("a", 3)
		refuse(3, "req4")
		if w.chosen("a", pool...) {
			t.Errorf("each was refused: %+v", w.of("a"))
		}
		w.create(autoJob("b", "A", "B"))
		w.wantX("b", 1) // they are refused to that job alone
	})
	each(t, func(w *world) { // who named his X stays with it
		w.bind()
		s := refused(1, "t")
		s.OtherX = "req2"
		w.settle(s)
		if r := w.get(); r.RequestID != "req" || !slices.Equal(r.Numbers, numbers) {
			t.Errorf("%+v", r)
		}
	})
	each(t, func(w *world) { // nor is another one tried where the last request may have taken effect
		w.create(autoJob("a", "A", "B"))
		w.wantX("a", 1)
		w.askFor("g.a", []string{"k1"}, 1)
		_, err := w.store.Settle(w.ctx, "g.a", []string{"k1"}, withToken(lost(1), 1, "t"))
		w.must(err)
		w.later(time.Minute)
		w.askFor("g.a", []string{"k1"}, 2)
		s := refused(2, "t")
		s.OtherX = "req2"
		_, err = w.store.Settle(w.ctx, "g.a", []string{"k1"}, s)
		w.must(err)
		if r := w.of("a"); r.State != record.InDoubt || !r.Chosen || r.RequestID != "req" {
			t.Errorf("%+v", r)
		}
		w.sound()
	})
}
