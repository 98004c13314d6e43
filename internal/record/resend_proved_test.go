package record_test

import (
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/ratelimit"
)

// TestNoResendOfACallThatAPushProved: somebody's phone rang, and nobody knows how it
// ended. That the vendor accepted a request proves no call.
func TestNoResendOfACallThatAPushProved(t *testing.T) {
	each(t, func(w *world) { // told in time, given up later
		w.in(record.InProgress)
		w.later(48 * time.Hour)
		w.tickAll()
		w.is(record.Unknown)
		w.wantRefused(record.SayResend, "said that attempt 1 was placed", 0)
		w.wantNoMore(2)
	})
	for _, told := range []record.State{record.Ringing, record.InProgress} {
		each(t, func(w *world) { // told when it was given up
			w.in(record.InDoubt)
			w.later(time.Hour)
			w.tickAll()
			w.is(record.Unknown)
			w.advance(record.Evidence{State: told, Strength: 4, VendorID: "call"})
			w.wantRefused(record.SayResend, "said that attempt 1 was placed", 0)
			w.wantNoMore(2)
		})
	}
	each(t, func(w *world) {
		w.in(record.Submitted)
		w.later(2 * time.Hour)
		w.tickAll()
		w.is(record.Unknown)
		w.wantResolved(record.SayResend, record.Unknown, record.Queued)
	})
}

// lostAndResent is a job whose worker fell silent in attempt 1, and that an operator
// sends again.
func (w *world) lostAndResent() {
	w.t.Helper()
	w.in(record.Submitting)
	w.later(owned)
	w.tickAll()
	w.is(record.InDoubt)
	w.resolve(record.SayResend, "x")
}

// TestNoThirdCallAfterLateWordOfTheFirst, whoever tells it and whenever.
func TestNoThirdCallAfterLateWordOfTheFirst(t *testing.T) {
	for name, late := range map[string]func(*world){
		"its answer": func(w *world) {
			w.settle(record.Settlement{Result: record.ResultAccepted, VendorID: "call", GiveUpIn: time.Hour, PollIn: time.Minute, Sent: true})
		},
		"a push": func(w *world) {
			w.advance(record.Evidence{State: record.InProgress, Strength: 4, VendorID: "call", GiveUpIn: time.Hour})
		},
	} {
		for _, before := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				each(t, func(w *world) {
					w.lostAndResent()
					w.bringBack()
					w.send(2, "u")
					if before {
						late(w)
					}
					w.settle(record.Settlement{Attempt: 2, Token: "u", Result: record.ResultAgain, Reason: "line_busy", RetryIn: time.Minute, Sent: true})
					if !before {
						late(w)
					}
					w.later(2 * time.Minute)
					if a := w.send(3, "v"); a.Decision == ratelimit.Go || w.get().VendorID != "call" {
						t.Errorf("told before the second answer: %v: %+v, %+v", before, a, w.get())
					}
				})
			})
		}
	}
}

// TestLateAnswerTeachesItsNumbersAndItsLane: what the vendor says of them holds
// whatever became of the attempt, and is counted once.
func TestLateAnswerTeachesItsNumbersAndItsLane(t *testing.T) {
	each(t, func(w *world) {
		w.lostAndResent()
		w.bringBack()
		w.send(2, "u")
		late := record.Settlement{
			Result: record.ResultAgain, Reason: record.HoldLockout, RetryIn: 24 * time.Hour, LockFor: 24 * time.Hour, KeepCharge: true, Sent: true, Masks: "1",
			Lane: &record.LaneNews{Health: record.HealthFailed, Gate: record.GateHalt, Breaker: record.Breaker{After: 9, Open: time.Minute, MaxOpen: time.Minute}},
		}
		for range 2 {
			if out := w.settle(late); !out.Stale {
				t.Errorf("%+v", out)
			}
		}
		if !w.r.Client.HExists(w.ctx, key("number:", num), "lock").Val() || !w.r.Client.HExists(w.ctx, key("locks", ""), num).Val() {
			t.Error("the vendor said that it locked the number, and nobody knows")
		}
		if !w.r.Client.HExists(w.ctx, key("lane:", "acct"), "g:halt").Val() {
			t.Error("the vendor said that it halted the account, and nobody knows")
		}
		if n := w.r.Client.HGet(w.ctx, key("lane:", "acct"), "b:fails").Val(); n != "1" {
			t.Errorf("one failure counts as %s", n)
		}
		w.is(record.Submitting)
		if r := w.get(); r.Attempt != 2 {
			t.Errorf("%+v", r)
		}
	})
}
