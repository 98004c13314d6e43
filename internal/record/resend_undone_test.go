package record_test

import (
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/ratelimit"
)

// TestLateDoubtLeavesAResendAlone: the operator decided knowing of it.
func TestLateDoubtLeavesAResendAlone(t *testing.T) {
	each(t, func(w *world) {
		w.lostAndResent()
		w.settle(record.Settlement{Result: record.ResultInDoubt, Sent: true})
		w.is(record.Queued)
		w.wantOneDue(0)
		w.bringBack()
		if a := w.send(2, "u"); a.Decision != ratelimit.Go {
			t.Errorf("attempt 2: %+v", a)
		}
	})
}

// TestLateRefusalAfterAResend puts the job off, and it comes back.
func TestLateRefusalAfterAResend(t *testing.T) {
	each(t, func(w *world) {
		w.lostAndResent()
		w.settle(record.Settlement{Result: record.ResultAgain, Reason: "retry", RetryIn: time.Minute, Sent: true})
		w.is(record.Held)
		for range 2 { // the task that its worker returned is gone
			in, _ := w.due()
			w.later(in)
			l, err := w.store.Claim(w.ctx, "g", 1)
			w.must(err)
			step, err := w.store.Tick(w.ctx, l[0])
			w.must(err)
			if step.Action != record.ActLook {
				t.Fatalf("the pump does %+v", step)
			}
			_, err = w.store.Returned(w.ctx, l[0], step.Task, false)
			w.must(err)
		}
		if a := w.send(2, "u"); a.Decision != ratelimit.Go {
			t.Errorf("attempt 2: %+v", a)
		}
	})
}
