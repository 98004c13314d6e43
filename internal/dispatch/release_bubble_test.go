package dispatch

import (
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/tasks"
)

// wantReleases is how many requests to release arrived at the company.
func (s scene) wantReleases(n int) {
	s.t.Helper()
	if s.company.releases != n {
		s.t.Errorf("%d requests to release, want %d", s.company.releases, n)
	}
}

// wantWaits wants the job held for a reason.
func (s scene) wantWaits(j tasks.Job, reason string) (id string) {
	s.t.Helper()
	id, state, err := s.does(j)
	var later *Later
	if rec := s.get(id); !asLater(err, &later) || state != record.Held || rec.HoldReason != reason {
		s.t.Fatalf("a %s is %s (%s), %v; want it held for %s", j.Kind, state, rec.HoldReason, err, reason)
	}
	return id
}

// TestReleaseOfWhatWaits cancels its bind, which is never sent again: also one that
// was refused and is to be tried again, and one whose X is yet to be chosen.
func TestReleaseOfWhatWaits(t *testing.T) {
	shortage := providers.Outcome{Class: providers.ClassRetryLater, Placed: providers.PlacedNo}
	for name, tt := range map[string]struct {
		job     tasks.Job
		answers []providers.Outcome
		reason  string // for which it waits; "": it never ran
		heard   int
	}{
		"never sent":     {job: bindFor(forAges)(nil)},
		"its X is open":  {job: auto(0)},
		"to be retried":  {job: bindFor(forAges)(nil), answers: []providers.Outcome{shortage}, reason: record.HoldRetry, heard: 1},
		"another X next": {job: auto(0), answers: []providers.Outcome{{Class: providers.ClassPermanent, Placed: providers.PlacedNo, OtherX: true}}, reason: record.HoldRetry, heard: 1},
	} {
		t.Run(name, func(t *testing.T) {
			inScene(t, func(t *testing.T, s scene) {
				s.company.answers = tt.answers
				var bind string
				if tt.reason == "" {
					bind = s.enqueue(tt.job)
				} else {
					bind = s.wantWaits(tt.job, tt.reason)
				}
				u := s.enqueue(unbindJob("u1")([]string{bind}))
				if state := s.goesOn(u, time.Minute); state != record.Completed {
					t.Errorf("the unbind is %s", state)
				}
				time.Sleep(10 * time.Minute)
				if state := s.goesOn(bind, time.Hour); state != record.Canceled || len(s.company.heard) != tt.heard || len(s.company.bindings) != 0 {
					t.Errorf("the bind is %s after %d requests", state, len(s.company.heard))
				}
				s.wantReleases(0)
				if got := s.holdings(record.HoldingFilter{}); len(got) != 0 {
					t.Errorf("the ledger keeps %+v", got)
				}
			})
		})
	}
}

// TestReleaseInDoubt waits until its bind is told.
func TestReleaseInDoubt(t *testing.T) {
	inScene(t, func(t *testing.T, s scene) {
		s.company.lost, s.company.replay, s.company.mute = 1, saysRepeated, 1
		bind := s.wantDoes(bindFor(forAges)(nil), record.InDoubt)
		u := s.wantWaits(unbindJob("u1")([]string{bind}), record.HoldBinding)
		s.wantReleases(0)
		time.Sleep(3 * time.Second)
		if state, err := s.lane.Act(s.ctx, bind, tasks.KindBind); err != nil || state != record.InDoubt {
			t.Fatalf("the first repeat: %s, %v", state, err)
		}
		if _, err := s.lane.Act(s.ctx, u, tasks.KindUnbind); err == nil {
			t.Error("the unbind waits no longer")
		}
		time.Sleep(6 * time.Second)
		if state, err := s.lane.Act(s.ctx, bind, tasks.KindBind); err != nil || state != record.Active {
			t.Fatalf("the second repeat: %s, %v", state, err)
		}
		if state := s.goesOn(u, time.Minute); state != record.Completed {
			t.Errorf("the unbind is %s", state)
		}
		s.wantReleases(1)
		s.wantBinding(bind, false, record.Released)
	})
}

// neverNamed is a binding that was made and of which the vendor told no name.
func (s scene) neverNamed(ttl time.Duration) (bind string) {
	s.t.Helper()
	s.company.lost, s.company.replay, s.company.mute = 1, saysRepeated, -1
	bind = s.enqueue(bindFor(ttl)(nil))
	for deadline := time.Now().Add(time.Hour); s.get(bind).State != record.Unknown; {
		if !s.turn(s.ctx) {
			time.Sleep(time.Second)
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("the bind is %s", s.get(bind).State)
		}
	}
	return bind
}

// TestReleaseWithoutName waits until a report of a call tells the binding's name, or
// until its time is over.
func TestReleaseWithoutName(t *testing.T) {
	t.Run("a call tells it", func(t *testing.T) {
		inScene(t, func(t *testing.T, s scene) {
			bind := s.neverNamed(forAges)
			u := s.wantWaits(unbindJob("u1")([]string{bind}), record.HoldBinding)
			if state := s.goesOn(u, 10*time.Minute); state != record.Held {
				t.Fatalf("the unbind is %s", state)
			}
			s.wantReleases(0)
			clear(s.broker.tasks)
			s.wantPush(signer.Account("phone"), pushed(overBinding(s.company.bindings[0], "t-1", providers.StateCompleted)), pushDone)
			if rec := s.get(bind); rec.State != record.Active || rec.VendorID != "sub-1" {
				t.Errorf("the bind is %s, %q", rec.State, rec.VendorID)
			}
			if state := s.goesOn(u, 2*time.Minute); state != record.Completed {
				t.Errorf("then the unbind is %s", state)
			}
			s.wantReleases(1)
			s.wantBinding(bind, false, record.Released)
		})
	})
	t.Run("its time is over", func(t *testing.T) {
		inScene(t, func(t *testing.T, s scene) {
			bind := s.neverNamed(time.Hour)
			u := s.wantWaits(unbindJob("u1")([]string{bind}), record.HoldBinding)
			if state := s.goesOn(u, 30*time.Minute); state != record.Held {
				t.Fatalf("the unbind is %s while the binding may stand", state)
			}
			if state := s.goesOn(u, time.Hour); state != record.Completed || s.company.bindings[0].stands() {
				t.Errorf("then the unbind is %s; it stands: %v", state, s.company.bindings[0].stands())
			}
			s.wantReleases(0)
			if got := s.holdings(record.HoldingFilter{}); len(got) != 0 {
				t.Errorf("the ledger shows %+v", got)
			}
		})
	})
}

// TestReleaseAfterTheEnd: the vendor ended it itself, by our own clock, and nothing is
// sent, though nobody has noted its end yet.
func TestReleaseAfterTheEnd(t *testing.T) {
	inScene(t, func(t *testing.T, s scene) {
		bind := s.wantDoes(bindFor(time.Hour)(nil), record.Active)
		u := s.enqueue(unbindJob("u1")([]string{bind}))
		time.Sleep(time.Until(s.get(bind).EndsAt) + time.Millisecond)
		if state := s.goesOn(u, time.Minute); state != record.Completed {
			t.Errorf("the unbind is %s", state)
		}
		s.wantReleases(0)
		s.wantBinding(bind, false, record.Active) // until its due entry is seen
		_, err := s.pump.Step(s.ctx)
		s.must(err)
		s.wantBinding(bind, false, record.Expired)
	})
}

// TestReleaseWithoutRecord: the ledger alone tells that the number leads to one, and
// forgets that once it is released.
func TestReleaseWithoutRecord(t *testing.T) {
	inScene(t, func(t *testing.T, s scene) {
		bind := s.wantDoes(bindXA(nil), record.Active)
		s.must(s.redis.Client.Del(s.ctx, jobKey(bind)).Err())
		if got := s.holdings(record.HoldingFilter{}); len(got) != 1 || got[0].Job != bind || got[0].X != "170****0001" {
			t.Fatalf("the ledger shows %+v", got)
		}
		s.wantDoes(unbindNumber(nil), record.Completed)
		s.wantReleases(1)
		if got := s.holdings(record.HoldingFilter{}); len(got) != 0 || s.company.bindings[0].stands() {
			t.Errorf("then it shows %+v", got)
		}
	})
}

// TestHaltedLaneReleases: an account without balance makes no bindings, and ends them
// all the same.
func TestHaltedLaneReleases(t *testing.T) {
	for name, mode := range map[string]func([]string) tasks.Job{"axb": bindFor(forAges), "xa": bindXA} {
		t.Run(name, func(t *testing.T) {
			inScene(t, func(t *testing.T, s scene) {
				bind := s.wantDoes(mode(nil), record.Active)
				s.company.answers = []providers.Outcome{{Class: providers.ClassHalted, Halt: providers.HaltBalance, Placed: providers.PlacedNo}}
				broke := bindFor(forAges)(nil)
				broke.IdempotencyKey, broke.X = "bind-2", "17000000003"
				halted := s.enqueue(broke)
				if _, err := s.lane.Act(s.ctx, halted, tasks.KindBind); err == nil {
					t.Fatal("the refused bind comes back never")
				}
				other := broke
				other.IdempotencyKey, other.X = "bind-3", "17000000004"
				waiting, state, err := s.does(other)
				var later *Later
				if !asLater(err, &later) || !state.Waiting() {
					t.Errorf("a bind of a halted lane is %s, %v", state, err)
				}
				s.wantDoes(unbindJob("u1")([]string{bind}), record.Completed)
				s.wantBinding(bind, false, record.Released)
				s.wantReleases(1)
				time.Sleep(time.Hour)
				for _, id := range []string{halted, waiting} {
					if _, err := s.lane.Act(s.ctx, id, tasks.KindBind); !asLater(err, &later) || !s.get(id).State.Waiting() {
						t.Errorf("an hour later the bind is %s, %v", s.get(id).State, err)
					}
				}
				if len(s.company.bindings) != 1 {
					t.Errorf("%d bindings were made", len(s.company.bindings))
				}
			})
		})
	}
}
