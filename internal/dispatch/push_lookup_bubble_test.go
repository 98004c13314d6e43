package dispatch

import (
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/tasks"
)

// TestPushOfSeveralReportsOfOneCall, of which nobody has told the name yet: all of
// them are read. Two calls under one attempt's address are refused.
func TestPushOfSeveralReportsOfOneCall(t *testing.T) {
	dialled := providers.Report{VendorID: "call-1", State: providers.StateRinging, Evidence: providers.EvidencePush}
	for name, tt := range map[string]struct {
		reports []providers.Report
		end     string
		after   record.State
	}{
		"it rings, it ends":   {[]providers.Report{dialled, answered("call-1")}, pushDone, record.Completed},
		"the same end twice":  {[]providers.Report{answered("call-1"), answered("call-1")}, pushDone, record.Completed},
		"of two calls":        {[]providers.Report{dialled, answered("call-2")}, pushRefused, record.InDoubt},
		"one without a name":  {[]providers.Report{dialled, answered("")}, pushRefused, record.InDoubt},
		"one that only rings": {[]providers.Report{dialled}, pushDone, record.Ringing},
	} {
		t.Run(name, func(t *testing.T) {
			inScene(t, func(t *testing.T, s scene) {
				s.company.lost = 1
				id := s.placed(connectJob(nil))
				s.wantPush(signer.Attempt("phone", id, 1), pushed(tt.reports...), tt.end)
				if rec := s.get(id); rec.State != tt.after {
					t.Errorf("the job is %s, want %s", rec.State, tt.after)
				}
			})
			inScene(t, func(t *testing.T, s scene) { // its request is still under way
				id := s.enqueue(connectJob(nil))
				e, lease, _ := s.broker.take(time.Now())
				s.broker.end(e.TaskID, lease, nil, time.Now())
				s.with(id, record.Submitting, 1, "attempt", "1")
				s.wantPush(signer.Attempt("phone", id, 1), pushed(tt.reports...), tt.end)
			})
		})
	}
}

// TestPushWithoutReference finds its record by the vendor's id, in a batch too.
func TestPushWithoutReference(t *testing.T) {
	t.Run("calls", func(t *testing.T) {
		inScene(t, func(t *testing.T, s scene) {
			other := notifyJob(nil)
			other.To, other.IdempotencyKey = b1, "order-2"
			first, second := s.placed(notifyJob(nil)), s.placed(other)
			s.wantPush(signer.Account("phone"), pushed(answered("call-2"), answered("call-1")), pushDone)
			if a, b := s.get(first).State, s.get(second).State; a != record.Completed || b != record.Completed {
				t.Errorf("the jobs are %s and %s", a, b)
			}
		})
	})
	t.Run("calls over a binding", func(t *testing.T) {
		inScene(t, func(t *testing.T, s scene) {
			bind := s.bind()
			r := answered("sub-1")
			r.Task, r.From, r.To = "t1", a1, b1
			s.wantPush(signer.Account("phone"), pushed(r), pushDone)
			child := s.get(record.ChildID(bind, "t1"))
			if child.State != record.Completed || child.Parent != bind || child.From != "138****0001" || child.To != "138****0002" {
				t.Errorf("%+v", child)
			}
			named := false
			for _, entry := range s.get(bind).Timeline {
				named = named || entry.Detail == "call "+child.ID
			}
			if !named {
				t.Errorf("the binding does not name its call: %v", s.get(bind).Timeline)
			}
		})
	})
	t.Run("another account's", func(t *testing.T) {
		inScene(t, func(t *testing.T, s scene) {
			id := s.placed(notifyJob(nil))
			s.with(id, record.Submitted, 2, "account", "other")
			s.wantPush(signer.Account("phone"), pushed(answered("call-1")), pushOrphan)
			if state := s.get(id).State; state != record.Submitted {
				t.Errorf("the other account's job is %s", state)
			}
		})
	})
}

// arrives stores a push and returns the task that reads it.
func (s scene) arrives(token, body string) (read func() error, state func() string) {
	s.t.Helper()
	id := s.store(token, body)
	return func() error { return s.lane.Push(s.ctx, id) },
		func() string {
			return s.redis.Client.HGet(s.ctx, "callpacer:{"+walkGroup+"}:push:"+id, "state").Val()
		}
}

// TestPushFasterThanTheAnswer waits for the record to learn the call's name.
func TestPushFasterThanTheAnswer(t *testing.T) {
	inScene(t, func(t *testing.T, s scene) {
		read, state := s.arrives(signer.Account("phone"), pushed(answered("call-1")))
		var later *Later
		if err := read(); !asLater(err, &later) || time.Until(later.At) != 20*time.Second || state() != "received" {
			t.Fatalf("%v; the push is %s", err, state())
		}
		if _, failure := queueBehaviour(later, time.Now()); failure {
			t.Error("to wait counts as a failure")
		}
		id, submitted, err := s.does(notifyJob(nil))
		if err != nil || submitted != record.Submitted {
			t.Fatalf("%s, %v", submitted, err)
		}
		time.Sleep(time.Until(later.At))
		if err := read(); err != nil || state() != pushDone || s.get(id).State != record.Completed {
			t.Errorf("%v; the push is %s, the job %s", err, state(), s.get(id).State)
		}
	})
}

// TestPatienceWithOrphans ends after two minutes, and is had only where the
// address leaves open which call is meant.
func TestPatienceWithOrphans(t *testing.T) {
	unreadable := answered("sub-1") // a call over a binding without a name of its own
	for name, tt := range map[string]struct {
		token   string
		reports []providers.Report
		ends    string
		waits   time.Duration
	}{
		"nobody's":                       {signer.Account("phone"), []providers.Report{answered("call-9")}, pushOrphan, 2 * time.Minute},
		"beside one that cannot be read": {signer.Account("phone"), []providers.Report{unreadable, answered("call-9")}, pushUnreadable, 2 * time.Minute},
		"one attempt's":                  {signer.Attempt("phone", walkGroup+".gone", 1), []providers.Report{answered("call-9")}, pushOrphan, 0},
		"none missing":                   {signer.Account("phone"), []providers.Report{unreadable}, pushUnreadable, 0},
	} {
		t.Run(name, func(t *testing.T) {
			inScene(t, func(t *testing.T, s scene) {
				s.bind()
				began := time.Now()
				s.wantPush(tt.token, pushed(tt.reports...), tt.ends)
				if took := time.Since(began); took != tt.waits {
					t.Errorf("it ended after %s, want %s", took, tt.waits)
				}
			})
		})
	}
}

// TestLineBusy is tried again until it gets through: the account's five attempts
// and its three calls a day are for calls.
func TestLineBusy(t *testing.T) {
	inScene(t, func(t *testing.T, s scene) {
		busy := providers.Outcome{Class: providers.ClassRetryLater, Placed: providers.PlacedNo, Signal: providers.SignalLineBusy, VendorCode: "7001"}
		for range 12 {
			s.company.answers = append(s.company.answers, busy)
		}
		id := s.enqueue(connectJob(nil))
		for range 12 {
			state, err := s.lane.Act(s.ctx, id, tasks.KindConnect)
			var later *Later
			if !asLater(err, &later) || state != record.Held || s.get(id).HoldReason != record.HoldLineBusy || time.Until(later.At) != time.Minute {
				t.Fatalf("%s (%s), %v", state, s.get(id).HoldReason, err)
			}
			time.Sleep(time.Minute)
		}
		state, err := s.lane.Act(s.ctx, id, tasks.KindConnect)
		if rec := s.get(id); err != nil || state != record.Submitted || rec.Failures != 0 || len(s.company.calls()) != 1 {
			t.Errorf("%s, %v; %d failures, %d calls", state, err, rec.Failures, len(s.company.calls()))
		}
	})
}

// TestUnclearAnswerWithAName: the vendor is asked what became of the call, which is
// never placed again.
func TestUnclearAnswerWithAName(t *testing.T) {
	inScene(t, func(t *testing.T, s scene) {
		s.company.unsure = 1
		id := s.submitted(notifyJob(nil))
		if rec := s.get(id); rec.VendorID != "call-1" || rec.VendorCode != "500" {
			t.Errorf("%+v", rec)
		}
		s.wantDue(id, time.Minute)
		if state, err := s.lane.Poll(s.ctx, tasks.Sequenced(id, s.get(id).Seq)); err != nil || state != record.Completed || len(s.company.calls()) != 1 {
			t.Errorf("%s, %v; %d calls", state, err, len(s.company.calls()))
		}
	})
}
