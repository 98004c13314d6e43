package dispatch

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/callbackrx"
	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/tasks"
)

// store is a push's way in: received, stored and queued.
func (s scene) store(token, body string) (id string) {
	s.t.Helper()
	answer := httptest.NewRecorder()
	s.receiver.Routes().ServeHTTP(answer, httptest.NewRequest(http.MethodPost, callbackrx.Path+"phone/"+token, strings.NewReader(body)))
	if answer.Code != http.StatusOK {
		s.t.Fatalf("the push was answered with %d", answer.Code)
	}
	e, lease, ok := s.broker.take(time.Now())
	if !ok || e.Kind != tasks.KindPush {
		s.t.Fatalf("the push brought %+v to the queue", e)
	}
	s.broker.end(e.TaskID, lease, nil, time.Now())
	return e.ID
}

// push stores a push and reads it as often as it asks for that.
func (s scene) push(token, body string) (state, detail string) {
	s.t.Helper()
	id := s.store(token, body)
	err := s.lane.Push(s.ctx, id)
	for later := (*Later)(nil); asLater(err, &later); err = s.lane.Push(s.ctx, id) {
		time.Sleep(time.Until(later.At))
	}
	s.must(err)
	if _, due := s.due(id); due {
		s.t.Error("a push that was read is still due")
	}
	key := "callpacer:{" + walkGroup + "}:push:" + id
	s.must(s.lane.Push(s.ctx, id)) // its task comes again
	return s.redis.Client.HGet(s.ctx, key, "state").Val(), s.redis.Client.HGet(s.ctx, key, "detail").Val()
}

func (s scene) wantPush(token, body, state string) {
	s.t.Helper()
	if got, detail := s.push(token, body); got != state {
		s.t.Errorf("the push was %s (%s), want %s", got, detail, state)
	}
}

// bind makes a binding that the vendor names sub-1.
func (s scene) bind() string {
	s.t.Helper()
	id := s.placed(bindFor(forAges)(nil))
	if state := s.get(id).State; state != record.Active {
		s.t.Fatalf("it is %s", state)
	}
	return id
}

// placed is a job that has run once.
func (s scene) placed(j tasks.Job) string {
	s.t.Helper()
	id := s.enqueue(j)
	e, lease, _ := s.broker.take(time.Now())
	if _, err := s.lane.Act(s.ctx, id, e.Kind); err != nil {
		s.t.Fatal(err)
	}
	s.broker.end(e.TaskID, lease, nil, time.Now())
	return id
}

func about1(id string, r providers.Report) providers.Report {
	r.Ref, r.VendorID = id, "sub-1"
	return r
}

// TestCallsOverABinding: each has a record of its own, that grows with what is
// told of it, in whatever order, and ends alone.
func TestCallsOverABinding(t *testing.T) {
	inScene(t, func(t *testing.T, s scene) {
		bind, account := s.bind(), signer.Account("phone")
		start := about1(bind, providers.Report{Kind: providers.ReportStart, Task: "t1", State: providers.StateRinging, Evidence: providers.EvidencePush})
		end := about1(bind, answered(""))
		end.Task, end.DTMF = "t1", "5"
		child := record.ChildID(bind, "t1")
		s.wantPush(account, pushed(start), pushDone)
		rec := s.get(child)
		if rec.State != record.Ringing || rec.Parent != bind || rec.Kind != "call" || rec.Account != "phone" || rec.X != "170****0001" || rec.VendorID != "t1" {
			t.Errorf("%+v", rec)
		}
		s.wantDue(child, 24*time.Hour)
		s.wantPush(account, pushed(end), pushDone)
		late := start
		late.VendorText = "once more" // else it is the same push
		s.wantPush(account, pushed(late), pushDone)
		if rec = s.get(child); rec.State != record.Completed || rec.DTMF != "5" || *rec.Duration != 10*time.Second {
			t.Errorf("%+v", rec)
		}
		if _, due := s.due(child); due {
			t.Error("the call has ended and is due")
		}
		busy := about1(bind, providers.Report{Task: "t2", State: providers.StateBusy, Cause: providers.CauseBusy, Evidence: providers.EvidencePush})
		strange := about1(bind, providers.Report{Task: "t3", Evidence: providers.EvidencePush}) // tells nothing that we know
		s.wantPush(account, pushed(busy, strange), pushDone)
		if b, x := s.get(record.ChildID(bind, "t2")), s.get(record.ChildID(bind, "t3")); b.State != record.Busy || x.State != record.Submitted {
			t.Errorf("%s, %s", b.State, x.State)
		}
		if rec := s.get(bind); rec.State != record.Active || rec.VendorID != "sub-1" {
			t.Errorf("the binding is %s, %s", rec.State, rec.VendorID)
		}
		s.wantDue(bind, forAges)
	})
}

// TestReportsThatAreNoCall: a message, which has a record of its own kind, another binding's call, one without a
// name, one over a binding that was never sent.
func TestReportsThatAreNoCall(t *testing.T) {
	inScene(t, func(t *testing.T, s scene) {
		bind, account := s.bind(), signer.Account("phone")
		call := about1(bind, answered(""))
		call.Task = "t1"
		sms, other, unnamed := call, call, call
		sms.Kind, sms.Task = providers.ReportSMS, "t-sms"
		other.VendorID, unnamed.Task = "sub-2", ""
		unsent := bindFor(forAges)(nil)
		unsent.IdempotencyKey, unsent.NotBefore = "later", time.Now().Add(time.Hour)
		waiting := s.enqueue(unsent)
		early := call
		early.Ref = waiting
		s.wantPush(account, pushed(sms), pushDone)
		s.wantPush(account, pushed(other), pushRefused)
		s.wantPush(account, pushed(unnamed), pushUnreadable)
		s.wantPush(account, pushed(early), pushRefused)
		s.wantPush(account, pushed(call, other), pushRefused) // one of them was not
		if s.get(waiting).State != record.Queued {
			t.Errorf("a binding that was never sent is %s", s.get(waiting).State)
		}
		var calls []string
		for _, key := range s.redis.Mini.Keys() {
			_, id, child := strings.Cut(key, ":job:")
			if child && strings.Contains(id, "/") && s.get(id).Kind == "call" {
				calls = append(calls, key)
			}
		}
		if len(calls) != 1 || calls[0] != jobKey(record.ChildID(bind, "t1")) {
			t.Errorf("calls on record: %v", calls)
		}
	})
}

// TestReportMakesABindingStand: whatever was reported over it, it was made. One
// that is being sent is told by its own answer.
func TestReportMakesABindingStand(t *testing.T) {
	for name, tt := range map[string]struct {
		rank int
		kind providers.ReportKind
		want record.State
	}{
		string(record.InDoubt):    {2, providers.ReportCall, record.Active},
		string(record.Unknown):    {8, providers.ReportSMS, record.Active},
		string(record.Submitting): {1, providers.ReportCall, record.Submitting},
		string(record.Released):   {9, providers.ReportCall, record.Released},
	} {
		inScene(t, func(t *testing.T, s scene) {
			bind := s.bind()
			s.with(bind, record.State(name), tt.rank)
			if err := s.redis.Client.HDel(s.ctx, jobKey(bind), "vendor_id").Err(); err != nil {
				t.Fatal(err)
			}
			call := about1(bind, answered(""))
			call.Task, call.Kind = "t1", tt.kind
			s.wantPush(signer.Account("phone"), pushed(call), pushDone)
			if rec := s.get(bind); rec.State != tt.want || rec.VendorID != "sub-1" {
				t.Errorf("%s: then it is %s, %q", name, rec.State, rec.VendorID)
			}
		})
	}
}
