package record_test

import (
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/ratelimit"
)

// lost is the settlement of a request whose answer was lost, and which goes out
// again two seconds later.
func lost(attempt int) record.Settlement {
	return record.Settlement{
		Attempt: attempt, Token: "t", Result: record.ResultInDoubt, Repeat: true, RepeatIn: 2 * time.Second, Sent: true,
	}
}

// doubtful is a job whose first request may have taken effect, at its repeat's time.
func (w *world) doubtful() {
	w.t.Helper()
	w.create(job())
	w.repeat(1, "t")
	w.settle(lost(1))
	w.later(2 * time.Second)
}

// repeated is that job while its second request is under way.
func (w *world) repeated() {
	w.t.Helper()
	w.doubtful()
	if a := w.repeat(2, "u"); a.Decision != ratelimit.Go {
		w.t.Fatalf("the repeat: %+v", a)
	}
}

func TestRepeatInDoubt(t *testing.T) {
	each(t, func(w *world) {
		w.create(job())
		w.repeat(1, "t")
		w.settle(lost(1))
		w.is(record.InDoubt)
		w.wantDue(2 * time.Second)
		if r := w.get(); r.Seq != 1 || !r.Repeatable || r.Repeats != 0 {
			t.Errorf("%+v", r)
		}
		w.later(time.Second)
		if a := w.repeat(2, "u"); a.Decision != ratelimit.Over || a.State != record.InDoubt {
			t.Errorf("a second early: %+v", a)
		}
		w.wantDue(time.Second)
		w.later(time.Second)
		seq := w.get().Seq
		if steps := w.tickAll(); len(steps) != 1 || steps[0] != (record.Step{Action: record.ActRepeat, Task: id + "~2", Account: "acct", Kind: "notify", Priority: "normal"}) || seq != 2 {
			t.Errorf("%+v, sequence %d", steps, seq)
		}
		if a := w.ask(ratelimit.Request{Attempt: 2, Token: "u", Repeatable: true}); a.Decision != ratelimit.Ready {
			t.Errorf("asked first: %+v", a)
		}
		if a := w.repeat(2, "u"); a.Decision != ratelimit.Go {
			t.Errorf("when it is due: %+v", a)
		}
		if r := w.get(); r.State != record.Submitting || r.Attempt != 2 || r.Repeats != 1 {
			t.Errorf("%+v", r)
		}
	})
}

// TestResultOfARepeat: what says that it took effect ends the doubt; what says
// that it did not is about this request only.
func TestResultOfARepeat(t *testing.T) {
	const left = 30*time.Minute - 2*time.Second // of the doubt
	rows := map[string]struct {
		s    record.Settlement
		want record.State
		due  time.Duration // 0: ended
	}{
		"accepted":               {record.Settlement{Result: record.ResultAccepted, GiveUpIn: time.Hour}, record.Submitted, time.Hour},
		"to be dialled":          {record.Settlement{Result: record.ResultAccepted, AwaitIn: time.Minute}, record.AwaitingDial, time.Minute},
		"bound":                  {record.Settlement{Result: record.ResultBound}, record.Active, 30 * 24 * time.Hour},
		"done":                   {record.Settlement{Result: record.ResultDone}, record.Completed, 0},
		"again":                  {record.Settlement{Result: record.ResultAgain, RetryIn: time.Minute, Reason: "retry", Counted: true, MaxAttempts: 1}, record.InDoubt, time.Minute},
		"again, after the doubt": {record.Settlement{Result: record.ResultAgain, RetryIn: left, Reason: "retry"}, record.InDoubt, left},
		"failed":                 {record.Settlement{Result: record.ResultFailed, Cause: "platform"}, record.InDoubt, left},
		"failed, maybe":          {record.Settlement{Result: record.ResultFailed, Maybe: true}, record.InDoubt, left},
		"in doubt":               {record.Settlement{Result: record.ResultInDoubt, Repeat: true, RepeatIn: 5 * time.Second}, record.InDoubt, 5 * time.Second},
		"in doubt for good":      {record.Settlement{Result: record.ResultInDoubt}, record.InDoubt, left},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			each(t, func(w *world) {
				w.repeated()
				_, _, err := w.store.Cancel(w.ctx, id)
				w.must(err)
				row.s.Attempt, row.s.Token = 2, "u"
				if out := w.settle(row.s); out.State != row.want || !out.Until.IsZero() {
					t.Errorf("%+v, want %s", out, row.want)
				}
				if row.due > 0 {
					w.wantDue(row.due)
				}
				if _, due := w.due(); due != (row.due > 0) {
					t.Errorf("%s and due: %v", row.want, due)
				}
				doubted := w.r.Client.HGet(w.ctx, key("job:", id), "doubted").Val()
				if (doubted == "1") != (row.want == record.InDoubt) {
					t.Errorf("%s, the attempt in doubt is %q", row.want, doubted)
				}
				w.later(row.due)
				w.tickAll()
				if row.due == left {
					w.is(record.Unknown)
				}
			})
		})
	}
}

// TestRefusalOutlivesTheDoubt: that the repeat placed nothing proves nothing of
// the first request, though everybody has given up since.
func TestRefusalOutlivesTheDoubt(t *testing.T) {
	for _, s := range []record.Settlement{{Result: record.ResultAgain, Reason: "retry"}, {Result: record.ResultFailed, Cause: "platform"}} {
		each(t, func(w *world) {
			w.repeated()
			w.later(time.Minute)
			w.tickAll()
			w.is(record.InDoubt)
			w.later(time.Hour)
			w.tickAll()
			w.is(record.Unknown)
			s.Attempt, s.Token = 2, "u"
			if out := w.settle(s); out.State != record.Unknown {
				t.Errorf("%s: %+v", s.Result, out)
			}
			second := "c:" + id + ".2@" + w.created()
			if w.charge() == 0 || w.r.Client.HExists(w.ctx, key("number:", num), second).Val() {
				t.Error("charged is not the first attempt, or not only that")
			}
			if v, s := w.advance(record.Evidence{Attempt: 2, State: record.Completed, Strength: 1}); v != record.Advanced || s != record.Completed {
				t.Errorf("evidence: %s, %s", v, s)
			}
		})
	}
}

// TestOwnProofEndsTheDoubt of the very attempt, with its repeat scheduled.
func TestOwnProofEndsTheDoubt(t *testing.T) {
	each(t, func(w *world) {
		w.create(job())
		w.repeat(1, "t")
		w.later(time.Minute)
		if steps := w.tickAll(); len(steps) != 1 || steps[0].Action != record.ActNone || w.get().State != record.InDoubt {
			t.Fatalf("%+v", steps)
		}
		w.wantDue(0) // a request that the vendor knows goes out again at once
		if out := w.settle(record.Settlement{Result: record.ResultAgain, Reason: "retry", RetryIn: time.Minute}); out.State != record.Held {
			t.Fatalf("%+v", out)
		}
		w.wantDue(time.Minute)
		if a := w.repeat(2, "u"); a.Decision != ratelimit.Hold {
			t.Errorf("before the retry: %+v", a)
		}
		w.later(time.Minute)
		w.repeat(2, "u")
		if out := w.settle(record.Settlement{Attempt: 2, Token: "u", Result: record.ResultFailed}); out.State != record.Failed {
			t.Errorf("nothing is in doubt, and it is %s", out.State)
		}
	})
}

// TestOnlyWhatTheVendorKnowsIsRepeated, whoever asks for a repeat.
func TestOnlyWhatTheVendorKnowsIsRepeated(t *testing.T) {
	each(t, func(w *world) {
		w.create(job())
		w.repeat(1, "t")
		w.settle(record.Settlement{Result: record.ResultAgain, Reason: "retry"})
		w.send(2, "t") // by a worker of another version
		w.settle(lost(2))
		w.is(record.InDoubt)
		w.wantDue(30 * time.Minute)
		w.later(2 * time.Second)
		for _, a := range []ratelimit.Answer{w.send(3, "u"), w.repeat(3, "u")} {
			if a.Decision != ratelimit.Over || a.State != record.InDoubt {
				t.Errorf("%+v", a)
			}
		}
	})
	each(t, func(w *world) {
		w.doubtful()
		if a := w.send(2, "u"); a.Decision != ratelimit.Over || w.get().Attempt != 1 {
			t.Errorf("a request that is not the same: %+v", a)
		}
		if a := w.repeat(3, "u"); a.Decision != ratelimit.Stale {
			t.Errorf("another attempt: %+v", a)
		}
	})
}

// TestRepeatsEnd with the doubt, with the job, and with the vendor's patience.
func TestRepeatsEnd(t *testing.T) {
	rows := map[string]struct {
		expires, repeat time.Duration
		due             time.Duration
	}{
		"at the doubt's end":     {time.Hour, 30 * time.Minute, 30 * time.Minute},
		"before the doubt's end": {time.Hour, 30*time.Minute - time.Millisecond, 30*time.Minute - time.Millisecond},
		"at the job's end":       {time.Minute, time.Minute, 30 * time.Minute},
		"before the job's end":   {time.Minute, time.Minute - time.Millisecond, time.Minute - time.Millisecond},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			each(t, func(w *world) {
				j := job()
				j.ExpiresIn = row.expires
				w.create(j)
				w.repeat(1, "t")
				s := lost(1)
				s.RepeatIn = row.repeat
				w.settle(s)
				w.wantDue(row.due)
				w.later(row.repeat)
				want := ratelimit.Over
				if row.due == row.repeat && row.due != 30*time.Minute {
					want = ratelimit.Go
				}
				if a := w.repeat(2, "u"); a.Decision != want {
					t.Errorf("then: %+v, want %s", a, want)
				}
			})
		})
	}
	each(t, func(w *world) { // the pump, or a worker, comes late
		for _, late := range []func(){func() { w.tick() }, func() { w.repeat(2, "u") }} {
			w.must(w.r.Client.FlushAll(w.ctx).Err())
			j := job()
			j.ExpiresIn = time.Minute
			w.create(j)
			w.repeat(1, "t")
			w.settle(lost(1))
			w.later(time.Minute)
			late()
			w.is(record.InDoubt)
			w.wantDue(29 * time.Minute)
			if w.r.Client.HExists(w.ctx, key("job:", id), "repeat_at").Val() {
				t.Error("a repeat is still due")
			}
			if a := w.repeat(2, "u"); a.Decision != ratelimit.Over {
				t.Errorf("after the job's end: %+v", a)
			}
		}
	})
	each(t, func(w *world) { // the pump comes when the doubt ends
		w.doubtful()
		w.later(30*time.Minute - 2*time.Second)
		if steps := w.tickAll(); len(steps) != 1 || steps[0].Action != record.ActNone || w.get().State != record.Unknown {
			t.Errorf("%+v", steps)
		}
	})
	each(t, func(w *world) {
		w.create(job())
		for n := 1; n <= 3; n++ {
			w.repeat(n, "t")
			s := lost(n)
			s.MaxRepeats = 2
			if out := w.settle(s); out.State != map[bool]record.State{true: record.Unknown, false: record.InDoubt}[n == 3] {
				t.Fatalf("answer %d: %s", n, out.State)
			}
			w.later(2 * time.Second)
		}
		if _, due := w.due(); due {
			t.Error("unknown, and due")
		}
		if soft := w.r.Client.HMGet(w.ctx, key("job:", id), "rank", "evidence").Val(); soft[0] != "8" || soft[1] != "1" {
			t.Errorf("rank and evidence of a soft end: %v", soft)
		}
	})
	each(t, func(w *world) {
		w.doubtful()
		w.repeat(2, "t")
		once := lost(2)
		once.MaxRepeats = 1
		w.settle(once)
		w.later(2 * time.Second)
		w.repeat(3, "t")
		once.Attempt = 3
		if out := w.settle(once); out.State != record.Unknown {
			t.Errorf("the second answer that bears one repeat: %+v", out)
		}
	})
	each(t, func(w *world) { // answers that bear any number of repeats do not count
		w.create(job())
		for n, most := range []int{0, 0, 1, 0} {
			n++
			w.repeat(n, "t")
			s := lost(n)
			s.MaxRepeats = most
			if out := w.settle(s); out.State != record.InDoubt {
				t.Fatalf("answer %d: %s", n, out.State)
			}
			w.later(2 * time.Second)
		}
	})
}

// TestDoubtCountsFromItsFirst: repeats do not prolong it.
func TestDoubtCountsFromItsFirst(t *testing.T) {
	each(t, func(w *world) {
		w.doubtful()
		w.later(20 * time.Minute)
		w.repeat(2, "u")
		w.settle(record.Settlement{Attempt: 2, Token: "u", Result: record.ResultInDoubt})
		w.wantDue(10*time.Minute - 2*time.Second)
		if step := w.tick(); step.Action != record.ActNone { // too early
			t.Errorf("%+v", step)
		}
		w.is(record.InDoubt)
		w.wantDue(10*time.Minute - 2*time.Second)
	})
}

// TestRepeatIsScheduledAgain by a worker that could not ask.
func TestRepeatIsScheduledAgain(t *testing.T) {
	each(t, func(w *world) {
		w.doubtful()
		w.must(w.store.PollAgain(w.ctx, id, 7, time.Minute))
		w.wantDue(0)
		w.must(w.store.PollAgain(w.ctx, id, 1, time.Minute))
		w.wantDue(time.Minute)
		if a := w.repeat(2, "u"); a.Decision != ratelimit.Over {
			t.Errorf("before that: %+v", a)
		}
		if r := w.get(); r.Polls != 0 || r.State != record.InDoubt {
			t.Errorf("%+v", r)
		}
		w.must(w.store.PollAgain(w.ctx, id, w.get().Seq, time.Hour))
		w.wantDue(30*time.Minute - 2*time.Second)
		w.later(30 * time.Minute)
		w.tickAll()
		w.is(record.Unknown)
	})
	each(t, func(w *world) { // nothing goes out again
		w.in(record.InDoubt)
		before := w.dump()
		w.must(w.store.PollAgain(w.ctx, id, w.get().Seq, time.Minute))
		if after := w.dump(); after != before {
			t.Errorf("it changed\n%s\nto\n%s", before, after)
		}
	})
	each(t, func(w *world) { // its task is enqueued and lost: the doubt ends all the same
		w.doubtful()
		w.must(w.store.PollAgain(w.ctx, id, 1, 28*time.Minute))
		w.later(28 * time.Minute)
		l, err := w.store.Claim(w.ctx, "g", 1)
		w.must(err)
		w.must(w.store.Bump(w.ctx, l[0]))
		w.wantDue(2*time.Minute - 2*time.Second)
		w.later(10 * time.Minute)
		l, err = w.store.Claim(w.ctx, "g", 1)
		w.must(err)
		w.must(w.store.Bump(w.ctx, l[0]))
		w.wantDue(0)
	})
}

// TestBusyNumberInDoubt: a repeat waits for a call in flight, and stays in doubt.
func TestBusyNumberInDoubt(t *testing.T) {
	each(t, func(w *world) {
		w.doubtful()
		other := job()
		other.ID = "g.other"
		w.create(other)
		door := ratelimit.NewAdmission(w.store, ratelimit.Rules{OneAtATime: true}, func() time.Time { return w.now })
		ask := func(job string, n int, waited bool) ratelimit.Answer {
			a, err := door.Admit(w.ctx, ratelimit.Request{
				JobID: job, Numbers: numbers, Attempt: n, Token: "x", Go: true, Waited: waited, Timeout: time.Second, Doubt: time.Hour, Repeatable: true,
			})
			w.must(err)
			return a
		}
		ask("g.other", 1, false)
		if a := ask(id, 2, false); a.Decision != ratelimit.Wait {
			t.Errorf("%+v", a)
		}
		if a := ask(id, 2, true); a.Decision != ratelimit.Over || a.State != record.InDoubt {
			t.Errorf("%+v", a)
		}
		w.wantDue(time.Second)
	})
}
