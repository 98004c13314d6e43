package record_test

import (
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
)

// TestMessageOverABinding is told once, in a record of its own that knows nothing of
// what it says.
func TestMessageOverABinding(t *testing.T) {
	each(t, func(w *world) {
		j := bindJob()
		j.Tells, j.EventURL = true, "https://example.com/e"
		w.create(j)
		w.repeat(1, "t")
		w.settle(bound)
		_, err := w.store.ClaimEvents(w.ctx, "g", 10, time.Minute)
		w.must(err)
		child := record.Child{Parent: w.get(), From: "138****0001", To: "139****0002", Hides: []string{"13800000001"}, Retain: time.Hour}
		facts := record.Facts{Began: w.now.Add(-time.Second)}
		for i, want := range []record.Verdict{record.Advanced, record.Same} {
			v, s, err := w.store.Message(w.ctx, child, "t1", facts)
			if err != nil || v != want || s != record.Completed {
				t.Errorf("told %d times: %s, %s, %v", i+1, v, s, err)
			}
			w.later(time.Second)
		}
		r, err := w.store.Get(w.ctx, record.ChildID(id, "t1"))
		w.must(err)
		if r == nil || r.Kind != record.KindSMS || r.State != record.Completed || r.Parent != id || r.From != child.From || r.To != child.To ||
			r.Content != "" || r.Cause != "" || !r.EndedAt.Equal(w.now.Add(-2*time.Second)) || !r.Began.Equal(facts.Began) || r.Account != "acct" {
			t.Errorf("%+v", r)
		}
		if ttl := w.r.Client.PTTL(w.ctx, key("job:", r.ID)).Val(); ttl <= 0 || ttl > time.Hour {
			t.Errorf("kept for %v", ttl)
		}
		events, err := w.store.ClaimEvents(w.ctx, "g", 10, time.Minute)
		w.must(err)
		if len(events) != 1 || events[0].Record.ID != r.ID || events[0].Record.Kind != record.KindSMS || events[0].Record.State != record.Completed {
			t.Errorf("%d events: %+v", len(events), events)
		}
		if _, _, err := w.store.Message(w.ctx, child, "t2", facts); err != nil {
			t.Error(err)
		}
		if events, err = w.store.ClaimEvents(w.ctx, "g", 10, time.Minute); err != nil || len(events) != 1 || !strings.HasSuffix(events[0].Record.ID, "/t2") {
			t.Errorf("another one: %+v, %v", events, err)
		}
		w.sound()
	})
}
