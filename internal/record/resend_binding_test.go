package record_test

import (
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/ratelimit"
)

// TestResendOfABinding: the very same request goes out at once, and may for as long
// as any other in doubt; what its answer is says it of the first one, too.
func TestResendOfABinding(t *testing.T) {
	for name, begin := range map[string]func(*world){"in doubt": (*world).lostBind, "given up": (*world).givenUp} {
		t.Run(name, func(t *testing.T) {
			each(t, func(w *world) {
				begin(w)
				w.later(owned)
				was, lines := w.get().State, len(w.get().Timeline)
				w.wantResolved(record.SayResend, was, record.InDoubt)
				w.wantOneDue(0)
				if n := len(w.get().Timeline) - lines; n != 1 {
					t.Errorf("the word has %d lines in the timeline", n)
				}
				if step := w.tick(); step.Action != record.ActRepeat {
					t.Fatalf("the pump does %+v", step)
				}
				w.repeat(2, "u")
				w.settle(record.Settlement{Attempt: 2, Token: "u", Result: record.ResultFailed, Cause: "platform"})
				w.is(record.InDoubt)
				w.wantOneDue(30 * time.Minute)
			})
		})
	}
}

// TestResendCountsRepeatsAnew, where the vendor's answers bear few of them.
func TestResendCountsRepeatsAnew(t *testing.T) {
	each(t, func(w *world) {
		w.bind()
		few := lost(1)
		few.MaxRepeats = 1
		w.settle(few)
		w.later(owned)
		w.wantResolved(record.SayResend, record.InDoubt, record.InDoubt)
		w.repeat(2, "t")
		few.Attempt = 2
		if out := w.settle(few); out.State != record.InDoubt {
			t.Errorf("%+v", out)
		}
	})
}

// TestResendLeavesTheFirstInDoubt: a late refusal of a repeat says nothing of it.
func TestResendLeavesTheFirstInDoubt(t *testing.T) {
	each(t, func(w *world) {
		w.lostBind()
		w.later(owned)
		w.repeat(2, "u")
		w.later(owned)
		w.tickAll() // its worker fell silent
		w.is(record.InDoubt)
		w.later(owned)
		w.wantResolved(record.SayResend, record.InDoubt, record.InDoubt)
		w.settle(record.Settlement{Attempt: 2, Token: "u", Result: record.ResultFailed, Cause: "platform"})
		w.is(record.InDoubt)
	})
}

// TestResendStartsAfresh: nothing of the life before it ends or hurries the job.
func TestResendStartsAfresh(t *testing.T) {
	each(t, func(w *world) { // its task was taken again and again while it was being sent
		w.in(record.Submitting)
		for range 25 {
			_, _, err := w.store.Start(w.ctx, id)
			w.must(err)
		}
		w.later(owned)
		w.tickAll()
		w.wantResolved(record.SayResend, record.InDoubt, record.Queued)
		_, _, err := w.store.Start(w.ctx, id)
		w.must(err)
		w.is(record.Queued)
	})
	each(t, func(w *world) { // accepted, and given up
		w.in(record.Unknown)
		w.wantResolved(record.SayResend, record.Unknown, record.Queued)
		if r := w.get(); !r.GiveUpAt.IsZero() || r.HoldReason != "" {
			t.Errorf("%+v", r)
		}
	})
	each(t, func(w *world) { // the doubt is over: a refusal is the second attempt's own
		w.in(record.InDoubt)
		w.later(owned)
		w.wantResolved(record.SayResend, record.InDoubt, record.Queued)
		w.bringBack()
		if a := w.send(2, "u"); a.Decision != ratelimit.Go {
			t.Fatalf("%+v", a)
		}
		w.settle(refused(2, "u"))
		w.is(record.Held)
		r := w.get()
		said := 0
		for _, line := range r.Timeline {
			if strings.Contains(line.Detail, "an operator says") {
				said++
			}
		}
		if said != 1 {
			t.Errorf("the operator's word stands %d times: %+v", said, r.Timeline)
		}
	})
	each(t, func(w *world) { // a full timeline has room for the operator's word
		w.create(job())
		w.send(1, "t")
		w.later(owned)
		w.tickAll()
		w.must(w.r.Client.HSet(w.ctx, key("job:", id), "timeline", 60).Err())
		w.later(owned)
		w.resolve(record.SayResend, "x")
		if r := w.get(); !strings.Contains(r.Timeline[len(r.Timeline)-1].Detail, "an operator says: resend") {
			t.Errorf("the timeline ends with %+v", r.Timeline[len(r.Timeline)-1])
		}
	})
}
