package record_test

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/callpacer/callpacer/internal/record"
)

func TestCancelInEveryState(t *testing.T) {
	rows := map[record.State]record.Cancellation{
		record.Accepted: record.CancelDone, record.Queued: record.CancelDone, record.Held: record.CancelDone,
		record.Canceled: record.CancelDone, record.Submitted: record.CancelRefused, record.InDoubt: record.CancelRefused,
		record.Unknown: record.CancelRefused, record.Completed: record.CancelRefused, record.Busy: record.CancelRefused,
		record.Failed: record.CancelRefused, record.Expired: record.CancelRefused,
		record.AwaitingDial: record.CancelRefused, record.Ringing: record.CancelRefused, record.InProgress: record.CancelRefused,
		record.Active: record.CancelRefused, record.Released: record.CancelRefused,
	}
	for s, want := range rows {
		t.Run(string(s), func(t *testing.T) {
			each(t, func(w *world) {
				w.in(s)
				state := s
				if want == record.CancelDone {
					state = record.Canceled
				}
				if got, now, err := w.store.Cancel(w.ctx, id); err != nil || got != want || now != state || w.get().State != state {
					t.Errorf("%s, %s, %v; want %s, %s", got, now, err, want, state)
				}
				if _, due := w.due(); due != !state.Final() {
					t.Errorf("%s and due: %v", state, due)
				}
				if a := w.send(2, "late"); a.Decision == "go" {
					t.Errorf("sent after it was %s", state)
				}
			})
		})
	}
}

func TestCancelWhileItIsSent(t *testing.T) {
	for _, s := range results {
		t.Run(string(s.Result), func(t *testing.T) {
			each(t, func(w *world) {
				w.in(record.Accepted)
				w.send(1, "t")
				if got, state, err := w.store.Cancel(w.ctx, id); err != nil || got != record.CancelRequested || state != record.Submitting {
					t.Fatalf("%s, %s, %v", got, state, err)
				}
				if !w.get().CancelRequested {
					t.Error("the wish is not on record")
				}
				want := map[record.Result]record.State{
					record.ResultAccepted: record.Submitted, record.ResultInDoubt: record.InDoubt, record.ResultBound: record.Active,
					record.ResultDone: record.Completed, record.ResultAgain: record.Canceled, record.ResultFailed: record.Canceled,
				}[s.Result]
				if s.Maybe {
					want = record.Failed
				}
				if s.AwaitIn > 0 {
					want = record.AwaitingDial
				}
				if out := w.settle(s); out.State != want || !out.Until.IsZero() {
					t.Errorf("%+v, want %s", out, want)
				}
				if w.get().CancelRequested != (want == record.InDoubt) {
					t.Errorf("%s: a wish to cancel stands: %v", want, w.get().CancelRequested)
				}
			})
		})
	}
	each(t, func(w *world) {
		if got, _, err := w.store.Cancel(w.ctx, id); err != nil || got != record.CancelMissing {
			t.Errorf("no record: %s, %v", got, err)
		}
	})
}

// TestPoison: a job that kills its handlers ends at the 21st run; one that gets
// answers runs on.
func TestPoison(t *testing.T) {
	each(t, func(w *world) {
		w.in(record.Queued)
		start := func() record.State {
			r, _, err := w.store.Start(w.ctx, id)
			w.must(err)
			return r.State
		}
		for range 2 {
			for i := range 20 {
				if s := start(); s != record.Queued {
					t.Fatalf("run %d: %s", i+1, s)
				}
			}
			if a := w.send(7, "stale"); a.Decision != "stale" { // any answer will do
				t.Fatalf("admit: %+v", a)
			}
		}
		for range 20 {
			start()
		}
		if s := start(); s != record.Failed || w.get().Cause != "poison" {
			t.Errorf("run 21: %s, %s", s, w.get().Cause)
		}
		if _, due := w.due(); due {
			t.Error("still due")
		}
	})
}

// TestPoisonSparesAnAttemptInFlight: its owner still has to say how it ended.
func TestPoisonSparesAnAttemptInFlight(t *testing.T) {
	each(t, func(w *world) {
		w.in(record.Accepted)
		w.send(1, "t")
		for range 30 {
			if r, _, err := w.store.Start(w.ctx, id); err != nil || r.State != record.Submitting {
				t.Fatalf("%+v, %v", r, err)
			}
		}
		if out := w.settle(results[0]); out.State != record.Submitted {
			t.Errorf("%+v", out)
		}
	})
}

// TestLeases: one pump works on an entry, and only as long as it is its own.
func TestLeases(t *testing.T) {
	each(t, func(w *world) {
		w.create(job())
		if l, err := w.store.Claim(w.ctx, "g", 10); err != nil || len(l) != 0 {
			t.Fatalf("before it is due: %v, %v", l, err)
		}
		w.now = w.now.Add(30 * time.Second)
		first, err := w.store.Claim(w.ctx, "g", 10)
		w.must(err)
		if second, err := w.store.Claim(w.ctx, "g", 10); err != nil || len(first) != 1 || len(second) != 0 {
			t.Fatalf("leased to %v and to %v (%v)", first, second, err)
		}
		w.wantDue(10 * time.Second)
		w.now = w.now.Add(10 * time.Second) // the first pump froze
		second, err := w.store.Claim(w.ctx, "g", 10)
		w.must(err)
		if len(second) != 1 {
			t.Fatal("nobody may work on it any more")
		}
		before := w.dump()
		if step, err := w.store.Tick(w.ctx, first[0]); err != nil || step.Action != record.ActMoved {
			t.Errorf("a tick on a lost lease: %+v, %v", step, err)
		}
		if step, err := w.store.Returned(w.ctx, first[0], id, false); err != nil || step.Action != record.ActMoved {
			t.Errorf("returned on a lost lease: %+v, %v", step, err)
		}
		w.must(w.store.Bump(w.ctx, first[0]))
		if after := w.dump(); after != before {
			t.Errorf("it changed\n%s\nto\n%s", before, after)
		}
		w.must(w.store.Bump(w.ctx, second[0]))
		w.wantDue(5 * time.Minute)
		if at, ok, err := w.store.NextDue(w.ctx, "g"); err != nil || !ok || !at.Equal(w.now.Add(5*time.Minute)) {
			t.Errorf("next due %v, %v, %v", at, ok, err)
		}
	})
}

func TestClaimIsBounded(t *testing.T) {
	each(t, func(w *world) {
		for _, name := range []string{"g.a", "g.b", "g.c"} {
			j := job()
			j.ID = name
			w.create(j)
			w.now = w.now.Add(time.Second)
		}
		w.now = w.now.Add(time.Minute)
		l, err := w.store.Claim(w.ctx, "g", 2)
		if err != nil || len(l) != 2 || l[0].Member != "g.a" || l[1].Member != "g.b" {
			t.Errorf("%v, %v; want the two that are due longest", l, err)
		}
	})
}

// TestPollStopsAtGiveUp: a query's repeat is never later than the end of waiting,
// and only the newest query moves it.
func TestPollStopsAtGiveUp(t *testing.T) {
	each(t, func(w *world) {
		w.in(record.Submitted)
		w.wantDue(time.Minute)
		w.now = w.now.Add(time.Minute)
		if steps := w.tickAll(); len(steps) != 1 || steps[0].Action != record.ActPoll || steps[0].Task != id+"~1" {
			t.Fatalf("%+v", steps)
		}
		w.must(w.store.PollAgain(w.ctx, id, 1, 30*time.Minute))
		w.wantDue(30 * time.Minute)
		w.must(w.store.PollAgain(w.ctx, id, 1, time.Minute)) // the same query again
		w.wantDue(30 * time.Minute)
		w.must(w.store.PollAgain(w.ctx, id, 2, 3*time.Hour))
		w.wantDue(59 * time.Minute)
		if r := w.get(); r.Polls != 2 || r.Seq != 3 {
			t.Errorf("%d polls, sequence %d", r.Polls, r.Seq)
		}
		w.now = w.now.Add(59 * time.Minute)
		if steps := w.tickAll(); len(steps) != 1 || steps[0].Action != record.ActNone || w.get().State != record.Unknown {
			t.Errorf("%+v, %s; want unknown", steps, w.get().State)
		}
	})
}

// TestLostTaskComesBack after it was gone twice, two minutes apart.
func TestLostTaskComesBack(t *testing.T) {
	each(t, func(w *world) {
		w.in(record.Queued)
		look := func() (record.Lease, record.Step) {
			t.Helper()
			in, _ := w.due()
			w.now = w.now.Add(in)
			l, err := w.store.Claim(w.ctx, "g", 1)
			w.must(err)
			step, err := w.store.Tick(w.ctx, l[0])
			w.must(err)
			return l[0], step
		}
		returned := func(l record.Lease, task string, live bool, want record.Action) record.Step {
			t.Helper()
			step, err := w.store.Returned(w.ctx, l, task, live)
			if err != nil || step.Action != want {
				t.Fatalf("%+v, %v; want %s", step, err, want)
			}
			return step
		}
		w.wantDue(2 * time.Minute)
		l, step := look()
		if step.Action != record.ActLook || step.Task != id || step.Account != "acct" || step.Kind != "notify" || step.Priority != "normal" {
			t.Fatalf("%+v", step)
		}
		returned(l, id, true, record.ActLive)
		w.wantDue(4 * time.Minute)
		l, _ = look()
		returned(l, id, false, record.ActWait)
		w.wantDue(2 * time.Minute)
		l, _ = look()
		step = returned(l, id, false, record.ActEnqueue)
		if step.Task != id+"~1" {
			t.Errorf("brought back as %s", step.Task)
		}
		w.now = w.now.Add(10 * time.Second) // the pump died before it could
		l, step = look()
		if step.Action != record.ActEnqueue || step.Task != id+"~1" {
			t.Errorf("after that: %+v", step)
		}
		returned(l, step.Task, true, record.ActLive)
		if _, step = look(); step.Action != record.ActLook || step.Task != id+"~1" {
			t.Errorf("at last: %+v", step)
		}
	})
}

func TestFailEndsOnlyWaitingJobs(t *testing.T) {
	each(t, func(w *world) {
		w.in(record.Submitted)
		if s, err := w.store.Fail(w.ctx, id, "platform", "why"); err != nil || s != record.Submitted {
			t.Errorf("%s, %v", s, err)
		}
		w.must(w.r.Client.FlushAll(w.ctx).Err())
		if s, err := w.store.Fail(w.ctx, id, "platform", "why"); err != nil || s != "" {
			t.Errorf("no record: %q, %v", s, err)
		}
		w.in(record.Held)
		if s, err := w.store.Fail(w.ctx, id, "platform", "why"); err != nil || s != record.Failed || w.get().HoldReason != "" {
			t.Errorf("%s, %v", s, err)
		}
	})
}

// TestLooksGrowRarer: a job that waits long is looked at ever more seldom, at
// least twice an hour and not later than its end.
func TestLooksGrowRarer(t *testing.T) {
	each(t, func(w *world) {
		w.in(record.Queued)
		end := w.get().ExpiresAt
		for _, want := range []time.Duration{2, 4, 8, 16, 32, 32, 32} {
			w.wantDue(want * time.Minute)
			w.now = w.now.Add(want * time.Minute)
			l, err := w.store.Claim(w.ctx, "g", 1)
			w.must(err)
			step, err := w.store.Returned(w.ctx, l[0], id, true)
			if err != nil || step.Action != record.ActLive {
				t.Fatalf("%+v, %v", step, err)
			}
		}
		w.now = end.Add(-time.Minute)
		l, err := w.store.Claim(w.ctx, "g", 1)
		w.must(err)
		_, err = w.store.Returned(w.ctx, l[0], id, true)
		w.must(err)
		w.wantDue(time.Minute)
	})
}

// TestEntriesThatShouldNotBe: whatever put them there, the pump does no harm.
func TestEntriesThatShouldNotBe(t *testing.T) {
	lease := func(w *world) record.Lease {
		w.t.Helper()
		w.must(w.r.Client.ZAdd(w.ctx, key("due", ""), redis.Z{Score: 1, Member: id}).Err())
		l, err := w.store.Claim(w.ctx, "g", 1)
		if err != nil || len(l) != 1 {
			w.t.Fatalf("%v, %v", l, err)
		}
		return l[0]
	}
	each(t, func(w *world) { // its record is gone, or it has ended
		for _, gone := range []bool{true, false} {
			w.in(record.Canceled)
			if gone {
				w.must(w.r.Client.Del(w.ctx, key("job:", id), key("key:", id)).Err())
			}
			if step, err := w.store.Tick(w.ctx, lease(w)); err != nil || step.Action != record.ActNone {
				t.Errorf("gone %v: %+v, %v", gone, step, err)
			}
			if _, due := w.due(); due {
				t.Errorf("gone %v: the entry stays", gone)
			}
		}
	})
	each(t, func(w *world) { // its owner still has time
		w.in(record.Accepted)
		w.send(1, "t")
		if step, err := w.store.Tick(w.ctx, lease(w)); err != nil || step.Action != record.ActNone || w.get().State != record.Submitting {
			t.Errorf("%+v, %v, %s", step, err, w.get().State)
		}
		w.wantDue(45 * time.Second)
		w.now = w.now.Add(45 * time.Second)
		w.tickAll()
		if s := w.get().State; s != record.InDoubt {
			t.Errorf("when its time is over: %s", s)
		}
		w.wantDue(30 * time.Minute)
	})
	each(t, func(w *world) { // it is not waiting: no task of it is looked for
		w.in(record.Submitted)
		l := lease(w)
		before := w.dump()
		if step, err := w.store.Returned(w.ctx, l, id, true); err != nil || step.Action != record.ActMoved || w.dump() != before {
			t.Errorf("%+v, %v", step, err)
		}
	})
}
