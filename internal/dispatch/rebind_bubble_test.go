package dispatch

import (
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/tasks"
)

// does runs a job once.
func (s scene) does(j tasks.Job) (id string, state record.State, err error) {
	s.t.Helper()
	id = s.enqueue(j)
	state, err = s.lane.Act(s.ctx, id, s.kind(id))
	return id, state, err
}

func (s scene) wantDoes(j tasks.Job, want record.State) (id string) {
	s.t.Helper()
	id, state, err := s.does(j)
	if err != nil || state != want {
		s.t.Fatalf("a %s is %s, %v; want it %s", j.Kind, state, err, want)
	}
	return id
}

// wantBinding compares a bind job's record and the company's book.
func (s scene) wantBinding(id string, stands bool, state record.State) {
	s.t.Helper()
	if got := s.get(id).State; got != state {
		s.t.Errorf("binding %s is %s, want %s", id, got, state)
	}
	for _, p := range s.company.bindings {
		if p.ref == id && p.stands() != stands {
			s.t.Errorf("binding %s stands at the vendor: %v, want %v", id, p.stands(), stands)
		}
	}
}

// flying is the job that works on the number that a bind took; "": nobody.
func (s scene) flying(bind string) string {
	fly := s.redis.Client.HGet(s.ctx, "callpacer:{"+walkGroup+"}:number:"+s.get(bind).Numbers[0], "fly").Val()
	attempt, _, _ := strings.Cut(fly, " ")
	return attempt
}

// TestRepeatedReleaseUndoesNoNewerBinding: the release's answer is lost, and X is
// wanted anew while the release may be repeated.
func TestRepeatedReleaseUndoesNoNewerBinding(t *testing.T) {
	for name, unbind := range map[string]func([]string) tasks.Job{"by its job": unbindJob("u1"), "by its number": unbindNumber} {
		t.Run(name, func(t *testing.T) {
			inScene(t, func(t *testing.T, s scene) {
				first := s.wantDoes(bindXA(nil), record.Active)
				s.company.lostReleases = 1
				u := s.wantDoes(unbind([]string{first}), record.InDoubt)
				if got := s.flying(first); !strings.HasPrefix(got, u+".1@") {
					t.Errorf("the number is taken by %q, want the unbind in doubt", got)
				}
				second, state, err := s.does(bindXAgain(nil))
				var later *Later
				if !asLater(err, &later) || state != record.Held {
					t.Errorf("a bind of its number is %s, %v", state, err)
				}
				time.Sleep(3 * time.Second)
				if state, err := s.lane.Act(s.ctx, u, tasks.KindUnbind); err != nil || state != record.Completed {
					t.Errorf("the repeat: %s, %v", state, err)
				}
				if got := s.flying(first); got != "" {
					t.Errorf("the number is still taken by %q", got)
				}
				time.Sleep(3 * time.Second)
				if state, err := s.lane.Act(s.ctx, second, tasks.KindBind); err != nil || state != record.Active {
					t.Errorf("then the bind is %s, %v", state, err)
				}
				s.wantBinding(first, false, record.Released)
				s.wantBinding(second, true, record.Active)
			})
		})
	}
}

// TestReleaseOfANumberThatMovedOn: an unbind by job sends nothing once X belongs to
// another binding, whatever the record of the first one says.
func TestReleaseOfANumberThatMovedOn(t *testing.T) {
	for state, rank := range map[record.State]int{record.Active: 5, record.Unknown: 8} {
		t.Run(string(state), func(t *testing.T) {
			inScene(t, func(t *testing.T, s scene) {
				first := s.placed(bindXA(nil))
				s.company.bindings[0].released = true // by a person, at the vendor's console
				s.with(first, record.Released, 9)     // who said so here
				second := s.placed(bindXAgain(nil))
				s.with(first, state, rank) // and evidence came that it stands all the same
				s.wantDoes(unbindJob("u1")([]string{first}), record.Completed)
				s.wantReleases(0)
				s.wantBinding(second, true, record.Active)
				s.wantOwner(s.get(second).Numbers[0], second)
				s.wantDoes(unbindJob("u2")([]string{second}), record.Completed)
				s.wantBinding(second, false, record.Released)
			})
		})
	}
}

// TestNumberOfABindingThatEnded: it keeps no newer binding from being released,
// neither where it alone is known to have had X nor where a call over it is
// reported late.
func TestNumberOfABindingThatEnded(t *testing.T) {
	inScene(t, func(t *testing.T, s scene) {
		first := s.placed(bindXA(nil))
		s.placed(unbindNumber(nil))
		second := s.placed(bindXAgain(nil))
		number := s.get(second).Numbers[0]
		late := answered("")
		late.Ref, late.Task = first, "t1"
		s.wantPush(signer.Account("phone"), pushed(late), pushDone)
		s.wantOwner(number, second)
		s.wantDoes(unbindJob("u2")([]string{second}), record.Completed)
		s.wantBinding(second, false, record.Released)
	})
}

// TestNumberIsTakenFromNobody: while a binding stands no other bind of its X goes out.
// It waits for a release that may be on its way, and then ends.
func TestNumberIsTakenFromNobody(t *testing.T) {
	inScene(t, func(t *testing.T, s scene) {
		first := s.wantDoes(bindXA(nil), record.Active)
		second, state, err := s.does(bindXAgain(nil))
		began := time.Now()
		for later := (*Later)(nil); asLater(err, &later) && time.Since(began) < time.Minute; {
			if rec := s.get(second); state != record.Held || rec.HoldReason != record.HoldConflict {
				t.Fatalf("it is %s (%s)", state, rec.HoldReason)
			}
			time.Sleep(time.Until(later.At))
			state, err = s.lane.Act(s.ctx, second, tasks.KindBind)
		}
		if rec := s.get(second); state != record.Failed || rec.Cause != "binding_conflict" || time.Since(began) != 10*time.Second {
			t.Errorf("after %s it is %s (%s), %v", time.Since(began), state, rec.Cause, err)
		}
		s.wantOwner(s.get(first).Numbers[0], first)
		if len(s.company.heard) != 1 {
			t.Errorf("%d requests for bindings", len(s.company.heard))
		}
	})
}

// TestReleaseByName marks our own record of the binding, and only that.
func TestReleaseByName(t *testing.T) {
	t.Run("by its number", func(t *testing.T) {
		inScene(t, func(t *testing.T, s scene) {
			bind := s.wantDoes(bindXA(nil), record.Active)
			s.wantDoes(unbindNumber(nil), record.Completed)
			s.wantBinding(bind, false, record.Released)
			s.wantBinding(s.wantDoes(bindXAgain(nil), record.Active), true, record.Active)
			s.wantDoes(unbindJob("u2")([]string{bind}), record.Completed) // sends nothing
			for _, p := range s.company.bindings[1:] {
				if p.released {
					t.Errorf("the newer binding was released")
				}
			}
		})
	})
	t.Run("by the vendor's id", func(t *testing.T) {
		inScene(t, func(t *testing.T, s scene) {
			bind := s.bind()
			s.wantDoes(unbindNamed("sub-1")(nil), record.Completed)
			s.wantBinding(bind, false, record.Released)
		})
	})
	t.Run("of a binding whose release is refused", func(t *testing.T) {
		inScene(t, func(t *testing.T, s scene) {
			bind := s.bind()
			s.company.answers = []providers.Outcome{{Class: providers.ClassPermanent, Placed: providers.PlacedNo, Cause: providers.CausePlatform}}
			s.wantDoes(unbindNamed("sub-1")(nil), record.Failed)
			s.wantBinding(bind, true, record.Active)
		})
	})
	for name, fields := range map[string][]string{"another account's": {"account", "other"}, "of a call": {"kind", "connect"}} {
		t.Run(name, func(t *testing.T) {
			inScene(t, func(t *testing.T, s scene) {
				bind := s.bind()
				s.with(bind, record.Active, 5, fields...)
				var got providers.Unbinding
				s.lane.Vendor = catcher{s.lane.Vendor.(phoneLine), &got}
				s.wantDoes(unbindNamed("sub-1")(nil), record.Completed)
				if got.Known || s.get(bind).State != record.Active {
					t.Errorf("known: %v; the record is %s", got.Known, s.get(bind).State)
				}
			})
		})
	}
}

// TestReleaseOfWhatTurnsOutToStand: a report proves an unknown binding while its
// release waits for the permit. It is released, not only said to be.
func TestReleaseOfWhatTurnsOutToStand(t *testing.T) {
	inScene(t, func(t *testing.T, s scene) {
		bind := s.bind()
		s.with(bind, record.Unknown, 8)
		u := s.enqueue(unbindJob("u1")([]string{bind}))
		content, err := tasks.DecodeContent(tasks.KindUnbind, s.get(u).Content)
		s.must(err)
		var what order
		if ready, _, err := s.lane.aim(s.ctx, s.get(u), content, &what); !ready || err != nil {
			t.Fatalf("%v, %v", ready, err)
		}
		for state, sends := range map[record.State]bool{record.Active: true, record.Unknown: true, record.Released: false, record.Expired: false} {
			s.with(bind, state, 5)
			if why, err := what.still(s.ctx); err != nil || (why == "") != sends {
				t.Errorf("%s: %q, %v", state, why, err)
			}
		}
	})
}

// TestSecondUnbindUnderWay: two unbinds of one binding at once release it once.
func TestSecondUnbindUnderWay(t *testing.T) {
	inScene(t, func(t *testing.T, s scene) {
		bind := s.wantDoes(bindXA(nil), record.Active)
		u1 := s.enqueue(unbindJob("u1")([]string{bind}))
		content, err := tasks.DecodeContent(tasks.KindUnbind, s.get(u1).Content)
		s.must(err)
		var what order
		if ready, _, err := s.lane.aim(s.ctx, s.get(u1), content, &what); !ready || err != nil {
			t.Fatalf("%v, %v", ready, err)
		}
		s.wantDoes(unbindJob("u2")([]string{bind}), record.Completed)
		second := s.wantDoes(bindXAgain(nil), record.Active)
		run := attempt{lane: s.lane, rec: s.get(u1), order: what, n: 1, token: "t", drain: &s.lane.follow}
		if state, err := run.run(s.ctx, s.ctx); err != nil || state != record.Completed {
			t.Errorf("%s, %v", state, err)
		}
		s.wantBinding(second, true, record.Active)
	})
}
