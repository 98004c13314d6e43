package record_test

import (
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/ratelimit"
)

// again is a policy that calls twice more.
var again = &ratelimit.Redial{Max: 2, After: map[string]time.Duration{
	"busy": 10 * time.Minute, "no_answer": 30 * time.Minute, "power_off": time.Hour, "unreachable": 2 * time.Hour,
}}

// call makes the test's call, which is to be made again under the policy.
func (w *world) call(p *ratelimit.Redial) {
	w.t.Helper()
	j := job()
	j.Keyed, j.Tells, j.EventURL, j.From = false, true, "https://example.com/e", "139****0002"
	w.create(j)
	if a := w.ask(ratelimit.Request{Attempt: 1, Token: "t", Go: true, Redial: p}); a.Decision != ratelimit.Go {
		w.t.Fatalf("%+v", a)
	}
	w.settle(record.Settlement{Result: record.ResultAccepted, VendorID: "call", GiveUpIn: 24 * time.Hour})
}

// told is evidence of how a call ended.
func (w *world) told(job string, state record.State, cause string, strength int) {
	w.t.Helper()
	_, _, err := w.store.Advance(w.ctx, job, numbers, record.Evidence{Attempt: 1, Source: "push", State: state, Cause: cause, Strength: strength})
	w.must(err)
	w.sound()
}

// wantRedial: the job is called again after a while; 0: it is not.
func (w *world) wantRedial(job, by string, wait time.Duration) *record.Record {
	w.t.Helper()
	r, err := w.store.Get(w.ctx, job)
	w.must(err)
	next, err := w.store.Get(w.ctx, by)
	w.must(err)
	if wait == 0 {
		if r.Redial != "" || next != nil {
			w.t.Errorf("%s (%s, %s) is called again: %q, %+v", job, r.State, r.Cause, r.Redial, next)
		}
		return nil
	}
	if r.Redial != by || next == nil {
		w.t.Fatalf("%s (%s, %s) is called again by %q, %v; want %s", job, r.State, r.Cause, r.Redial, next, by)
	}
	if next.State != record.Held || next.HoldReason != record.HoldRedial || !next.HoldUntil.Equal(w.now.Add(wait)) || !next.NotBefore.Equal(next.HoldUntil) || next.RedialOf != job {
		w.t.Errorf("%+v, want it held for %v", next, wait)
	}
	return next
}

func TestRedialByCause(t *testing.T) {
	hour := func(cause string) *ratelimit.Redial {
		return &ratelimit.Redial{Max: 1, After: map[string]time.Duration{cause: time.Hour}}
	}
	for name, c := range map[string]struct {
		policy *ratelimit.Redial
		state  record.State
		cause  string
		wait   time.Duration
	}{
		"busy":                          {again, record.Busy, "busy", 10 * time.Minute},
		"busy, without a cause":         {again, record.Busy, "", 10 * time.Minute},
		"no answer":                     {again, record.NoAnswer, "ring_timeout", 30 * time.Minute},
		"a named cause":                 {again, record.Failed, "power_off", time.Hour},
		"a named cause goes first":      {again, record.NoAnswer, "unreachable", 2 * time.Hour},
		"a cause that is not named":     {again, record.Failed, "congestion", 0},
		"a state that is not named":     {hour("busy"), record.NoAnswer, "ring_timeout", 0},
		"answered":                      {again, record.Completed, "answered", 0},
		"rejected":                      {again, record.Rejected, "rejected", 0},
		"no policy":                     {nil, record.Busy, "busy", 0},
		"no policy but a number":        {&ratelimit.Redial{Max: 2}, record.Busy, "busy", 0},
		"a policy that never calls":     {&ratelimit.Redial{After: map[string]time.Duration{"busy": time.Minute}}, record.Busy, "busy", 0},
		"an invalid number, named":      {hour("invalid_number"), record.Failed, "invalid_number", 0},
		"a barred number, named":        {hour("barred"), record.Failed, "barred", 0},
		"the caller hung up, named":     {hour("caller_hangup"), record.NoAnswer, "caller_hangup", 0},
		"a rejected one, named no_answ": {again, record.NoAnswer, "rejected", 0},
		"a changed number":              {hour("number_changed"), record.Failed, "number_changed", 0},
		"a suppressed one":              {hour("suppressed"), record.Failed, "suppressed", 0},
		"early hangup":                  {hour("early_hangup"), record.NoAnswer, "early_hangup", 0},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(w *world) {
				w.call(c.policy)
				w.later(time.Minute)
				w.told(id, c.state, c.cause, 2)
				w.wantRedial(id, id+"r1", c.wait)
			})
		})
	}
}

// TestRedialOnlyWhatTheVendorCalled: a refusal has its own retries, and who was never
// called is not called again.
func TestRedialOnlyWhatTheVendorCalled(t *testing.T) {
	all := &ratelimit.Redial{Max: 2, After: map[string]time.Duration{"busy": time.Minute, "power_off": time.Minute, "unknown": time.Minute, "platform": time.Minute}}
	for name, ends := range map[string]func(*world){
		"refused": func(w *world) { w.settle(record.Settlement{Result: record.ResultFailed, Cause: "power_off"}) },
		"its tries are used up": func(w *world) {
			s := refused(1, "t")
			s.MaxAttempts, s.Cause = 1, "power_off"
			w.settle(s)
		},
		"failed by an operator": func(w *world) {
			w.settle(record.Settlement{Result: record.ResultInDoubt})
			w.wantResolved(record.SayFailed, record.InDoubt, record.Failed)
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(w *world) {
				w.create(job())
				w.ask(ratelimit.Request{Attempt: 1, Token: "t", Go: true, Redial: all})
				ends(w)
				w.is(record.Failed)
				w.wantRedial(id, id+"r1", 0)
			})
		})
	}
	each(t, func(w *world) { // somebody had asked to cancel it
		w.create(job())
		w.ask(ratelimit.Request{Attempt: 1, Token: "t", Go: true, Redial: again})
		_, _, err := w.store.Cancel(w.ctx, id)
		w.must(err)
		w.settle(record.Settlement{Result: record.ResultAccepted, GiveUpIn: time.Hour})
		w.told(id, record.Busy, "busy", 2)
		w.wantRedial(id, id+"r1", 0)
	})
}

// TestRedialIsTheSameCall under a name that follows from the first one's.
func TestRedialIsTheSameCall(t *testing.T) {
	each(t, func(w *world) {
		w.call(again)
		first := w.get()
		w.later(time.Minute)
		w.told(id, record.Busy, "busy", 2)
		r := w.wantRedial(id, id+"r1", 10*time.Minute)
		if r.Content != "content" || r.Kind != "notify" || r.Account != "acct" || r.Vendor != "v" || r.Priority != "normal" || r.To != first.To || r.From != first.From ||
			r.Tags["a"] != "b" || r.EventURL != first.EventURL || !r.Tells || len(r.Numbers) != 1 || r.Numbers[0] != num || !r.ExpiresAt.Equal(first.ExpiresAt) ||
			!r.CreatedAt.Equal(w.now) || r.RedialNumber != 1 || r.Attempt != 0 || r.VendorID != "" || r.Cause != "" || !r.EndedAt.IsZero() {
			t.Errorf("%+v of %+v", r, first)
		}
		if len(r.Timeline) != 1 || r.Timeline[0].State != record.Held || !strings.Contains(r.Timeline[0].Detail, id) {
			t.Errorf("%+v", r.Timeline)
		}
		// The pump brings it to its queue when its time comes.
		w.later(10*time.Minute - time.Millisecond)
		if steps := w.tickAll(); len(steps) != 0 {
			t.Errorf("too early: %+v", steps)
		}
		w.later(time.Millisecond)
		steps := w.tickAll()
		if len(steps) != 1 || steps[0].Action != record.ActEnqueue || steps[0].Task != id+"r1~1" || steps[0].Kind != "notify" || steps[0].Account != "acct" || steps[0].Priority != "normal" {
			t.Fatalf("%+v", steps)
		}
		w.redialed(id+"r1", again)
		w.told(id+"r1", record.NoAnswer, "", 2)
		if r = w.wantRedial(id+"r1", id+"r2", 30*time.Minute); r.RedialNumber != 2 {
			t.Errorf("%+v", r)
		}
		w.later(30 * time.Minute)
		w.redialed(id+"r2", again)
		w.told(id+"r2", record.Busy, "", 2)
		w.wantRedial(id+"r2", id+"r3", 0) // that was the last
		w.wantRedial(id+"r2", id+"r2r1", 0)
		if ttl := w.r.Client.PTTL(w.ctx, key("job:", id+"r2")).Val(); ttl <= 0 || ttl > kept {
			t.Errorf("it is kept for %v", ttl)
		}
	})
}

// redialed is the call that was made again, accepted by the vendor.
func (w *world) redialed(job string, p *ratelimit.Redial) {
	w.t.Helper()
	if a := w.askOf(ratelimit.Request{JobID: job, Numbers: numbers, Attempt: 1, Token: "t", Go: true, Redial: p}); a.Decision != ratelimit.Go {
		w.t.Fatalf("%s: %+v", job, a)
	}
	_, err := w.store.Settle(w.ctx, job, numbers, withToken(record.Settlement{Result: record.ResultAccepted, GiveUpIn: 24 * time.Hour}, 1, "t"))
	w.must(err)
}

// TestRedialOnce though the end is told twice, or told otherwise, or its redial is gone.
func TestRedialOnce(t *testing.T) {
	each(t, func(w *world) {
		w.call(again)
		w.told(id, record.Busy, "busy", 2)
		w.later(time.Minute)
		w.told(id, record.Busy, "busy", 3)
		w.told(id, record.NoAnswer, "", 4)
		w.is(record.NoAnswer)
		r, err := w.store.Get(w.ctx, id+"r1")
		w.must(err)
		if !r.HoldUntil.Equal(w.now.Add(9 * time.Minute)) {
			t.Errorf("it is made anew: %+v", r)
		}
		if other, err := w.store.Get(w.ctx, id+"r2"); err != nil || other != nil {
			t.Errorf("%+v, %v", other, err)
		}
		w.must(w.r.Client.Del(w.ctx, key("job:", id+"r1")).Err())
		w.must(w.r.Client.ZRem(w.ctx, key("due", ""), id+"r1").Err())
		w.told(id, record.Busy, "", 5)
		if gone, err := w.store.Get(w.ctx, id+"r1"); err != nil || gone != nil {
			t.Errorf("it comes back: %+v, %v", gone, err)
		}
	})
	each(t, func(w *world) { // the evidence comes before the answer
		w.create(job())
		w.ask(ratelimit.Request{Attempt: 1, Token: "t", Go: true, Redial: again})
		w.told(id, record.Busy, "busy", 2)
		w.settle(record.Settlement{Result: record.ResultAccepted, GiveUpIn: time.Hour})
		w.wantRedial(id, id+"r1", 10*time.Minute)
	})
	each(t, func(w *world) { // nobody could tell, and then somebody did
		w.call(again)
		w.later(24*time.Hour - 20*time.Minute)
		w.must(w.store.PollHopeless(w.ctx, id, w.get().Seq, "404", ""))
		w.is(record.Unknown)
		w.wantRedial(id, id+"r1", 0)
		w.told(id, record.Busy, "busy", 2)
		w.wantRedial(id, id+"r1", 10*time.Minute)
	})
}

// TestRedialWithinTheJobsTime: not where it could not be sent any more.
func TestRedialWithinTheJobsTime(t *testing.T) {
	for before, want := range map[time.Duration]time.Duration{10 * time.Minute: 0, 10*time.Minute + time.Millisecond: 10 * time.Minute} {
		each(t, func(w *world) {
			w.call(again)
			w.now = w.get().ExpiresAt.Add(-before)
			w.told(id, record.Busy, "busy", 2)
			w.wantRedial(id, id+"r1", want)
		})
	}
}

// TestRedialIsTold in the event of the call that ended.
func TestRedialIsTold(t *testing.T) {
	each(t, func(w *world) {
		w.call(again)
		w.told(id, record.Busy, "busy", 2)
		events, err := w.store.ClaimEvents(w.ctx, "g", 10, time.Minute)
		w.must(err)
		told := ""
		for _, e := range events {
			if e.Record.ID == id+"r1" {
				t.Errorf("that it waits is no news: %+v", e)
			}
			if e.Record.State == record.Busy {
				told = e.Record.Redial
			}
		}
		if told != id+"r1" {
			t.Errorf("%d events, the end's tells of %q", len(events), told)
		}
		w.later(10 * time.Minute)
		w.redialed(id+"r1", nil)
		events, err = w.store.ClaimEvents(w.ctx, "g", 10, time.Minute)
		w.must(err)
		found := false
		for _, e := range events {
			if e.Record.ID == id+"r1" {
				found = true
				if e.Record.RedialOf != id || e.Record.RedialNumber != 1 {
					t.Errorf("%+v", e.Record)
				}
			}
		}
		if !found {
			t.Errorf("nothing of the redial: %+v", events)
		}
	})
}

// TestRedialEndsAtTheDoor when the call before it was answered after all, or turns out
// to be one that is not made again; also two calls back.
func TestRedialEndsAtTheDoor(t *testing.T) {
	canceled := func(w *world, job string) {
		w.t.Helper()
		a := w.askOf(ratelimit.Request{JobID: job, Numbers: numbers, Attempt: 1, Token: "t", Go: true})
		r, err := w.store.Get(w.ctx, job)
		w.must(err)
		if a.Decision != ratelimit.Over || a.State != record.Canceled || r.Cause != "canceled" || r.Attempt != 0 || !strings.Contains(r.Timeline[len(r.Timeline)-1].Detail, id) {
			w.t.Errorf("%+v, %+v", a, r)
		}
		w.sound()
	}
	for name, correct := range map[string]func(*world){
		"answered":  func(w *world) { w.told(id, record.Completed, "answered", 4) },
		"rejected":  func(w *world) { w.told(id, record.Rejected, "rejected", 4) },
		"no number": func(w *world) { w.told(id, record.Failed, "invalid_number", 4) },
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(w *world) {
				w.call(again)
				w.told(id, record.Busy, "busy", 2)
				w.later(10 * time.Minute)
				correct(w)
				canceled(w, id+"r1")
			})
			each(t, func(w *world) { // two calls back
				w.call(again)
				w.told(id, record.Busy, "busy", 2)
				w.later(10 * time.Minute)
				w.redialed(id+"r1", again)
				w.told(id+"r1", record.Busy, "busy", 2)
				correct(w)
				w.later(10 * time.Minute)
				canceled(w, id+"r2")
			})
		})
	}
	for name, then := range map[string]func(*world){
		"as it was":          func(*world) {},
		"told otherwise":     func(w *world) { w.told(id, record.NoAnswer, "", 4) },
		"its record is gone": func(w *world) { w.must(w.r.Client.Del(w.ctx, key("job:", id)).Err()) },
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(w *world) {
				w.call(again)
				w.told(id, record.Busy, "busy", 2)
				w.later(10 * time.Minute)
				then(w)
				w.redialed(id+"r1", again)
			})
		})
	}
}

// TestCancelFollowsRedials: who cancels a call that has ended means the one to come.
func TestCancelFollowsRedials(t *testing.T) {
	cancel := func(w *world, want record.Cancellation, state record.State) {
		w.t.Helper()
		got, s, err := w.store.Cancel(w.ctx, id)
		if err != nil || got != want || s != state {
			w.t.Errorf("%s, %s, %v; want %s, %s", got, s, err, want, state)
		}
		w.sound()
	}
	each(t, func(w *world) {
		w.call(again)
		cancel(w, record.CancelRefused, record.Submitted)
		w.told(id, record.Busy, "busy", 2)
		if w.get().Redial != "" {
			w.t.Error("it was not to be called again")
		}
	})
	each(t, func(w *world) {
		w.call(again)
		w.told(id, record.Busy, "busy", 2)
		cancel(w, record.CancelDone, record.Canceled)
		cancel(w, record.CancelDone, record.Canceled)
		w.is(record.Busy)
	})
	each(t, func(w *world) { // two calls on
		w.call(again)
		w.told(id, record.Busy, "busy", 2)
		w.later(10 * time.Minute)
		w.redialed(id+"r1", again)
		w.told(id+"r1", record.Busy, "busy", 2)
		cancel(w, record.CancelDone, record.Canceled)
		if r, err := w.store.Get(w.ctx, id+"r2"); err != nil || r.State != record.Canceled {
			t.Errorf("%+v, %v", r, err)
		}
	})
	each(t, func(w *world) { // while it is sent it is a wish
		w.call(again)
		w.told(id, record.Busy, "busy", 2)
		w.later(10 * time.Minute)
		w.askOf(ratelimit.Request{JobID: id + "r1", Numbers: numbers, Attempt: 1, Token: "t", Go: true})
		cancel(w, record.CancelRequested, record.Submitting)
	})
	each(t, func(w *world) { // it is gone
		w.call(again)
		w.told(id, record.Busy, "busy", 2)
		w.must(w.r.Client.Del(w.ctx, key("job:", id+"r1")).Err())
		w.must(w.r.Client.ZRem(w.ctx, key("due", ""), id+"r1").Err())
		cancel(w, record.CancelRefused, record.Busy)
	})
}

// TestRedialUnderAKeyUsedAnew: the redial of an earlier job with the same key lies there
// still, and is neither lost nor taken for this job's.
func TestRedialUnderAKeyUsedAnew(t *testing.T) {
	each(t, func(w *world) {
		w.call(again)
		w.told(id, record.Busy, "busy", 2)
		w.wantRedial(id, id+"r1", 10*time.Minute)
		w.must(w.r.Client.Del(w.ctx, key("job:", id)).Err()) // as when its retention is over
		w.call(again)
		w.told(id, record.NoAnswer, "ring_timeout", 2)
		w.wantRedial(id, id+"r101", 30*time.Minute)
		if r, err := w.store.Get(w.ctx, id+"r1"); err != nil || r == nil || r.State != record.Held {
			t.Errorf("the earlier redial: %+v, %v", r, err)
		}
	})
}
