package record_test

import (
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/ratelimit"
)

// TestNoResendBeforeItsTime: until then the last request may still be on its way.
func TestNoResendBeforeItsTime(t *testing.T) {
	each(t, func(w *world) {
		w.in(record.InDoubt)
		w.wantRefused(record.SayResend, "may still be on its way; it can be sent again from", owned)
		w.later(owned - time.Millisecond)
		w.wantRefused(record.SayResend, "may still be on its way", time.Millisecond)
		w.later(time.Millisecond)
		w.wantResolved(record.SayResend, record.InDoubt, record.Queued)
	})
}

// TestResend: the job waits again, and the pump brings a task of its own.
func TestResend(t *testing.T) {
	for _, s := range []record.State{record.InDoubt, record.Unknown} {
		t.Run(string(s), func(t *testing.T) {
			each(t, func(w *world) {
				w.in(s)
				w.later(owned)
				expires, seq := w.get().ExpiresAt, w.get().Seq
				w.wantResolved(record.SayResend, s, record.Queued)
				w.wantOneDue(0)
				r := w.get()
				if !r.ExpiresAt.Equal(expires) || r.Attempt != 1 || w.charge() == 0 || r.Cause != "" || !r.EndedAt.IsZero() {
					t.Errorf("charged %v: %+v", w.charge(), r)
				}
				for _, k := range []string{key("job:", id), key("key:", id)} {
					if ttl := w.r.Client.PTTL(w.ctx, k).Val(); ttl >= 0 {
						t.Errorf("%s is kept for %v only", k, ttl)
					}
				}
				if r.Seq != seq+1 {
					t.Errorf("its task has number %d, the last had %d", r.Seq, seq)
				}
				w.bringBack()
				if a := w.send(2, "u"); a.Decision != ratelimit.Go {
					t.Fatalf("attempt 2: %+v", a)
				}
				for _, n := range []string{"1", "2"} {
					if !w.r.Client.HExists(w.ctx, key("number:", num), "c:"+id+"."+n+"@"+w.created()).Val() {
						t.Errorf("attempt %s is charged nowhere", n)
					}
				}
				// What the second one comes to is its own.
				w.settle(refused(2, "u"))
				w.wantRefused(record.SayResend, "it waits to be sent", 0)
				if w.is(record.Held); w.get().Attempts == 0 || w.charge() == 0 {
					t.Errorf("charged %v: %+v", w.charge(), w.get())
				}
			})
		})
	}
}

// bringBack takes the pump's step for a job that was sent again.
func (w *world) bringBack() {
	w.t.Helper()
	l, err := w.store.Claim(w.ctx, "g", 10)
	w.must(err)
	if len(l) != 1 {
		w.t.Fatalf("due: %+v", l)
	}
	step, err := w.store.Tick(w.ctx, l[0])
	w.must(err)
	if step.Action != record.ActEnqueue || !strings.HasPrefix(step.Task, id+"~") {
		w.t.Fatalf("the pump does %+v", step)
	}
	_, err = w.store.Returned(w.ctx, l[0], step.Task, true)
	w.must(err)
	w.is(record.Queued)
}

// wantOneDue fails unless there is one due entry, so far ahead.
func (w *world) wantOneDue(in time.Duration) {
	w.t.Helper()
	w.wantDue(in)
	if n := w.r.Client.ZCard(w.ctx, key("due", "")).Val(); n != 1 {
		w.t.Errorf("%d entries are due", n)
	}
}

// TestResendAfterItsTime: the operator's word counts, for an hour.
func TestResendAfterItsTime(t *testing.T) {
	for over, more := range map[time.Duration]time.Duration{-time.Millisecond: time.Millisecond, 0: time.Hour, time.Hour: time.Hour} {
		each(t, func(w *world) {
			j := job()
			j.ExpiresIn = time.Minute
			w.create(j)
			w.send(1, "t")
			w.settle(record.Settlement{Result: record.ResultInDoubt})
			w.later(time.Minute + over)
			w.tickAll()
			w.wantResolved(record.SayResend, w.get().State, record.Queued)
			r := w.get()
			said := strings.Contains(r.Timeline[len(r.Timeline)-1].Detail, "its time was over")
			if !r.ExpiresAt.Equal(w.now.Add(more)) || said != (more == time.Hour) {
				t.Errorf("%v after its time: it expires at %v, and the timeline says so: %v", over, r.ExpiresAt, said)
			}
			w.bringBack()
			if a := w.send(2, "u"); a.Decision != ratelimit.Go {
				t.Errorf("%v after its time: %+v", over, a)
			}
		})
	}
}

// resent is a job whose attempt 1 was in doubt and that an operator sends again.
func (w *world) resent() {
	w.t.Helper()
	w.in(record.InDoubt)
	w.later(owned)
	w.resolve(record.SayResend, "x")
}

// TestProofOfTheFirstBeforeTheSecondGoes: then the second never goes.
func TestProofOfTheFirstBeforeTheSecondGoes(t *testing.T) {
	for state, want := range map[record.State]record.State{record.Completed: record.Completed, record.Busy: record.Busy, record.Ringing: record.Ringing} {
		for name, between := range map[string]func(*world){
			"at once": func(*world) {}, "when its task is back": (*world).bringBack,
		} {
			t.Run(string(state)+" "+name, func(t *testing.T) {
				each(t, func(w *world) {
					w.resent()
					between(w)
					v, s := w.advance(record.Evidence{State: state, Strength: 2, VendorID: "call", PollIn: time.Minute, GiveUpIn: time.Hour})
					if r := w.get(); v != record.Advanced || s != want || r.Attempt != 1 || r.VendorID != "call" || w.charge() == 0 {
						t.Errorf("%s, %s, charged %v: %+v", v, s, w.charge(), r)
					}
					if _, due := w.due(); due == want.Final() {
						t.Errorf("%s and due: %v", want, due)
					}
					w.wantNoMore(2)
					w.wantRefused(record.SayResend, map[bool]string{true: "it has ended", false: "the vendor accepted it"}[want.Final()], 0)
				})
			})
		}
	}
}

// TestProofOfTheFirstAfterTheSecondWent: it cannot end the second, but counts once
// that one proves to have placed nothing.
func TestProofOfTheFirstAfterTheSecondWent(t *testing.T) {
	proof := record.Evidence{Attempt: 1, State: record.Completed, Strength: 4, VendorID: "call"}
	for name, row := range map[string]struct {
		answer  record.Settlement
		attempt int
		want    record.State
	}{
		"the second is accepted": {record.Settlement{Result: record.ResultAccepted, VendorID: "second", GiveUpIn: time.Hour}, 2, record.Submitted},
		"the second is refused":  {refused(2, "u"), 1, record.Completed},
		"the second fails":       {record.Settlement{Result: record.ResultFailed, Cause: "platform"}, 1, record.Completed},
		"the second is in doubt": {record.Settlement{Result: record.ResultInDoubt}, 2, record.InDoubt},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(w *world) {
				w.resent()
				w.bringBack()
				w.send(2, "u")
				if v, s := w.advance(proof); v != record.Stale || s != record.Submitting {
					t.Errorf("while it is sent: %s, %s", v, s)
				}
				row.answer.Attempt, row.answer.Token = 2, "u"
				w.settle(row.answer)
				if r := w.get(); r.State != row.want || r.Attempt != row.attempt || conflicts(r) == 0 || w.charge() == 0 {
					t.Errorf("charged %v: %+v", w.charge(), r)
				}
				w.wantNoMore(3)
				if row.want != record.InDoubt {
					return
				}
				// Somebody was called: no third time.
				w.later(owned)
				w.wantRefused(record.SayResend, "said that attempt 1 was placed", 0)
				w.later(time.Hour)
				w.tickAll()
				w.is(record.Unknown)
				w.wantRefused(record.SayResend, "said that attempt 1 was placed", 0)
			})
		})
	}
	each(t, func(w *world) { // told when the second was given up, too
		w.resent()
		w.send(2, "u")
		w.later(time.Hour)
		w.tickAll()
		w.later(time.Hour)
		w.tickAll()
		w.is(record.Unknown)
		w.advance(proof)
		w.wantRefused(record.SayResend, "said that attempt 1 was placed", 0)
	})
}

// TestLateAnswerOfTheFirstAfterAResend: its worker was cut off, and tells after all.
func TestLateAnswerOfTheFirstAfterAResend(t *testing.T) {
	for want, answer := range map[record.State]record.Settlement{
		record.Submitted: {Result: record.ResultAccepted, VendorID: "call", GiveUpIn: time.Hour},
		record.Failed:    {Result: record.ResultFailed, Cause: "platform"},
	} {
		each(t, func(w *world) {
			w.in(record.Submitting)
			w.later(owned)
			w.tickAll()
			w.is(record.InDoubt)
			w.resolve(record.SayResend, "x")
			w.settle(answer)
			w.is(want)
			if _, due := w.due(); due == want.Final() {
				t.Errorf("%s and due: %v", want, due)
			}
			w.wantNoMore(2)
		})
	}
}

// TestEachDoubtIsResolvedByItself: the second one, too.
func TestEachDoubtIsResolvedByItself(t *testing.T) {
	each(t, func(w *world) {
		w.resent()
		w.bringBack()
		w.send(2, "u")
		w.wantRefused("completed", "it is being sent", owned)
		if out := w.resolve(record.SayResend, "x"); out != (record.Resolved{State: record.Submitting, Was: record.InDoubt}) {
			t.Errorf("the lost answer of the same command: %+v", out)
		}
		w.settle(record.Settlement{Attempt: 2, Token: "u", Result: record.ResultInDoubt})
		w.wantDue(30 * time.Minute)
		w.later(owned)
		if out := w.resolve(record.SayResend, "y"); out != (record.Resolved{State: record.Queued, Was: record.InDoubt}) {
			t.Errorf("%+v", out)
		}
		w.bringBack()
		if a := w.send(3, "v"); a.Decision != ratelimit.Go {
			t.Errorf("attempt 3: %+v", a)
		}
	})
}

// TestNotSentAgain: what somebody cancelled, what has nothing to send, and what
// is not there.
func TestNotSentAgain(t *testing.T) {
	each(t, func(w *world) {
		w.in(record.Submitting)
		_, _, err := w.store.Cancel(w.ctx, id)
		w.must(err)
		w.settle(record.Settlement{Result: record.ResultInDoubt})
		w.later(owned)
		w.wantRefused(record.SayResend, "somebody asked to cancel it", 0)
		w.wantResolved(record.SayFailed, record.InDoubt, record.Failed)
	})
	each(t, func(w *world) {
		j := job()
		j.Kind, j.Asks, j.Numbers, j.ExpiresIn = "poll", "call", nil, time.Hour
		w.create(j)
		w.later(time.Hour)
		w.tickAll()
		w.is(record.Unknown)
		w.wantRefused(record.SayResend, "nothing that could be sent again", 0)
		w.wantResolved(record.SayCompleted, record.Unknown, record.Completed)
	})
	each(t, func(w *world) {
		_, err := w.store.Missing(w.ctx, id, record.LostJob{Account: "acct", Kind: "bind", Retain: time.Hour})
		w.must(err)
		w.wantRefused(record.SayResend, "nothing that could be sent again", 0)
		w.wantRefused(record.SayCompleted, "its content is lost", 0)
		w.wantResolved(record.SayFailed, record.Unknown, record.Failed)
	})
}
