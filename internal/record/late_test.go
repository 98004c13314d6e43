package record_test

import (
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
)

// Evidence that an earlier attempt, given back as "not placed", was a call
// charges it again, though a later attempt owns the record.
func TestLateEvidenceRestoresTheCharge(t *testing.T) {
	each(t, func(w *world) {
		w.create(job())
		w.send(1, "t")
		w.settle(record.Settlement{Result: record.ResultAgain, Reason: "retry", RetryIn: time.Minute})
		w.now = w.now.Add(2 * time.Minute)
		w.send(2, "u")
		w.settle(record.Settlement{Attempt: 2, Token: "u", Result: record.ResultAccepted, VendorID: "c2", GiveUpIn: time.Hour})
		late := record.Evidence{Attempt: 1, State: record.Completed, Strength: 4, VendorID: "c1"}
		for range 2 {
			if v, s := w.advance(late); v != record.Stale || s != record.Submitted {
				t.Errorf("a push about attempt 1: %s, the job is %s", v, s)
			}
		}
		if w.charge() == 0 {
			t.Error("attempt 1 was a call and is charged nowhere")
		}
		conflicts := 0
		for _, e := range w.get().Timeline {
			if e.State == record.Submitted && e.Detail != "" {
				conflicts++
			}
		}
		if conflicts != 1 {
			t.Errorf("the timeline tells of it %d times: %v", conflicts, w.get().Timeline)
		}
	})
}

// The send's own answer names the call, whatever an early push named.
func TestSendAnswerNamesTheCall(t *testing.T) {
	each(t, func(w *world) {
		w.create(job())
		w.send(1, "t")
		w.advance(record.Evidence{VendorID: "leg-1", Strength: 2})
		w.settle(record.Settlement{Result: record.ResultAccepted, VendorID: "call-1", GiveUpIn: time.Hour, PollIn: time.Minute})
		if v, _ := w.advance(record.Evidence{State: record.Completed, VendorID: "call-1", Strength: 4}); v != record.Advanced {
			t.Errorf("the push about the call that the send named is %s", v)
		}
	})
}

// A completed record does not wear the words of the lost answer.
func TestWordsGoTogether(t *testing.T) {
	each(t, func(w *world) {
		w.create(job())
		w.send(1, "t")
		w.settle(record.Settlement{Result: record.ResultInDoubt, Text: "timeout", Sent: true})
		w.advance(record.Evidence{State: record.Completed, Strength: 4, Code: "0"})
		if r := w.get(); r.VendorCode != "0" || r.VendorText != "" {
			t.Errorf("%s, code %q, text %q", r.State, r.VendorCode, r.VendorText)
		}
	})
}

// A lost poll task does not put off the end.
func TestBumpKeepsGiveUp(t *testing.T) {
	each(t, func(w *world) {
		w.create(job())
		w.send(1, "t")
		w.settle(record.Settlement{Result: record.ResultAccepted, VendorID: "c", GiveUpIn: time.Minute, PollIn: 10 * time.Second})
		w.now = w.now.Add(10 * time.Second)
		leases, err := w.store.Claim(w.ctx, "g", 10)
		w.must(err)
		for _, l := range leases {
			_, err := w.store.Tick(w.ctx, l)
			w.must(err)
			w.must(w.store.Bump(w.ctx, l))
		}
		if in, _ := w.due(); in > 50*time.Second {
			t.Errorf("due in %v, though it is given up in 50 s", in)
		}
	})
}

// The record of a cancelled job outlives the task that still waits for its time.
func TestRecordOutlivesItsTask(t *testing.T) {
	each(t, func(w *world) {
		j := job()
		j.NotBefore, j.ExpiresAt, j.ExpiresIn = w.now.Add(100*time.Hour), w.now.Add(200*time.Hour), 0
		w.create(j)
		if _, _, err := w.store.Cancel(w.ctx, id); err != nil {
			t.Fatal(err)
		}
		if ttl := w.r.Client.PTTL(w.ctx, key("job:", id)).Val(); ttl < 100*time.Hour+j.Retain-time.Minute {
			t.Errorf("the record is kept for %s, its task runs in 100 h", ttl)
		}
	})
}
