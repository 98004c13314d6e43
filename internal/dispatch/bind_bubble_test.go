package dispatch

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/tasks"
)

// dying is a connection whose process dies when the request has arrived.
type dying struct{ phoneLine }

func (d dying) Bind(ctx context.Context, line providers.Line, p providers.Permit, b providers.Binding) providers.Outcome {
	out := d.phoneLine.Bind(ctx, line, p, b)
	d.steps.mu.Lock()
	defer d.steps.mu.Unlock()
	d.steps.dead = true
	return out
}

// TestRepeatSaysThatItIsOne also where the job comes into doubt between the
// handler's look at its record and its permit: the vendor answers a request of
// its own that conflicts with another one's binding in the same words.
func TestRepeatSaysThatItIsOne(t *testing.T) {
	inScene(t, func(t *testing.T, s scene) {
		s.company.replay = saysConflict
		id := s.enqueue(bindFor(forAges)(nil))
		steps := newSteps(0, lives)
		first := newProcess(s.redis.NewClient(t, steps.redis()), s.broker, s.company, steps)
		first.lane.Vendor = dying{phoneLine{s.company, steps}}
		if _, err := first.lane.Act(s.ctx, id, tasks.KindBind); err == nil { // two minutes of trying to settle
			t.Fatal("the first process lives")
		}
		if state := s.get(id).State; state != record.Submitting || len(s.company.bindings) != 1 {
			t.Fatalf("the job is %s, %d bindings", state, len(s.company.bindings))
		}
		between := redistest.NewFaults(func(op redistest.Op) redistest.Verdict {
			if op.N != 2 { // the record was read; the question for the permit comes
				return redistest.Verdict{}
			}
			return redistest.Verdict{Before: func(ctx context.Context) error { _, err := s.pump.Step(ctx); return err }}
		})
		second := newProcess(s.redis.NewClient(t, between), s.broker, s.company, newSteps(0, lives))
		if state, err := second.lane.Act(s.ctx, id, tasks.KindBind); err != nil || state != record.InDoubt {
			t.Errorf("%s, %v", state, err)
		}
		if rec := s.get(id); rec.Repeats != 1 || len(s.company.wrongs) != 0 {
			t.Errorf("%d repeats; %v", rec.Repeats, s.company.wrongs)
		}
	})
}

// TestNothingButABindingIsRepeated: whatever a record says, the door lets no
// call in doubt through.
func TestNothingButABindingIsRepeated(t *testing.T) {
	for kind, job := range map[tasks.Kind]tasks.Job{tasks.KindNotify: notifyJob(nil), tasks.KindConnect: connectJob(nil)} {
		inScene(t, func(t *testing.T, s scene) {
			id := s.enqueue(job)
			s.company.lost = 1
			if state, err := s.lane.Act(s.ctx, id, kind); err != nil || state != record.InDoubt {
				t.Fatalf("%s: %s, %v", kind, state, err)
			}
			if n := s.redis.Client.HExists(s.ctx, jobKey(id), "repeat_at").Val(); n {
				t.Errorf("%s: a repeat is due", kind)
			}
			s.with(id, record.InDoubt, 2, "repeatable", "1", "repeat_at", "1", "doubted", "1")
			if state, err := s.lane.Act(s.ctx, id, kind); err != nil || state != record.InDoubt || len(s.company.calls()) != 1 {
				t.Errorf("%s: %s, %v, %d calls", kind, state, err, len(s.company.calls()))
			}
		})
	}
}

// TestBindingsAreFree of the rules per number: nothing is counted and no lock
// asked, while calls to the number are.
func TestBindingsAreFree(t *testing.T) {
	inScene(t, func(t *testing.T, s scene) {
		for i := range 5 { // the account allows three calls
			job := bindFor(time.Hour)(nil)
			job.IdempotencyKey += string(rune('a' + i))
			job.A, job.B = a1+strconv.Itoa(i), b1+strconv.Itoa(i) // others on the same X
			id := s.enqueue(job)
			if state, err := s.lane.Act(s.ctx, id, tasks.KindBind); err != nil || state != record.Active {
				t.Fatalf("binding %d: %s, %v", i+1, state, err)
			}
			for _, number := range s.get(id).Numbers {
				for field := range s.redis.Client.HGetAll(s.ctx, "callpacer:{"+walkGroup+"}:number:"+number).Val() {
					t.Errorf("binding %d left %s with its number", i+1, field)
				}
			}
		}
	})
}

// TestNotServed: a vendor that cannot do what a job wants ends it, and nothing
// is sent.
func TestNotServed(t *testing.T) {
	for kind, job := range map[tasks.Kind]tasks.Job{
		tasks.KindNotify: notifyJob(nil), tasks.KindConnect: connectJob(nil), tasks.KindBind: bindXA(nil),
		tasks.KindUnbind: unbindNamed("sub-1")(nil), tasks.KindAccount: probeJob(nil),
	} {
		inScene(t, func(t *testing.T, s scene) {
			s.lane.Vendor = struct{}{}
			id, run := s.enqueue(job), s.lane.Act
			if kind == tasks.KindAccount {
				run = func(ctx context.Context, id string, _ tasks.Kind) (record.State, error) { return s.lane.Probe(ctx, id) }
			}
			if state, err := run(s.ctx, id, kind); err != nil || state != record.Failed || s.get(id).Cause != "platform" {
				t.Errorf("%s: %s (%s), %v", kind, state, s.get(id).Cause, err)
			}
		})
	}
}

// TestEndlessBindingIsLookedAfter: it has no end, and stays due all the same.
func TestEndlessBindingIsLookedAfter(t *testing.T) {
	inScene(t, func(t *testing.T, s scene) {
		id := s.enqueue(bindXA(nil))
		if state, err := s.lane.Act(s.ctx, id, tasks.KindBind); err != nil || state != record.Active {
			t.Fatalf("%s, %v", state, err)
		}
		for range 3 {
			s.wantDue(id, 30*24*time.Hour)
			time.Sleep(30 * 24 * time.Hour)
			if n, err := s.pump.Step(s.ctx); n != 1 || err != nil || s.get(id).State != record.Active {
				t.Errorf("%d, %v: it is %s", n, err, s.get(id).State)
			}
		}
	})
}
