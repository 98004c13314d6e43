package record_test

import (
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/ratelimit"
)

func ratelimitAdmit(w *world, id string) (ratelimit.Answer, error) {
	return ratelimit.NewAdmission(w.store, ratelimit.Rules{}, func() time.Time { return w.now }).Admit(w.ctx, ratelimit.Request{
		JobID: id, Attempt: 1, Token: "t", Go: true, Timeout: 10 * time.Second, Doubt: 30 * time.Minute,
	})
}

// wantFetch fails unless one recording is to be fetched, from in on.
func (w *world) wantFetch(in time.Duration) {
	w.t.Helper()
	due := w.r.Client.ZRangeWithScores(w.ctx, key("fetches", ""), 0, -1).Val()
	if len(due) != 1 || due[0].Member != id || time.UnixMilli(int64(due[0].Score)).Sub(w.now) != in {
		w.t.Errorf("to be fetched: %v, want one in %v", due, in)
	}
	r := w.get()
	if r.File.Fetch != record.FetchDue || r.Recording != "/r/1.wav" || !r.File.Until.Equal(w.now.Add(keeps)) {
		w.t.Errorf("%q, %+v", r.Recording, r.File)
	}
}

func (w *world) wantNoFetch() {
	w.t.Helper()
	if n := w.r.Client.ZCard(w.ctx, key("fetches", "")).Val(); n != 0 {
		w.t.Errorf("%d recordings are to be fetched", n)
	}
}

// Evidence that names a recording makes it fetched once, however often it comes.
func TestEvidenceMakesOneFetch(t *testing.T) {
	silent := withAudio()
	silent.Facts.Recording, silent.Fetch, silent.Strength = "", nil, 4
	busy := record.Evidence{State: record.Busy, Cause: "busy", Strength: 4}
	for name, all := range map[string][]record.Evidence{
		"once":                           {withAudio()},
		"told twice":                     {withAudio(), withAudio()},
		"a poll first and a push later":  {silent, withAudio()},
		"a push first and a poll later":  {withAudio(), silent},
		"busy was wrong":                 {busy, withAudio()},
		"busy is wrong":                  {withAudio(), busy, withAudio()},
		"it rang, they talked, it ended": {{State: record.Ringing, Strength: 1}, {State: record.InProgress, Strength: 1}, withAudio()},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(w *world) {
				w.in(record.Submitted)
				for _, e := range all {
					w.advance(e)
				}
				w.is(record.Completed)
				w.wantFetch(2 * time.Second)
				w.wantKept(-1)
			})
		})
	}
}

// TestFetchIsNotBegunAgain once it is due, stored or lost: news do not change its end.
func TestFetchIsNotBegunAgain(t *testing.T) {
	each(t, func(w *world) {
		w.in(record.Submitted)
		w.advance(withAudio())
		until := w.get().File.Until
		w.later(time.Hour)
		w.advance(withAudio())
		l := w.claimFetches(9, id)[0]
		if got := w.get().File.Until; !got.Equal(until) {
			t.Errorf("it is fetched until %v, no longer %v", got, until)
		}
		w.must(w.store.FetchLost(w.ctx, l, "gone"))
		w.advance(withAudio())
		w.wantNoFetch()
		w.stored(true) // what somebody still brought is kept
		w.advance(withAudio())
		w.wantNoFetch()
		w.wantKept(72 * time.Hour)
	})
}

// TestFetchFromAnyState in which the end may come.
func TestFetchFromAnyState(t *testing.T) {
	for _, s := range []record.State{
		record.Held, record.Submitting, record.InDoubt, record.AwaitingDial, record.InProgress, record.Unknown, record.Failed, record.Expired,
	} {
		t.Run(string(s), func(t *testing.T) {
			each(t, func(w *world) {
				w.in(s)
				w.advance(withAudio())
				w.is(record.Completed)
				w.wantFetch(2 * time.Second)
				w.wantKept(-1)
			})
		})
	}
}

// TestFetchOfAnEarlierAttempt that had been placed after all: while nobody is called
// for the job its end is that call's, and one that comes between a request and its
// answer is remembered with its audio.
func TestFetchOfAnEarlierAttempt(t *testing.T) {
	t.Run("while the job waits", func(t *testing.T) {
		each(t, func(w *world) {
			w.in(record.Held)
			w.later(time.Minute)
			w.send(2, "t2")
			w.settle(record.Settlement{Attempt: 2, Token: "t2", Result: record.ResultAgain, Reason: "retry", RetryIn: time.Minute})
			w.advance(withAudio())
			w.is(record.Completed)
			w.wantFetch(2 * time.Second)
		})
	})
	t.Run("while a request is under way", func(t *testing.T) {
		each(t, func(w *world) {
			w.in(record.Held)
			w.later(time.Minute)
			w.repeat(2, "t2")
			if v, _ := w.advance(withAudio()); v != record.Stale {
				t.Fatalf("%s", v)
			}
			w.wantNoFetch()
			w.settle(record.Settlement{Attempt: 2, Token: "t2", Result: record.ResultAgain, Reason: "retry", RetryIn: time.Minute})
			w.is(record.Completed)
			w.wantFetch(0)
			w.wantKept(-1)
		})
	})
}

// Each call over a binding has a record and a recording of its own.
func TestFetchOfACallOverABinding(t *testing.T) {
	each(t, func(w *world) {
		w.in(record.Active)
		bind := w.get()
		for _, task := range []string{"t1", "t2", "t1"} {
			e := withAudio()
			e.Task, e.VendorID = task, task
			_, _, err := w.store.AdvanceChild(w.ctx, record.Child{Parent: bind, Retain: time.Hour}, e)
			w.must(err)
		}
		w.later(2 * time.Second)
		w.claimFetches(9, record.ChildID(id, "t1"), record.ChildID(id, "t2"))
	})
}
