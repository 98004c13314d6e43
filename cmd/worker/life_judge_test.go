package main

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
)

// settled waits until the vendors have nothing more to push, what they have an
// acknowledgement of is processed, each job has ended, and the applications know it.
func (l *life) settled(patience time.Duration) {
	l.t.Helper()
	deadline := time.Now().Add(patience)
	l.until(time.Until(deadline), "all is pushed", func() bool { return l.open() == 0 })
	l.until(time.Until(deadline), "every push that was acknowledged is processed", func() bool { return l.unprocessed() == "" })
	for _, b := range l.calls {
		l.each(time.Until(deadline), "every job of "+b.account+" has ended", b.ids, func(r *record.Record) bool { return r.State.Final() })
	}
	l.each(time.Until(deadline), "every call over a binding has ended", l.children(), func(r *record.Record) bool { return r.State.Final() })
	l.until(time.Until(deadline), "every event is delivered", func() bool { return l.waiting("events") == 0 })
	l.until(time.Until(deadline), "no task is left", func() bool { return l.tasks() == "" })
}

// open is how many pushes are still to come.
func (l *life) open() (n int) {
	for _, v := range l.tellers() {
		n += v.PushesOpen()
	}
	return n
}

// children are the records of the calls over bindings that something told of.
func (l *life) children() []string {
	l.t.Helper()
	var ids []string
	if l.bindings == nil {
		return nil
	}
	for _, id := range l.bindings.calls {
		r, err := l.store.Get(l.t.Context(), id)
		if err != nil {
			l.t.Fatalf("record of %s: %v", id, err)
		}
		if r != nil {
			ids = append(ids, id)
		}
	}
	return ids
}

// taken are the pushes that a vendor has an acknowledgement of, by call, as the
// text of all of them.
func taken(v telling) map[string]string {
	texts := map[string]string{}
	for _, push := range v.PushLog() {
		if push.Acked == 0 {
			continue
		}
		for _, call := range push.CallIDs {
			texts[call] += string(push.Body) + "\n"
		}
	}
	return texts
}

// judgeCalls: each job was called once and ended as its vendor knows it, where the
// vendor told it in any way; else it is unknown.
func (l *life) judgeCalls(t *testing.T, b *toldJobs) {
	t.Helper()
	notTwice(t, b.vendor)
	acknowledged, states, lost := taken(b.vendor), map[record.State]int{}, 0
	callOf := map[string]string{}
	for _, call := range b.vendor.Calls() {
		callOf[jobOf(call.Ref)] = call.CallID
	}
	for i, id := range b.ids {
		r, number := l.record(id), b.jobs[i].To
		states[r.State]++
		call, called := callOf[id]
		if !called {
			t.Errorf("%s was never called: %s", id, told(r))
			continue
		}
		want := wanted(number)
		answered := !strings.HasSuffix(number, "15") // so that its call can be asked after
		if acknowledged[call] == "" && !(b.polls && answered) {
			want = record.Unknown
			lost++
		}
		if r.State != want {
			t.Errorf("%s ended %s (%s), want %s: %s", id, r.State, r.Cause, want, told(r))
		}
		if want != record.Unknown && r.VendorID != call {
			t.Errorf("%s has the vendor's id %s, which is %s", id, r.VendorID, call)
		}
	}
	again, pushes := 0, b.vendor.PushLog()
	for _, push := range pushes {
		again += push.Again
	}
	t.Logf("%d calls, %v, %d told by nothing, %d pushes came again, %+v", len(callOf), states, lost, again, b.vendor.Pushes())
	if b.pushes && len(pushes) == 0 || len(pushes) > 15 && again == 0 || len(callOf) != len(b.ids) {
		t.Error("nothing went wrong, or calls are missing: there was nothing to judge")
	}
}

// judgeBound: a call over a binding has a record as soon as a push told of it, and
// one that has ended as soon as its CDR came.
func (l *life) judgeBound(t *testing.T) {
	t.Helper()
	b := l.bindings
	if twice := b.vendor.BoundTwice(); len(twice) > 0 {
		t.Errorf("the vendor saw bindings made twice: %s", strings.Join(twice, "; "))
	}
	for _, id := range b.ids {
		if r := l.record(id); r.State != record.Active {
			t.Errorf("binding %s is %s", id, r.State)
		}
	}
	acknowledged, states := taken(b.vendor), map[record.State]int{}
	for call, id := range b.calls {
		texts := acknowledged[call]
		r, err := l.store.Get(t.Context(), id)
		switch {
		case err != nil:
			t.Fatalf("record of %s: %v", id, err)
		case texts == "" && r != nil:
			t.Errorf("call %s has a record, and nothing told of it", id)
		case texts == "":
			states["none"]++
			continue
		case r == nil:
			t.Errorf("call %s has no record, though its vendor told of it", id)
			continue
		}
		want := record.Unknown
		if hasCDR(texts) {
			want = record.Completed
		}
		if states[r.State]++; r.State != want {
			t.Errorf("call %s ended %s, want %s: %s", id, r.State, want, told(r))
		}
	}
	t.Logf("%d bindings, %d calls over them: %v, %+v", len(b.ids), len(b.calls), states, b.vendor.Pushes())
}

// hasCDR says whether one of some pushes, a line each, is a CDR: only those have a
// result.
func hasCDR(texts string) bool {
	for line := range strings.Lines(texts) {
		if fields, err := url.ParseQuery(strings.TrimSpace(line)); err == nil && fields.Has("result") {
			return true
		}
	}
	return false
}
