package record_test

import (
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
)

func conflicts(r *record.Record) int {
	n := 0
	for _, e := range r.Timeline {
		if strings.HasPrefix(e.Detail, "result_conflict") {
			n++
		}
	}
	return n
}

// TestEvidenceMerges: of two ends the stronger stays, and completed beats all.
func TestEvidenceMerges(t *testing.T) {
	rows := []struct {
		name      string
		first     record.State
		strength  int
		then      record.State
		thenIs    int
		want      record.State
		verdict   record.Verdict
		conflicts int
	}{
		{"stronger wins", record.Busy, 2, record.NoAnswer, 3, record.NoAnswer, record.Advanced, 1},
		{"equal stays", record.Busy, 3, record.NoAnswer, 3, record.Busy, record.Same, 1},
		{"weaker stays", record.Busy, 3, record.NoAnswer, 2, record.Busy, record.Same, 1},
		{"completed wins though weaker", record.Busy, 4, record.Completed, 1, record.Completed, record.Advanced, 1},
		{"completed stays though weaker", record.Completed, 1, record.Failed, 4, record.Completed, record.Same, 1},
		{"the same end again", record.Busy, 2, record.Busy, 4, record.Busy, record.Same, 0},
		{"nothing told", record.Busy, 2, "", 4, record.Busy, record.Same, 0},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			each(t, func(w *world) {
				w.in(record.Submitted)
				w.advance(record.Evidence{State: row.first, Strength: row.strength, Code: "first", Cause: "first"})
				revision := w.get().Revision
				v, s := w.advance(record.Evidence{State: row.then, Strength: row.thenIs, Code: "then", Cause: "then", Facts: record.Facts{SIP: 486}})
				r := w.get()
				if v != row.verdict || s != row.want || r.State != row.want || conflicts(r) != row.conflicts {
					t.Errorf("%s, %s, %d conflicts; want %s, %s, %d", v, r.State, conflicts(r), row.verdict, row.want, row.conflicts)
				}
				if told := r.Revision - revision; told != map[bool]int{true: 1, false: 0}[v == record.Advanced] {
					t.Errorf("%d new revisions for %s", told, v)
				}
				if (r.VendorCode == "then") != (v == record.Advanced || row.first == row.then) {
					t.Errorf("the code is %q", r.VendorCode)
				}
			})
		})
	}
}

// TestEvidenceEndsAnyState of the attempt that it is about.
func TestEvidenceEndsAnyState(t *testing.T) {
	for _, s := range []record.State{
		record.Held, record.Submitting, record.Submitted, record.InDoubt, record.AwaitingDial, record.Ringing, record.InProgress,
		record.Unknown, record.Failed, record.Expired,
	} {
		t.Run(string(s), func(t *testing.T) {
			each(t, func(w *world) {
				w.in(s)
				if v, got := w.advance(record.Evidence{State: record.Completed, Cause: "answered", Strength: 2}); v != record.Advanced || got != record.Completed {
					t.Errorf("%s, %s", v, got)
				}
				if _, due := w.due(); due {
					t.Error("still due")
				}
				if m, err := w.store.MarkerState(w.ctx, id); err != nil || m != record.Completed {
					t.Errorf("its marker says %q, %v", m, err)
				}
				if w.charge() == 0 {
					t.Error("a call that was placed is not charged")
				}
				if a := w.send(2, "again"); a.Decision != "over" {
					t.Errorf("admit: %+v, want over", a)
				}
			})
		})
	}
}

func TestEvidenceOfAnotherAttemptOrCall(t *testing.T) {
	each(t, func(w *world) {
		w.in(record.Held)
		w.now = w.now.Add(time.Minute)
		w.send(2, "t2")
		if v, s := w.advance(record.Evidence{Attempt: 1, State: record.Completed, Strength: 4}); v != record.Stale || s != record.Submitting {
			t.Errorf("a late push of attempt 1: %s, %s", v, s)
		}
		w.settle(record.Settlement{Attempt: 2, Token: "t2", Result: record.ResultAccepted, VendorID: "ours", GiveUpIn: time.Hour})
		before := w.dump()
		if v, s := w.advance(record.Evidence{Attempt: 2, VendorID: "theirs", State: record.Completed, Strength: 4}); v != record.Foreign || s != record.Submitted {
			t.Errorf("another call's id: %s, %s", v, s)
		}
		if v, _ := w.advance(record.Evidence{Attempt: 3, State: record.Completed, Strength: 4}); v != record.Stale {
			t.Errorf("an attempt that never was: %s", v)
		}
		if after := w.dump(); after != before {
			t.Errorf("it changed\n%s\nto\n%s", before, after)
		}
		w.must(w.r.Client.FlushAll(w.ctx).Err())
		if v, s := w.advance(record.Evidence{State: record.Completed}); v != record.NoRecord || s != "" {
			t.Errorf("without a record: %s, %s", v, s)
		}
	})
}

// TestEvidenceBringsTheID: what tells no end still says which call it is.
func TestEvidenceBringsTheID(t *testing.T) {
	each(t, func(w *world) {
		w.in(record.InDoubt)
		if v, s := w.advance(record.Evidence{VendorID: "call"}); v != record.Same || s != record.InDoubt {
			t.Errorf("%s, %s", v, s)
		}
		if got := w.get().VendorID; got != "call" {
			t.Errorf("the call's id is %q", got)
		}
		w.wantDue(30 * time.Minute)
		d, b := 7*time.Second, false
		w.advance(record.Evidence{VendorID: "call", State: record.Busy, Strength: 2, Facts: record.Facts{SIP: 486, Duration: &d, Billable: &b}, Text: "忙"})
		r := w.get()
		if r.SIP != 486 || r.Duration == nil || *r.Duration != d || r.Billable == nil || *r.Billable || r.VendorText != "忙" {
			t.Errorf("%+v", r)
		}
	})
}
