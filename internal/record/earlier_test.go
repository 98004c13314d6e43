package record_test

import (
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/ratelimit"
)

// refused is an answer that nothing was placed, which may be sent again at once.
func refused(attempt int, token string) record.Settlement {
	return record.Settlement{
		Attempt: attempt, Token: token, Sent: true, Result: record.ResultAgain,
		Reason: record.HoldRetry, RetryIn: time.Second, Counted: true, MaxAttempts: 5,
	}
}

// secondTry is a job whose first attempt was refused and whose second is under way.
func (w *world) secondTry() {
	w.t.Helper()
	w.create(job())
	w.send(1, "t")
	w.settle(refused(1, "t"))
	w.later(2 * time.Second)
	w.send(2, "u")
}

func (w *world) wantNoMore(n int) {
	w.t.Helper()
	w.later(10 * time.Second)
	if a := w.send(n, "x"); a.Decision == ratelimit.Go {
		w.t.Errorf("attempt %d is let out though an attempt was placed; the job is %s", n, w.get().State)
	}
}

var firstRings = record.Evidence{Attempt: 1, State: record.Ringing, Strength: 2, VendorID: "call", PollIn: time.Minute, GiveUpIn: time.Hour}

// TestRingingWhileItIsSentOutweighsARefusal: the phone rings, whatever the answer
// says of it.
func TestRingingWhileItIsSentOutweighsARefusal(t *testing.T) {
	answers := map[string]record.Settlement{
		"again": refused(1, "t"), "failed": {Result: record.ResultFailed, Cause: "platform"},
		"failed, perhaps placed": {Result: record.ResultFailed, Cause: "platform", Maybe: true, KeepCharge: true},
		"in doubt":               {Result: record.ResultInDoubt},
	}
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			each(t, func(w *world) {
				w.in(record.Submitting)
				w.advance(firstRings)
				if _, _, err := w.store.Cancel(w.ctx, id); err != nil {
					t.Fatal(err)
				}
				w.settle(answer)
				r := w.get()
				if r.State != record.Ringing || r.VendorID != "call" || w.charge() == 0 || !r.GiveUpAt.Equal(w.now.Add(time.Hour)) {
					t.Errorf("charged %v: %+v", w.charge(), r)
				}
				w.wantDue(time.Minute)
				w.wantNoMore(2)
			})
		})
	}
}

// TestRingingWhileItsWorkerDies: the call can be asked after, so it is no doubt.
func TestRingingWhileItsWorkerDies(t *testing.T) {
	each(t, func(w *world) {
		w.in(record.Submitting)
		w.advance(firstRings)
		w.later(46 * time.Second)
		w.tickAll()
		if r := w.get(); r.State != record.Ringing || r.VendorID != "call" {
			t.Errorf("%+v", r)
		}
		w.wantDue(time.Minute)
		w.later(time.Hour)
		w.tickAll()
		w.is(record.Unknown)
		// The phone rang: a refusal that comes now gives nothing back.
		w.settle(refused(1, "t"))
		if w.is(record.Unknown); w.charge() == 0 {
			t.Error("the phone rang, and nothing is charged")
		}
	})
}

// TestNewsOutOfOrderWhileItIsSent: what came late takes nothing back.
func TestNewsOutOfOrderWhileItIsSent(t *testing.T) {
	for name, c := range map[string]struct {
		attempt     int
		first, then record.State
		want        record.State
	}{
		"its own":                 {2, record.InProgress, record.Ringing, record.InProgress},
		"its own, onwards":        {2, record.Ringing, record.InProgress, record.InProgress},
		"an earlier one's":        {1, record.Completed, record.Ringing, record.Completed},
		"an earlier one's ends":   {1, record.Completed, record.Busy, record.Completed},
		"an earlier one's answer": {1, record.Busy, record.Completed, record.Completed},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(w *world) {
				w.secondTry()
				e := record.Evidence{Attempt: c.attempt, Strength: 2, VendorID: "call", GiveUpIn: time.Hour}
				for _, e.State = range []record.State{c.first, c.then} {
					w.advance(e)
				}
				w.settle(refused(2, "u"))
				if r := w.get(); r.State != c.want || r.Attempt != c.attempt || r.VendorID != "call" {
					t.Errorf("%+v", r)
				}
			})
		})
	}
}

// TestOwnNewsOutweighEarlierOnes: the job is the call that goes on now.
func TestOwnNewsOutweighEarlierOnes(t *testing.T) {
	each(t, func(w *world) {
		w.secondTry()
		w.advance(record.Evidence{Attempt: 1, State: record.Completed, Strength: 4, VendorID: "first"})
		w.advance(record.Evidence{Attempt: 2, State: record.Ringing, Strength: 2, VendorID: "second", GiveUpIn: time.Hour})
		w.advance(record.Evidence{Attempt: 1, State: record.Completed, Strength: 4, VendorID: "first"})
		w.settle(refused(2, "u"))
		if r := w.get(); r.State != record.Ringing || r.Attempt != 2 || r.VendorID != "second" {
			t.Errorf("%+v", r)
		}
	})
}

// TestProofOfAnEarlierAttemptEndsAWaitingJob: nobody is called again for it.
func TestProofOfAnEarlierAttemptEndsAWaitingJob(t *testing.T) {
	each(t, func(w *world) {
		w.secondTry()
		w.settle(refused(2, "u"))
		v, s := w.advance(record.Evidence{Attempt: 1, State: record.Completed, Strength: 4, Cause: "answered", VendorID: "call", Code: "200"})
		r := w.get()
		if v != record.Advanced || s != record.Completed || r.Cause != "answered" || r.VendorID != "call" || r.VendorCode != "200" || w.charge() == 0 {
			t.Errorf("%s, %s, %+v", v, s, r)
		}
		w.wantNoMore(3)
	})
	each(t, func(w *world) { // one that only rings is asked after
		w.secondTry()
		w.settle(refused(2, "u"))
		if v, s := w.advance(firstRings); v != record.Advanced || s != record.Ringing || w.get().Attempt != 1 {
			t.Errorf("%s, %s, %+v", v, s, w.get())
		}
		w.wantDue(time.Minute)
		w.wantLeads("call", id, 1)
		// The refused second one was placed as well: it counts, and nothing else.
		if v, s := w.advance(record.Evidence{Attempt: 2, State: record.Busy, Strength: 4}); v != record.Stale || s != record.Ringing {
			t.Errorf("%s, %s", v, s)
		}
		if n := w.r.Client.HExists(w.ctx, key("number:", num), "c:"+id+".2@"+w.created()).Val(); !n {
			t.Error("attempt 2 was a call and is charged nowhere")
		}
		if v, s := w.advance(record.Evidence{Attempt: 1, State: record.Completed, Strength: 4, VendorID: "call"}); v != record.Advanced || s != record.Completed {
			t.Errorf("%s, %s", v, s)
		}
	})
}

// TestProofOfAnEarlierAttemptWhileALaterOneIsOut counts once that one is refused,
// whenever its answer comes.
func TestProofOfAnEarlierAttemptWhileALaterOneIsOut(t *testing.T) {
	proof := record.Evidence{Attempt: 1, State: record.Completed, Strength: 4, VendorID: "call"}
	for name, before := range map[string]func(*world){
		"being sent": func(w *world) { w.advance(proof) },
		"told, then in doubt": func(w *world) {
			w.advance(proof)
			w.later(46 * time.Second)
			w.tickAll()
			w.is(record.InDoubt)
		},
		"in doubt, then told": func(w *world) {
			w.later(46 * time.Second)
			w.tickAll()
			if v, s := w.advance(proof); v != record.Stale || s != record.InDoubt {
				w.t.Errorf("%s, %s", v, s)
			}
		},
		"given up": func(w *world) {
			w.advance(proof)
			w.later(46 * time.Second)
			w.tickAll()
			w.later(time.Hour)
			w.tickAll()
			w.is(record.Unknown) // nobody knows what the second one did
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(w *world) {
				w.secondTry()
				before(w)
				w.settle(refused(2, "u"))
				if r := w.get(); r.State != record.Completed || r.Attempt != 1 || r.VendorID != "call" {
					t.Errorf("%+v", r)
				}
				w.wantNoMore(3)
			})
		})
	}
}

// TestEarlierCallIsAskedAfterWhenItWasGivenUp: the job lives again.
func TestEarlierCallIsAskedAfterWhenItWasGivenUp(t *testing.T) {
	each(t, func(w *world) {
		w.secondTry()
		w.advance(firstRings)
		w.later(46 * time.Second)
		w.tickAll()
		w.later(time.Hour)
		w.tickAll()
		w.is(record.Unknown)
		w.settle(refused(2, "u"))
		r := w.get()
		if r.State != record.Ringing || r.Cause != "" || !r.EndedAt.IsZero() || w.r.Client.PTTL(w.ctx, key("job:", id)).Val() >= 0 {
			t.Errorf("it lives, and is forgotten: %+v", r)
		}
		w.wantDue(time.Minute)
	})
}

// TestProofOfARepeatedRequest: whichever attempt it names, it is the one request.
func TestProofOfARepeatedRequest(t *testing.T) {
	for name, rest := range map[string]func(*world){
		"in doubt again": func(w *world) { s := lost(2); s.Token = "u"; w.settle(s) },
		"its worker dies": func(w *world) {
			w.later(46 * time.Second)
			w.tickAll()
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(w *world) {
				w.doubtful()
				w.repeat(2, "u")
				w.advance(firstRings)
				rest(w)
				w.is(record.Ringing)
			})
		})
	}
	each(t, func(w *world) { // between two repeats
		w.doubtful()
		w.repeat(2, "u")
		s := lost(2)
		s.Token = "u"
		w.settle(s)
		if v, s := w.advance(firstRings); v != record.Advanced || s != record.Ringing {
			t.Errorf("%s, %s", v, s)
		}
		w.wantNoMore(3)
	})
}

// TestRingingAfterARefusal: the job has ended, and the number counts the call.
func TestRingingAfterARefusal(t *testing.T) {
	each(t, func(w *world) {
		w.in(record.Failed)
		if w.charge() != 0 {
			t.Fatal("the refusal gave nothing back")
		}
		if v, s := w.advance(firstRings); v != record.Same || s != record.Failed || w.charge() == 0 {
			t.Errorf("%s, %s, charged %v", v, s, w.charge())
		}
	})
}

// TestOwnPollIsCanceled: nobody is called by it.
func TestOwnPollIsCanceled(t *testing.T) {
	each(t, func(w *world) {
		j := job()
		j.Kind, j.Asks = "poll", "call"
		w.create(j)
		for range 2 {
			if c, s, err := w.store.Cancel(w.ctx, id); err != nil || c != record.CancelDone || s != record.Canceled {
				t.Errorf("%s, %s, %v", c, s, err)
			}
		}
		if _, due := w.due(); due {
			t.Error("it is due all the same")
		}
	})
	each(t, func(w *world) { // one that ended stays as it did
		j := job()
		j.Kind, j.Asks = "poll", "call"
		w.create(j)
		w.must(w.store.PollHopeless(w.ctx, id, 1, "404", ""))
		if c, s, err := w.store.Cancel(w.ctx, id); err != nil || c != record.CancelRefused || s != record.Unknown {
			t.Errorf("%s, %s, %v", c, s, err)
		}
	})
}
