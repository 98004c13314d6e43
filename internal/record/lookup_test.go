package record_test

import (
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
)

func (w *world) wantLeads(vendorID, to string, attempt int) {
	w.t.Helper()
	got, n, err := w.store.ByVendorID(w.ctx, "g", vendorID)
	if err != nil || got != to || n != attempt {
		w.t.Errorf("%s leads to %q attempt %d (%v), want %q attempt %d", vendorID, got, n, err, to, attempt)
	}
}

// wantKnown is for how long the name leads to its job.
func (w *world) wantKnown(name string, want time.Duration) {
	w.t.Helper()
	got := w.r.Client.PTTL(w.ctx, key("call:", name)).Val()
	if got > want || got < want-10*time.Second {
		w.t.Errorf("%s: known for %v, want %v", name, got, want)
	}
}

const kept = 72 * time.Hour // of the test's job, after its end

func TestVendorIDLeadsToItsCall(t *testing.T) {
	for name, c := range map[string]struct {
		do    func(*world)
		known time.Duration
	}{
		"accepted": {func(w *world) { w.in(record.Submitted) }, time.Hour + kept},
		"dial":     {func(w *world) { w.in(record.AwaitingDial) }, 2*time.Hour + kept},
		"in doubt": {func(w *world) {
			w.in(record.Submitting)
			w.settle(record.Settlement{Result: record.ResultInDoubt, VendorID: "call"})
		}, 30*time.Minute + kept},
		"told":      {func(w *world) { w.in(record.Submitting); w.advance(firstRings) }, time.Hour + kept},
		"told late": {func(w *world) { w.secondTry(); w.advance(firstRings) }, time.Hour + kept},
		"perhaps": {func(w *world) {
			w.in(record.Submitting)
			w.settle(record.Settlement{Result: record.ResultFailed, Maybe: true, VendorID: "call"})
		}, kept},
		"overtaken": {func(w *world) {
			w.in(record.Submitting)
			w.advance(record.Evidence{State: record.Completed, Strength: 4})
			w.settle(record.Settlement{Result: record.ResultAccepted, VendorID: "call"})
		}, kept},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(w *world) {
				w.wantLeads("call", "", 0)
				c.do(w)
				w.wantLeads("call", id, 1)
				w.wantKnown("call", c.known)
				if fields := w.r.Client.HGetAll(w.ctx, key("call:", "call")).Err(); fields == nil {
					t.Error("a name was taken for a number")
				}
			})
		})
	}
	each(t, func(w *world) { // a refused call is none
		w.in(record.Submitting)
		w.settle(record.Settlement{Result: record.ResultFailed, VendorID: "call"})
		w.wantLeads("call", "", 0)
	})
	each(t, func(w *world) { // nor is another's id taken over
		w.in(record.Submitted)
		w.advance(record.Evidence{VendorID: "theirs", State: record.Ringing})
		w.wantLeads("theirs", "", 0)
	})
	each(t, func(w *world) {
		w.must(w.r.Client.Set(w.ctx, key("call:", "odd"), "g.job.x", time.Hour).Err())
		if _, _, err := w.store.ByVendorID(w.ctx, "g", "odd"); err == nil || strings.Contains(err.Error(), "odd") {
			t.Errorf("%v", err)
		}
	})
}

// TestCallOverABindingTakesNoName: the vendor's id is its binding's.
func TestCallOverABindingTakesNoName(t *testing.T) {
	each(t, func(w *world) {
		w.in(record.Active)
		_, _, err := w.store.AdvanceChild(w.ctx, record.Child{Parent: w.get(), From: "138****0001", To: "139****0002", Retain: time.Hour},
			record.Evidence{Task: "t1", VendorID: "t1", State: record.Completed})
		w.must(err)
		w.wantLeads("t1", "", 0)
		r, err := w.store.Get(w.ctx, record.ChildID(id, "t1"))
		if err != nil || r == nil || r.From != "138****0001" || r.To != "139****0002" {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

// TestChildIDShowsNoNumber: what looks like a phone's number, or may break an id,
// is told by its digest.
func TestChildIDShowsNoNumber(t *testing.T) {
	for task, plain := range map[string]bool{
		"c1_A-9": true, "12345": true, strings.Repeat("a", 64): true,
		"13800000001": false, "8613800000001": false, "a.b": false, "a/b": false, "~": false, "": false, strings.Repeat("a", 65): false,
	} {
		got := record.ChildID(id, task)
		name, ours := strings.CutPrefix(got, id+"/")
		if !ours || (name == task) != plain || !plain && len(name) != 32 {
			t.Errorf("%q: %s", task, got)
		}
		if group, ok := record.GroupOf(got); !ok || group != "g" {
			t.Errorf("%s is of group %q", got, group)
		}
	}
	if record.ChildID(id, "13800000001") == record.ChildID(id, "13800000002") {
		t.Error("two calls have one name")
	}
}

// TestIsPush: only the word right behind the group says so.
func TestIsPush(t *testing.T) {
	for member, want := range map[string]bool{
		record.PushID("g", "hash"): true, "g.job": false, "g.job.push-1": false, ".push-1": false, "push-1": false,
	} {
		if got := record.IsPush(member); got != want {
			t.Errorf("%s: %v", member, got)
		}
	}
}
