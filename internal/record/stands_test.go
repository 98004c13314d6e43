package record_test

import (
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/ratelimit"
)

func (w *world) bound(names record.Names, call string) (record.Verdict, record.State) {
	w.t.Helper()
	v, s, err := w.store.Bound(w.ctx, id, numbers, names, call)
	w.must(err)
	return v, s
}

// latestStart is when the vendor can have taken the job's last request at the latest.
func (w *world) latestStart() time.Time {
	w.t.Helper()
	owned, err := w.r.Client.HGet(w.ctx, key("job:", id), "owned_until").Int64()
	w.must(err)
	if at := time.UnixMilli(owned); at.Before(w.now) {
		return at
	}
	return w.now
}

var subid = record.Names{VendorID: "subid"}

// TestCallOverABindingWhileItIsBound: it stands, whatever the answer says.
func TestCallOverABindingWhileItIsBound(t *testing.T) {
	for name, rest := range map[string]func(*world){
		"refused": func(w *world) {
			w.settle(record.Settlement{Result: record.ResultFailed, Cause: "platform", Code: "1302"})
		},
		"to be sent anew": func(w *world) { w.settle(refused(1, "t")) },
		"in doubt":        func(w *world) { w.settle(lost(1)) },
		"its worker dies": func(w *world) { w.later(46 * time.Second); w.tickAll() },
		"bound":           func(w *world) { w.settle(record.Settlement{Result: record.ResultBound}) },
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(w *world) {
				w.bind()
				if v, s := w.bound(subid, ""); v != record.Same || s != record.Submitting {
					t.Errorf("%s, %s", v, s)
				}
				rest(w)
				if r := w.get(); r.State != record.Active || r.VendorID != "subid" || !r.EndsAt.Equal(w.latestStart().Add(time.Hour)) {
					t.Errorf("%+v", r)
				}
				w.wantDue(w.latestStart().Add(time.Hour).Sub(w.now))
				w.wantLeads("subid", id, 1)
				if a := w.repeat(2, "u"); a.Decision != ratelimit.Over {
					t.Errorf("bound again: %+v", a)
				}
			})
		})
	}
}

// TestRepeatKeepsTheID: a repeat is the same request, so its binding has the same id.
func TestRepeatKeepsTheID(t *testing.T) {
	each(t, func(w *world) {
		w.bind()
		s := lost(1)
		s.VendorID = "subid"
		w.settle(s)
		w.later(2 * time.Second)
		w.repeat(2, "u")
		if got := w.get().VendorID; got != "subid" {
			t.Errorf("the id is %q", got)
		}
		if v, _ := w.bound(record.Names{VendorID: "other"}, ""); v != record.Foreign {
			t.Errorf("another binding's call: %s", v)
		}
	})
}

// TestAnswerToAnEarlierRequest: the vendor knows the repeat by its id, so that its
// answer to the first is its answer to all.
func TestAnswerToAnEarlierRequest(t *testing.T) {
	for result, want := range map[record.Result]record.State{record.ResultBound: record.Active, record.ResultDone: record.Completed} {
		answer := record.Settlement{Attempt: 1, Token: "t", Sent: true, Result: result, VendorID: "subid"}
		again := lost(2)
		again.Token = "u"
		for name, steps := range map[string][]func(*world){
			"being repeated":     {func(w *world) { w.settle(answer) }, func(w *world) { w.settle(again) }},
			"repeated, it died":  {func(w *world) { w.settle(answer) }, func(w *world) { w.later(46 * time.Second); w.tickAll() }},
			"repeated, refused":  {func(w *world) { w.settle(answer) }, func(w *world) { w.settle(refused(2, "u")) }},
			"in doubt once more": {func(w *world) { w.settle(again) }, func(w *world) { w.settle(answer) }},
			"given up": {
				func(w *world) { w.settle(again) }, func(w *world) { w.later(time.Hour); w.tickAll(); w.is(record.Unknown) },
				func(w *world) { w.settle(answer) },
			},
		} {
			t.Run(string(result)+"/"+name, func(t *testing.T) {
				each(t, func(w *world) {
					w.bind()
					w.later(46 * time.Second)
					w.tickAll()
					w.repeat(2, "u")
					for _, step := range steps {
						step(w)
					}
					r := w.get()
					if r.State != want || r.VendorID != "subid" || r.EndedAt.IsZero() != (want == record.Active) {
						t.Errorf("%+v", r)
					}
					if ttl := w.r.Client.PTTL(w.ctx, key("job:", id)).Val(); (ttl < 0) != (want == record.Active) {
						t.Errorf("kept for %v", ttl)
					}
					if want == record.Active {
						w.wantLeads("subid", id, 2)
						w.wantDue(w.latestStart().Add(time.Hour).Sub(w.now))
					}
				})
			})
		}
	}
	each(t, func(w *world) { // what the vendor does not know by an id says nothing of another
		w.secondTry()
		before := w.dump()
		if out := w.settle(record.Settlement{Attempt: 1, Token: "t", Result: record.ResultDone}); !out.Stale || w.dump() != before {
			t.Errorf("%+v, it changed\n%s\nto\n%s", out, before, w.dump())
		}
	})
	each(t, func(w *world) { // nor does a doubt
		w.doubtful()
		w.repeat(2, "u")
		before := w.dump()
		if out := w.settle(lost(1)); !out.Stale || w.dump() != before {
			t.Errorf("%+v, it changed\n%s\nto\n%s", out, before, w.dump())
		}
	})
}

// TestFailedBindingIsRevived only where it was ever sent.
func TestFailedBindingIsRevived(t *testing.T) {
	each(t, func(w *world) {
		w.create(job())
		_, err := w.store.Fail(w.ctx, id, "content", "no such thing")
		w.must(err)
		if v, s := w.bound(subid, ""); v != record.Foreign || s != record.Failed {
			t.Errorf("a call over an earlier job's binding: %s, %s", v, s)
		}
	})
	each(t, func(w *world) {
		w.in(record.Failed)
		if v, s := w.bound(subid, ""); v != record.Advanced || s != record.Active {
			t.Errorf("%s, %s", v, s)
		}
		if r := w.get(); r.Cause != "" || !r.EndedAt.IsZero() || r.VendorID != "subid" {
			t.Errorf("%+v", r)
		}
	})
}

// TestCallsOverABindingAreTold in its timeline, each once.
func TestCallsOverABindingAreTold(t *testing.T) {
	each(t, func(w *world) {
		w.in(record.Active)
		for _, call := range []string{id + "/1", id + "/1", "", id + "/2"} {
			w.bound(record.Names{}, call)
		}
		var told []string
		for _, e := range w.get().Timeline {
			if len(e.Detail) > 4 && e.Detail[:5] == "call " {
				told = append(told, e.Detail)
			}
		}
		if len(told) != 2 || told[0] != "call "+id+"/1" || told[1] != "call "+id+"/2" {
			t.Errorf("%q", told)
		}
	})
}
