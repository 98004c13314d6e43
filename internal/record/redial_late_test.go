package record_test

import (
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/ratelimit"
)

// The first attempt was refused, rang all the same, and was answered; the second finds
// the callee busy with it.
func TestWhoAnsweredAnEarlierAttemptIsNotCalledAgain(t *testing.T) {
	for _, when := range []string{"before busy", "after busy"} {
		t.Run(when, func(t *testing.T) {
			redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
				w := newWorld(t, r)
				w.create(job())
				w.ask(ratelimit.Request{Attempt: 1, Token: "t", Go: true, Redial: again})
				w.settle(refused(1, "t"))
				w.later(2 * time.Second)
				w.ask(ratelimit.Request{Attempt: 2, Token: "u", Go: true, Redial: again})
				w.settle(withToken(record.Settlement{Result: record.ResultAccepted, VendorID: "call2", GiveUpIn: time.Hour}, 2, "u"))
				answered := record.Evidence{Attempt: 1, State: record.Completed, Cause: "answered", Strength: 3, VendorID: "call1"}
				if when == "before busy" {
					w.advance(answered)
				}
				w.advance(record.Evidence{Attempt: 2, State: record.Busy, Cause: "busy", Strength: 2, VendorID: "call2"})
				if when == "after busy" {
					w.advance(answered)
				}
				w.is(record.Busy)
				w.later(10 * time.Minute)
				if rec, _ := w.store.Get(w.ctx, id+"r1"); rec == nil {
					return
				}
				a := w.askOf(ratelimit.Request{JobID: id + "r1", Numbers: numbers, Attempt: 1, Token: "v", Go: true})
				if a.Decision == ratelimit.Go {
					t.Errorf("%s: somebody who answered attempt 1 is called again: %+v", when, a)
				}
			})
		})
	}
}

// The connection ended busy, B called back over it, and both talked.
func TestWhoCalledBackIsNotCalledAgain(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		w := newWorld(t, r)
		w.call(again)
		w.advance(record.Evidence{State: record.Busy, Cause: "busy", Strength: 2, VendorID: "call", Task: "t1"})
		w.is(record.Busy)
		e := record.Evidence{State: record.Completed, Cause: "answered", Strength: 3, VendorID: "call", Task: "t2"}
		w.advance(e)
		rec := w.get()
		e.VendorID = e.Task
		_, _, err := w.store.AdvanceChild(w.ctx, record.Child{Parent: rec, Retain: kept}, e)
		w.must(err)
		w.later(10 * time.Minute)
		a := w.askOf(ratelimit.Request{JobID: id + "r1", Numbers: numbers, Attempt: 1, Token: "v", Go: true})
		if a.Decision == ratelimit.Go {
			t.Errorf("B answered the second call of this connection, and is called again")
		}
	})
}

// The last attempt is made by workers that call nobody again.
func TestRedialSwitchedOffBetweenAttempts(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		w := newWorld(t, r)
		w.create(job())
		w.ask(ratelimit.Request{Attempt: 1, Token: "t", Go: true, Redial: again})
		w.settle(refused(1, "t"))
		w.later(2 * time.Second)
		w.ask(ratelimit.Request{Attempt: 2, Token: "u", Go: true})
		w.settle(withToken(record.Settlement{Result: record.ResultAccepted, VendorID: "call2", GiveUpIn: time.Hour}, 2, "u"))
		w.advance(record.Evidence{Attempt: 2, State: record.Busy, Cause: "busy", Strength: 2, VendorID: "call2"})
		if w.get().Redial != "" {
			t.Error("called again under a policy that is off")
		}
	})
}
