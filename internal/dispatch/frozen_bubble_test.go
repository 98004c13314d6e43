package dispatch

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/tasks"
)

// slow answers only after the other handler has read the record.
type slow struct {
	phoneLine
	during func()
}

func (v slow) Bind(ctx context.Context, line providers.Line, p providers.Permit, b providers.Binding) providers.Outcome {
	v.during()
	return v.phoneLine.Bind(ctx, line, p, b)
}

// A second handler reads a bind that is being sent, and freezes; the vendor refuses the
// number, and the job gives it up.
func TestHandlerThatFrozeWithAnotherX(t *testing.T) {
	inScene(t, func(t *testing.T, s scene) {
		s.lane.Pool = pool[:1]
		s.company.answers = []providers.Outcome{{Class: providers.ClassRetryLater, Placed: providers.PlacedNo, OtherX: true, VendorCode: "1301"}}
		id := s.enqueue(auto(0))
		read, settled := make(chan struct{}), make(chan struct{})
		between := redistest.NewFaults(func(op redistest.Op) redistest.Verdict {
			if op.N != 2 { // the record was read; the question for the permit comes: frozen here
				return redistest.Verdict{}
			}
			return redistest.Verdict{Before: func(ctx context.Context) error {
				close(read)
				<-settled
				time.Sleep(2 * time.Second)
				return nil
			}}
		})
		second := newProcess(s.redis.NewClient(t, between), s.broker, s.company, newSteps(0, lives))
		second.lane.Pool = pool[:1]
		var wg sync.WaitGroup
		steps := newSteps(0, lives)
		first := newProcess(s.redis.NewClient(t, steps.redis()), s.broker, s.company, steps)
		first.lane.Pool = pool[:1]
		first.lane.Vendor = slow{phoneLine{s.company, steps}, func() {
			wg.Go(func() {
				_, _ = second.lane.Act(s.ctx, id, tasks.KindBind) // it comes back, as stale
			})
			<-read
		}}
		_, _ = first.lane.Act(s.ctx, id, tasks.KindBind) // it comes back, for another X
		close(settled)
		wg.Wait()
		if n := len(s.company.standing()); n != len(s.holdings(record.HoldingFilter{})) {
			t.Errorf("%d bindings stand, and the ledger has %+v", n, s.holdings(record.HoldingFilter{}))
		}
		s.wantNoWrongs()
	})
}

// An operator has the bind sent again between the permit of its unbind and the last look.
func TestUnbindOfABindThatIsSentAgain(t *testing.T) {
	inScene(t, func(t *testing.T, s scene) {
		bind := s.wantDoes(bindXA(nil), record.Active)
		// the answer was lost and nobody could say in time
		s.with(bind, record.Unknown, 8, "evidence", "1")
		u := s.enqueue(unbindJob("u1")([]string{bind}))
		done := false
		between := redistest.NewFaults(func(op redistest.Op) redistest.Verdict {
			if done || s.redis.Client.HGet(s.ctx, jobKey(u), "state").Val() != string(record.Submitting) {
				return redistest.Verdict{}
			}
			done = true
			return redistest.Verdict{Before: func(ctx context.Context) error {
				time.Sleep(time.Minute) // frozen between its permit and its last look
				r, err := s.lane.Store.Resolve(s.ctx, bind, s.get(bind).Numbers, record.Names{}, record.Resolution{As: record.SayResend, Token: "op"})
				if r.State != record.InDoubt {
					t.Errorf("sent again it is %s", r.State)
				}
				return err
			}}
		})
		second := newProcess(s.redis.NewClient(t, between), s.broker, s.company, newSteps(0, lives))
		_, _ = second.lane.Act(s.ctx, u, tasks.KindUnbind) // it comes back
		if !done || s.get(bind).State == record.Released || len(s.company.standing()) == 0 {
			t.Errorf("the binding is %s, and %v stand", s.get(bind).State, s.company.standing())
		}
	})
}

// A newer bind of its X is in doubt, and was never made: the one that stands is not
// taken for released.
func TestUnbindBesideANewerOneInDoubt(t *testing.T) {
	inScene(t, func(t *testing.T, s scene) {
		first := s.wantDoes(bindXA(nil), record.Active)
		s.with(first, record.Unknown, 8, "evidence", "1")
		r, err := s.lane.Store.Resolve(s.ctx, first, s.get(first).Numbers, record.Names{}, record.Resolution{As: record.SayFailed, Token: "op"})
		if err != nil || r.State != record.Failed {
			t.Fatalf("%+v, %v", r, err)
		}
		s.company.answers = []providers.Outcome{{Class: providers.ClassUncertain, Placed: providers.PlacedMaybe, Repeatable: true, VendorCode: "1000"}}
		s.wantDoes(bindXAgain(nil), record.InDoubt)
		if _, state, err := s.lane.Store.Bound(s.ctx, first, s.get(first).Numbers, record.Names{}, first+"/t1"); err != nil || state != record.Active {
			t.Fatalf("%s, %v", state, err)
		}
		u := s.enqueue(unbindJob("u1")([]string{first}))
		s.goesOn(u, time.Minute)
		if s.company.releases == 0 && s.get(first).State == record.Released && len(s.company.standing()) > 0 {
			t.Error("released by word only")
		}
	})
}
