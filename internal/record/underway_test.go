package record_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/ratelimit"
)

func TestAwaitingDial(t *testing.T) {
	each(t, func(w *world) {
		w.create(job())
		w.send(1, "t")
		s := record.Settlement{Result: record.ResultAccepted, VendorID: "call", X: "170****0000", AwaitIn: time.Hour, GiveUpIn: time.Minute, PollIn: time.Second}
		if out := w.settle(s); out.State != record.AwaitingDial {
			t.Fatalf("%+v", out)
		}
		w.wantDue(time.Hour)
		if r := w.get(); r.X != "170****0000" || !r.GiveUpAt.Equal(w.now.Add(time.Hour)) || r.Seq != 1 {
			t.Errorf("%+v", r)
		}
		if step := w.tick(); step.Action != record.ActPoll {
			t.Errorf("before its time: %+v", step)
		}
		w.later(time.Hour)
		if step := w.tick(); step.Action != record.ActNone {
			t.Errorf("at its end: %+v", step)
		}
		if soft := w.r.Client.HMGet(w.ctx, key("job:", id), "rank", "evidence").Val(); soft[0] != "8" || soft[1] != "1" {
			t.Errorf("rank and evidence of a soft end: %v", soft)
		}
		r := w.get()
		if _, due := w.due(); due || r.State != record.Expired || r.Cause != "unknown" {
			t.Errorf("nobody dialled: %+v, due %v", r, due)
		}
		if v, state, err := w.store.Bound(w.ctx, id, []string{num}, record.Names{}, ""); err != nil || v != record.Same || state != record.Expired {
			t.Errorf("bound: %s, %s, %v", v, state, err)
		}
		// It was a soft end: weak evidence that comes later changes it.
		if v, state := w.advance(record.Evidence{State: record.NoAnswer, Strength: 1}); v != record.Advanced || state != record.NoAnswer {
			t.Errorf("dialled all the same: %s, %s", v, state)
		}
	})
}

// TestUnderWayFromEveryState: a call that rings, or is spoken on, exists, and is
// asked after. While it is being sent its answer, too, is waited for: what is told is kept.
func TestUnderWayFromEveryState(t *testing.T) {
	for from, moves := range map[record.State]bool{
		record.Held: true, record.InDoubt: true, record.AwaitingDial: true, record.Submitted: true,
		record.Submitting: false, record.Active: false, record.Unknown: false, record.Failed: false, record.Completed: false,
	} {
		for _, now := range []record.State{record.Ringing, record.InProgress} {
			t.Run(string(from)+"/"+string(now), func(t *testing.T) {
				each(t, func(w *world) {
					w.in(from)
					seq, revision := w.get().Seq, w.get().Revision
					due, _ := w.due()
					v, s := w.advance(record.Evidence{State: now, Strength: 2, PollIn: 3 * time.Minute, GiveUpIn: 5 * time.Hour, Code: "180"})
					if !moves {
						if v != record.Same || s != from || w.get().Revision != revision || (w.get().VendorCode == "180") != (from == record.Submitting) {
							t.Errorf("%s, %s; want nothing new", v, s)
						}
						return
					}
					r := w.get()
					if v != record.Advanced || s != now || r.Revision != revision+1 || r.VendorCode != "180" || r.HoldReason != "" {
						t.Errorf("%s, %+v", v, r)
					}
					if from == record.Submitted { // it is polled as before
						w.wantDue(due)
						if r.Seq != seq {
							t.Errorf("sequence %d, was %d", r.Seq, seq)
						}
					} else {
						w.wantDue(3 * time.Minute)
						if r.Seq != seq+1 || !r.GiveUpAt.Equal(w.now.Add(5*time.Hour)) {
							t.Errorf("sequence %d, was %d; given up at %v", r.Seq, seq, r.GiveUpAt)
						}
					}
					if w.charge() == 0 {
						t.Error("a call that exists is not charged")
					}
					if a := w.repeat(2, "u"); a.Decision != ratelimit.Over {
						t.Errorf("admit: %+v", a)
					}
					w.later(48 * time.Hour)
					w.tick()
					w.is(record.Unknown)
				})
			})
		}
	}
}

func TestUnderWayMovesForwardOnly(t *testing.T) {
	each(t, func(w *world) {
		w.in(record.InDoubt)
		// This vendor answers no queries.
		w.advance(record.Evidence{State: record.Ringing, Strength: 2, GiveUpIn: time.Hour})
		w.wantDue(time.Hour)
		w.later(time.Minute)
		if v, s := w.advance(record.Evidence{State: record.Ringing, Strength: 2, GiveUpIn: time.Hour}); v != record.Same || s != record.Ringing {
			t.Errorf("rings again: %s, %s", v, s)
		}
		if v, s := w.advance(record.Evidence{State: record.InProgress, Strength: 2, GiveUpIn: time.Hour}); v != record.Advanced || s != record.InProgress {
			t.Errorf("answered: %s, %s", v, s)
		}
		if v, s := w.advance(record.Evidence{State: record.Ringing, Strength: 4, GiveUpIn: time.Hour}); v != record.Same || s != record.InProgress {
			t.Errorf("a late ringing: %s, %s", v, s)
		}
		w.wantDue(59 * time.Minute)
		if step := w.tick(); step.Action != record.ActPoll || step.Task != id+"~1" {
			t.Errorf("%+v", step)
		}
		w.must(w.store.PollAgain(w.ctx, id, 1, time.Minute))
		w.wantDue(time.Minute)
		if v, s := w.advance(record.Evidence{State: record.Busy, Strength: 1}); v != record.Advanced || s != record.Busy {
			t.Errorf("its end: %s, %s", v, s)
		}
	})
	each(t, func(w *world) { // a poll later than the end of waiting is none
		w.in(record.InDoubt)
		w.advance(record.Evidence{State: record.Ringing, Strength: 2, PollIn: 2 * time.Hour, GiveUpIn: time.Hour})
		w.wantDue(time.Hour)
	})
}

// TestUnderWayEndsTheDoubt: nothing goes out again.
func TestUnderWayEndsTheDoubt(t *testing.T) {
	each(t, func(w *world) {
		w.doubtful()
		w.advance(record.Evidence{State: record.Ringing, Strength: 2, GiveUpIn: time.Hour})
		h := w.r.Client.HGetAll(w.ctx, key("job:", id)).Val()
		for _, field := range []string{"doubted", "doubt_until", "repeat_at"} {
			if h[field] != "" {
				t.Errorf("%s is %s", field, h[field])
			}
		}
		w.wantDue(time.Hour)
	})
}

// TestExtraCall: of several calls under one connection the first that ends, ends the job.
func TestExtraCall(t *testing.T) {
	each(t, func(w *world) {
		w.in(record.AwaitingDial)
		if v, s := w.advance(record.Evidence{State: record.Busy, Strength: 2, Task: "one", VendorID: "call"}); v != record.Advanced || s != record.Busy {
			t.Fatalf("%s, %s", v, s)
		}
		lines := len(w.get().Timeline) + 1
		for _, e := range []record.Evidence{
			{State: record.Completed, Strength: 4, Task: "two", Code: "200"}, {State: record.Ringing, Strength: 4, Task: "two"},
			{State: record.Ringing, Strength: 4, Task: "three"}, {State: record.Completed, Strength: 4, Task: "two"},
		} {
			v, s := w.advance(e)
			r := w.get()
			want := map[bool]record.Verdict{true: record.Same, false: record.Extra}[e.State == record.Ringing]
			if v != want || s != record.Busy || r.VendorCode != "" || conflicts(r) != 0 {
				t.Errorf("another call: %s, %s, %+v", v, s, r)
			}
			if last := r.Timeline[len(r.Timeline)-1]; len(r.Timeline) != lines || last.Detail != "extra_call: "+id+"/two" {
				t.Errorf("the timeline tells %+v", last)
			}
		}
		// The same call, and evidence that names none, merge as ever.
		if v, s := w.advance(record.Evidence{State: record.NoAnswer, Strength: 3}); v != record.Advanced || s != record.NoAnswer {
			t.Errorf("without a task: %s, %s", v, s)
		}
		if v, s := w.advance(record.Evidence{State: record.Completed, Strength: 4, Task: "one"}); v != record.Advanced || s != record.Completed {
			t.Errorf("the same call: %s, %s", v, s)
		}
	})
	each(t, func(w *world) { // the job's end named no call
		w.in(record.Submitted)
		w.advance(record.Evidence{State: record.Busy, Strength: 2})
		if v, s := w.advance(record.Evidence{State: record.Completed, Strength: 2, Task: "two"}); v != record.Advanced || s != record.Completed {
			t.Errorf("%s, %s", v, s)
		}
	})
	each(t, func(w *world) { // it has not ended: nothing is extra
		w.in(record.Submitted)
		w.advance(record.Evidence{State: record.Ringing, Strength: 2, Task: "one"})
		if v, s := w.advance(record.Evidence{State: record.Busy, Strength: 2, Task: "two"}); v != record.Advanced || s != record.Busy {
			t.Errorf("%s, %s", v, s)
		}
	})
}

func TestEveryFactIsKept(t *testing.T) {
	each(t, func(w *world) {
		duration, billed, billable := 7*time.Second, time.Duration(0), true
		facts := record.Facts{
			SIP: 486, Q850: 17, Duration: &duration, Billed: &billed, Billable: &billable, Cost: "0.06", Currency: "CNY",
			DTMF: "1#", HangupBy: "callee", Recording: "/a.mp3", Conflict: true,
		}
		w.in(record.Submitted)
		w.advance(record.Evidence{State: record.Completed, Strength: 2, Facts: facts})
		if got := w.get().Facts; !reflect.DeepEqual(got, facts) {
			t.Errorf("%+v, want %+v", got, facts)
		}
		// What later evidence does not tell stays.
		w.advance(record.Evidence{State: record.Completed, Strength: 3, Facts: record.Facts{SIP: 200}})
		facts.SIP = 200
		if got := w.get().Facts; !reflect.DeepEqual(got, facts) {
			t.Errorf("%+v, want %+v", got, facts)
		}
	})
}

func TestCallOverABinding(t *testing.T) {
	each(t, func(w *world) {
		w.bind()
		w.settle(record.Settlement{Result: record.ResultBound, VendorID: "subid"})
		child := record.Child{Parent: w.get(), Retain: time.Hour}
		name := record.ChildID(id, "task")
		advance := func(e record.Evidence) (record.Verdict, record.State) {
			w.t.Helper()
			e.Task, e.Source, e.GiveUpIn = "task", "push", 2*time.Hour
			v, s, err := w.store.AdvanceChild(w.ctx, child, e)
			w.must(err)
			return v, s
		}
		dueIn := func() time.Duration {
			return time.UnixMilli(int64(w.r.Client.ZScore(w.ctx, key("due", ""), name).Val())).Sub(w.now)
		}
		if v, s := advance(record.Evidence{VendorID: "task"}); v != record.Same || s != record.Submitted || dueIn() != 2*time.Hour {
			t.Errorf("a call starts: %s, %s, due in %v", v, s, dueIn())
		}
		if v, s := advance(record.Evidence{State: record.Ringing, Strength: 2, PollIn: time.Minute}); v != record.Advanced || s != record.Ringing || dueIn() != 2*time.Hour {
			t.Errorf("it rings: %s, %s, due in %v", v, s, dueIn())
		}
		if v, s := advance(record.Evidence{State: record.Completed, Strength: 3, Cause: "answered"}); v != record.Advanced || s != record.Completed {
			t.Errorf("it ends: %s, %s", v, s)
		}
		r, err := w.store.Get(w.ctx, name)
		w.must(err)
		if r.Kind != "call" || r.Parent != id || r.Account != "acct" || r.Vendor != "v" || r.X != "170****0000" || r.Cause != "answered" ||
			!r.CreatedAt.Equal(w.now) || r.VendorID != "task" {
			t.Errorf("%+v", r)
		}
		if ttl := w.r.Client.PTTL(w.ctx, key("job:", name)).Val(); ttl <= 0 || ttl > time.Hour {
			t.Errorf("kept for %v", ttl)
		}
		if w.r.Client.ZScore(w.ctx, key("due", ""), name).Err() == nil || w.r.Client.Exists(w.ctx, key("key:", name)).Val() != 0 {
			t.Error("it has ended: it is due, or left a marker")
		}
		w.is(record.Active)
		w.wantDue(time.Hour)
		// A reader's mistake: no attempt of ours makes these calls.
		if v, s, err := w.store.AdvanceChild(w.ctx, child, record.Evidence{Task: "odd", Attempt: 1, State: record.Busy, GiveUpIn: time.Minute}); err != nil || v != record.Stale || s != record.Submitted {
			t.Errorf("%s, %s, %v", v, s, err)
		}
		if r, err := w.store.Get(w.ctx, record.ChildID(id, "odd")); err != nil || r == nil {
			t.Errorf("a call that is due and has no record (%v)", err)
		}
		// A call of which no end is told.
		child.Parent.ID = "g.other"
		name = record.ChildID("g.other", "task")
		advance(record.Evidence{})
		w.later(2 * time.Hour)
		w.tickAll()
		if r, err := w.store.Get(w.ctx, name); err != nil || r.State != record.Unknown {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

// TestJobThatOnlyAsks about a call that exists already.
func TestJobThatOnlyAsks(t *testing.T) {
	ask := func() record.NewJob {
		j := job()
		j.Kind, j.Asks, j.Numbers, j.ExpiresIn = "poll", "theirs", nil, time.Hour
		return j
	}
	each(t, func(w *world) {
		if c := w.create(ask()); c.State != record.Submitted || c.Duplicate {
			t.Fatalf("%+v", c)
		}
		w.wantDue(0)
		if r := w.get(); r.VendorID != "theirs" || r.Seq != 1 || !r.GiveUpAt.Equal(w.now.Add(time.Hour)) || r.Attempt != 0 || r.Revision != 0 {
			t.Errorf("%+v", r)
		}
		if m, err := w.store.MarkerState(w.ctx, id); err != nil || m != record.Submitted {
			t.Errorf("its marker says %q, %v", m, err)
		}
		if c := w.create(ask()); c.State != record.Submitted || c.Duplicate {
			t.Errorf("the same submit again: %+v", c)
		}
		if a := w.send(1, "t"); a.Decision != ratelimit.Over {
			t.Errorf("admit: %+v", a)
		}
		if steps := w.tickAll(); len(steps) != 1 || steps[0].Action != record.ActPoll || steps[0].Task != id+"~1" || steps[0].Kind != "poll" {
			t.Errorf("%+v", steps)
		}
		w.must(w.store.PollAgain(w.ctx, id, 1, 10*time.Minute))
		w.wantDue(10 * time.Minute)
		if v, s, err := w.store.Advance(w.ctx, id, nil, record.Evidence{State: record.Busy, Strength: 2, VendorID: "theirs"}); err != nil || v != record.Advanced || s != record.Busy {
			t.Errorf("%s, %s, %v", v, s, err)
		}
	})
	each(t, func(w *world) {
		j := ask()
		j.NotBefore = w.now.Add(time.Minute)
		w.create(j)
		w.wantDue(time.Minute)
		w.later(time.Hour)
		w.tickAll()
		w.is(record.Unknown)
	})
}

func TestHopelessPoll(t *testing.T) {
	each(t, func(w *world) {
		w.in(record.Submitted)
		before := w.dump()
		w.must(w.store.PollHopeless(w.ctx, id, 2, "404", "no such call"))
		if after := w.dump(); after != before {
			t.Error("a query that is not the newest ended the job")
		}
		w.must(w.store.PollHopeless(w.ctx, id, 1, "404", "no such call"))
		r := w.get()
		if _, due := w.due(); due || r.State != record.Unknown || r.Cause != "unknown" || r.VendorCode != "404" || r.VendorText != "no such call" || r.Polls != 0 {
			t.Errorf("%+v, due %v", r, due)
		}
		w.must(w.store.PollHopeless(w.ctx, "g.none", 1, "404", ""))
	})
}

// TestPollOfWhatIsNotUnderWay changes nothing.
func TestPollOfWhatIsNotUnderWay(t *testing.T) {
	for _, s := range []record.State{record.Held, record.Submitting, record.Active, record.Unknown, record.Completed} {
		each(t, func(w *world) {
			w.in(s)
			before := w.dump()
			w.must(w.store.PollAgain(w.ctx, id, w.get().Seq, time.Minute))
			w.must(w.store.PollHopeless(w.ctx, id, w.get().Seq, "1", ""))
			if after := w.dump(); after != before {
				t.Errorf("%s: it changed\n%s\nto\n%s", s, before, after)
			}
		})
	}
}
