package record_test

import (
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/ratelimit"
)

// TestLateAnswerAfterAResend: the answer to attempt 1, which an operator had sent
// again, says that it was placed. No refusal of attempt 2 brings a third call.
func TestLateAnswerAfterAResend(t *testing.T) {
	late := record.Settlement{
		Attempt: 1, Token: "t", Result: record.ResultAccepted, Sent: true, VendorID: "call-1", PollIn: time.Minute, GiveUpIn: time.Hour,
	}
	for name, order := range map[string]func(*world){
		"before the refusal": func(w *world) { w.settle(late); w.settle(refused(2, "u")) },
		"after the refusal":  func(w *world) { w.settle(refused(2, "u")); w.settle(late) },
		"told twice":         func(w *world) { w.settle(late); w.settle(late); w.settle(refused(2, "u")); w.settle(late) },
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(w *world) {
				w.create(job())
				w.send(1, "t")
				w.later(owned)
				w.tickAll() // its worker never said how it ended
				w.later(owned)
				w.resolve(record.SayResend, "x")
				w.bringBack()
				w.send(2, "u")
				order(w)
				if r := w.get(); r.State != record.Submitted || r.Attempt != 1 || r.VendorID != "call-1" {
					t.Fatalf("the job is %+v", r)
				}
				w.wantOneDue(time.Minute)
				if a := w.send(3, "v"); a.Decision == ratelimit.Go {
					t.Errorf("a third call: %+v", a)
				}
			})
		})
	}
}

// TestLateAnswerBesideAnotherCall: where attempt 2 was placed too, the job is its.
func TestLateAnswerBesideAnotherCall(t *testing.T) {
	each(t, func(w *world) {
		w.create(job())
		w.send(1, "t")
		w.later(owned)
		w.tickAll()
		w.later(owned)
		w.resolve(record.SayResend, "x")
		w.bringBack()
		w.send(2, "u")
		w.settle(record.Settlement{Attempt: 1, Token: "t", Result: record.ResultAccepted, VendorID: "call-1", GiveUpIn: time.Hour})
		w.settle(record.Settlement{Attempt: 2, Token: "u", Result: record.ResultAccepted, Sent: true, VendorID: "call-2", GiveUpIn: time.Hour})
		if r := w.get(); r.State != record.Submitted || r.Attempt != 2 || r.VendorID != "call-2" {
			t.Errorf("the job is %+v", r)
		}
	})
}
