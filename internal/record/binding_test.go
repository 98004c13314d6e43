package record_test

import (
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/ratelimit"
)

const endless = 30 * 24 * time.Hour

func bindJob() record.NewJob {
	j := job()
	j.Kind, j.TTL, j.RequestID, j.X, j.From = "bind", time.Hour, "req", "170****0000", "139****0002"
	j.Mode, j.Parties = "axb", []string{"A", "B"}
	return j
}

// bind is a job that makes a binding for an hour.
func (w *world) bind() {
	w.t.Helper()
	w.create(bindJob())
	w.repeat(1, "t")
}

func TestBindingLives(t *testing.T) {
	each(t, func(w *world) {
		w.bind()
		w.later(time.Second)
		if out := w.settle(record.Settlement{Result: record.ResultBound, VendorID: "subid"}); out.State != record.Active || !out.Until.IsZero() {
			t.Fatalf("%+v", out)
		}
		r := w.get()
		if !r.EndsAt.Equal(w.now.Add(time.Hour)) || r.VendorID != "subid" || r.RequestID != "req" || r.X != "170****0000" || r.From != "139****0002" || !r.Since.Equal(w.now) {
			t.Errorf("%+v", r)
		}
		w.wantDue(time.Hour)
		if a := w.repeat(2, "u"); a.Decision != ratelimit.Over {
			t.Errorf("asked again: %+v", a)
		}
		w.later(time.Hour - time.Millisecond)
		if step := w.tick(); step.Action != record.ActNone {
			t.Errorf("%+v", step)
		}
		w.is(record.Active)
		w.wantDue(time.Millisecond)
		w.later(time.Millisecond)
		w.tickAll()
		w.is(record.Expired)
		if r := w.get(); r.Cause != "" {
			t.Errorf("the cause is %q", r.Cause)
		}
		if _, due := w.due(); due {
			t.Error("still due")
		}
		if s, err := w.store.Released(w.ctx, id, num, "late"); err != nil || s != record.Expired {
			t.Errorf("released: %s, %v", s, err)
		}
	})
}

func TestBindingWithoutEnd(t *testing.T) {
	each(t, func(w *world) {
		w.in(record.Active)
		for range 2 {
			w.wantDue(endless)
			w.later(endless)
			if steps := w.tickAll(); len(steps) != 1 || steps[0].Action != record.ActNone {
				t.Errorf("%+v", steps)
			}
			w.is(record.Active)
		}
		if r := w.get(); !r.EndsAt.IsZero() {
			t.Errorf("ends at %v", r.EndsAt)
		}
	})
}

// TestBoundInEveryState: what happened over a binding proves that it was made.
func TestBoundInEveryState(t *testing.T) {
	rows := map[record.State]record.Verdict{
		record.Accepted: record.Foreign, record.Queued: record.Foreign, // an earlier job's, which had this id
		record.Held: record.Advanced, record.InDoubt: record.Advanced, record.Unknown: record.Advanced,
		record.Submitted: record.Advanced, record.Ringing: record.Advanced, record.InProgress: record.Advanced,
		record.Submitting: record.Same, record.Active: record.Same, record.Released: record.Same, record.Failed: record.Advanced,
		record.Completed: record.Same, record.Canceled: record.Same, record.Expired: record.Same,
	}
	for s, want := range rows {
		t.Run(string(s), func(t *testing.T) {
			each(t, func(w *world) {
				w.in(s)
				revision := w.get().Revision
				v, now, err := w.store.Bound(w.ctx, id, []string{num}, record.Names{}, "")
				state := s
				if want == record.Advanced {
					state = record.Active
				}
				if err != nil || v != want || now != state {
					t.Errorf("%s, %s, %v; want %s, %s", v, now, err, want, state)
				}
				w.is(state)
				if told := w.get().Revision - revision; told != map[bool]int{true: 1}[want == record.Advanced] {
					t.Errorf("%d revisions", told)
				}
				if state == record.Active {
					w.wantDue(endless)
				}
				for _, k := range []string{key("job:", id), key("key:", id)} {
					if ttl := w.r.Client.PTTL(w.ctx, k).Val(); (ttl < 0) == state.Final() {
						t.Errorf("%s: kept for %v", state, ttl)
					}
				}
			})
		})
	}
}

func TestBoundAfterTheAnswerWasLost(t *testing.T) {
	each(t, func(w *world) {
		w.bind()
		w.settle(lost(1))
		w.later(10 * time.Minute)
		if v, s, err := w.store.Bound(w.ctx, id, []string{num}, record.Names{VendorID: "subid"}, ""); err != nil || v != record.Advanced || s != record.Active {
			t.Fatalf("%s, %s, %v", v, s, err)
		}
		// The vendor made it at the end of the time that its owner had, at the latest.
		w.wantDue(time.Hour + 45*time.Second - 10*time.Minute)
		r := w.get()
		if r.VendorID != "subid" || !r.EndsAt.Equal(r.CreatedAt.Add(time.Hour+45*time.Second)) {
			t.Errorf("%+v", r)
		}
		if v, s, err := w.store.Bound(w.ctx, id, []string{num}, record.Names{VendorID: "other"}, ""); err != nil || v != record.Foreign || s != record.Active {
			t.Errorf("another binding's call: %s, %s, %v", v, s, err)
		}
		if v, _, err := w.store.Bound(w.ctx, "g.none", []string{num}, record.Names{VendorID: "x"}, ""); err != nil || v != record.NoRecord {
			t.Errorf("no record: %s, %v", v, err)
		}
		if a := w.repeat(2, "u"); a.Decision != ratelimit.Over {
			t.Errorf("repeated all the same: %+v", a)
		}
	})
	each(t, func(w *world) { // while the repeat is under way only its id is learnt
		w.bind()
		if v, s, err := w.store.Bound(w.ctx, id, []string{num}, record.Names{VendorID: "subid"}, ""); err != nil || v != record.Same || s != record.Submitting || w.get().VendorID != "subid" {
			t.Errorf("%s, %s, %v", v, s, err)
		}
	})
	each(t, func(w *world) { // everybody had given up
		w.bind()
		w.later(time.Minute)
		w.tickAll()
		w.later(40 * time.Minute)
		w.tickAll()
		w.is(record.Unknown)
		w.settle(record.Settlement{Result: record.ResultBound, VendorID: "subid"})
		w.is(record.Active)
		w.wantDue(time.Hour + 45*time.Second - 41*time.Minute) // it was made then at the latest
		r := w.get()
		if r.Cause != "" || !r.EndedAt.IsZero() || w.r.Client.PTTL(w.ctx, key("job:", id)).Val() >= 0 || w.r.Client.PTTL(w.ctx, key("key:", id)).Val() >= 0 {
			t.Errorf("it lives, and is forgotten: %+v", r)
		}
		w.later(time.Hour)
		w.tickAll()
		w.is(record.Expired)
	})
	each(t, func(w *world) { // held, by a vendor that said it had done nothing
		w.in(record.Held)
		_, _, err := w.store.Bound(w.ctx, id, []string{num}, record.Names{}, "")
		w.must(err)
		if r := w.get(); r.HoldReason != "" || !r.HoldUntil.IsZero() {
			t.Errorf("active, and held: %+v", r)
		}
	})
}

func TestReleasedInEveryState(t *testing.T) {
	rows := map[record.State]bool{
		record.Accepted: false, record.Queued: false, record.Held: false, record.Submitting: false, record.Submitted: true,
		record.InDoubt: true, record.Active: true, record.Unknown: true, record.Released: false, record.Failed: false, record.Expired: false,
	}
	for s, ends := range rows {
		t.Run(string(s), func(t *testing.T) {
			each(t, func(w *world) {
				w.in(s)
				revision, want := w.get().Revision, s
				if ends {
					want = record.Released
				}
				if got, err := w.store.Released(w.ctx, id, num, "by g.unbind"); err != nil || got != want || w.get().State != want {
					t.Errorf("%s, %v; want %s", got, err, want)
				}
				r := w.get()
				if r.Revision-revision != map[bool]int{true: 1}[ends] || ends && r.Timeline[len(r.Timeline)-1].Detail != "by g.unbind" {
					t.Errorf("%+v", r)
				}
				if _, due := w.due(); due == want.Final() {
					t.Errorf("%s and due: %v", want, due)
				}
			})
		})
	}
	each(t, func(w *world) {
		if s, err := w.store.Released(w.ctx, id, num, ""); err != nil || s != "" || w.dump() != "" {
			t.Errorf("no record: %q, %v", s, err)
		}
	})
}

func TestDoneEndsWhatNeedsNoRequest(t *testing.T) {
	for s, want := range map[record.State]record.State{
		record.Queued: record.Completed, record.Held: record.Completed, record.Submitting: record.Submitting,
		record.InDoubt: record.InDoubt, record.Active: record.Active, record.Failed: record.Failed,
	} {
		each(t, func(w *world) {
			w.in(s)
			if got, err := w.store.Done(w.ctx, id, []string{num}, "nothing to release"); err != nil || got != want || w.get().State != want {
				t.Errorf("%s: %s, %v; want %s", s, got, err, want)
			}
		})
	}
	each(t, func(w *world) { // one that would go out again
		w.doubtful()
		if got, err := w.store.Fail(w.ctx, id, "platform", "no"); err != nil || got != record.InDoubt {
			t.Errorf("failed in doubt: %s, %v", got, err)
		}
		if got, err := w.store.Done(w.ctx, id, []string{num}, "the binding is gone"); err != nil || got != record.Completed {
			t.Errorf("%s, %v", got, err)
		}
		if _, due := w.due(); due {
			t.Error("still due")
		}
		w.must(w.r.Client.FlushAll(w.ctx).Err())
		if got, err := w.store.Done(w.ctx, id, []string{num}, ""); err != nil || got != "" {
			t.Errorf("no record: %q, %v", got, err)
		}
	})
}

func TestPutOff(t *testing.T) {
	putOff := func(w *world, d record.Delay) (record.State, time.Duration) {
		w.t.Helper()
		s, until, err := w.store.PutOff(w.ctx, id, d)
		w.must(err)
		if until.IsZero() {
			return s, -1
		}
		return s, until.Sub(w.now)
	}
	tries := record.Delay{In: time.Minute, Reason: "retry", Cause: "network_failure", Code: "1500", Text: "临时故障", MaxAttempts: 2}
	each(t, func(w *world) {
		w.in(record.Queued)
		for range 15 {
			_, _, err := w.store.Start(w.ctx, id)
			w.must(err)
			if s, in := putOff(w, record.Delay{In: 5 * time.Second, Reason: record.HoldBinding, Detail: "its bind is submitting"}); s != record.Held || in != 5*time.Second {
				t.Fatalf("%s, %v", s, in)
			}
			_, _, err = w.store.Start(w.ctx, id)
			w.must(err)
		}
		if r := w.get(); r.HoldReason != record.HoldBinding || r.Failures != 0 || r.Attempts != 0 || r.State != record.Held {
			t.Errorf("%+v", r)
		}
		if s, in := putOff(w, tries); s != record.Held || in != time.Minute {
			t.Errorf("%s, %v", s, in)
		}
		w.wantDue(3 * time.Minute)
		if r := w.get(); r.HoldReason != "retry" || r.Failures != 1 || r.Attempts != 1 || r.VendorCode != "1500" || r.VendorText != "临时故障" {
			t.Errorf("%+v", r)
		}
		if s, in := putOff(w, tries); s != record.Failed || in != -1 || w.r.Client.HGet(w.ctx, key("job:", id), "rank").Val() != "9" || w.get().Cause != "network_failure" || w.get().Attempts != 2 {
			t.Errorf("the last try: %s, %v", s, in)
		}
		if s, _ := putOff(w, tries); s != record.Failed {
			t.Errorf("after its end: %s", s)
		}
		if s, _, err := w.store.PutOff(w.ctx, "g.none", tries); err != nil || s != "" {
			t.Errorf("no record: %q, %v", s, err)
		}
	})
	each(t, func(w *world) {
		w.in(record.Queued)
		w.later(24*time.Hour - time.Millisecond)
		if s, _ := putOff(w, record.Delay{}); s != record.Held {
			t.Errorf("before its end: %s", s)
		}
		w.later(time.Millisecond)
		if s, in := putOff(w, record.Delay{In: time.Minute}); s != record.Expired || in != -1 {
			t.Errorf("at its end: %s, %v", s, in)
		}
	})
	each(t, func(w *world) { // one try is all
		w.in(record.Queued)
		once := tries
		once.MaxAttempts = 1
		if s, in := putOff(w, once); s != record.Failed || in != -1 {
			t.Errorf("%s, %v", s, in)
		}
	})
	each(t, func(w *world) { // what may have taken effect is not put off
		for _, s := range []record.State{record.Submitting, record.InDoubt, record.Active} {
			w.must(w.r.Client.FlushAll(w.ctx).Err())
			w.in(s)
			before := w.dump()
			if got, in := putOff(w, tries); got != s || in != -1 || w.dump() != before {
				t.Errorf("%s: %s, %v", s, got, in)
			}
		}
	})
}

// Of a job whose content is lost nobody knows for how long it stands.
func TestLostBindingIsNotMadeActive(t *testing.T) {
	each(t, func(w *world) {
		if s, err := w.store.Missing(w.ctx, id, record.LostJob{Account: "interline-main", Kind: "bind", Retain: time.Hour}); err != nil || s != record.Unknown {
			t.Fatal(s, err)
		}
		if v, s, err := w.store.Bound(w.ctx, id, []string{num}, record.Names{VendorID: "subid"}, ""); err != nil || v != record.Foreign || s != record.Unknown {
			t.Errorf("%s, %s, %v", v, s, err)
		}
		if _, due := w.due(); due {
			t.Error("due again")
		}
	})
}
