package dispatch

import (
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/tasks"
)

// A vendor that is asked too often is asked nothing for a while, about any call; the
// polls that would have been made meanwhile count nothing.
func TestQueriesRest(t *testing.T) {
	inScene(t, func(t *testing.T, s scene) {
		first, second := s.submitted(notifyJob(nil)), s.submitted(tasks.Job{Account: "phone", To: b1, Template: "T", IdempotencyKey: "order-2"})
		says := providers.PollResult{Class: providers.ClassRateLimited, VendorCode: "609"}
		var asked []providers.Query
		s.lane.Vendor = teller{s.lane.Vendor.(phoneLine), &says, &asked}
		poll := func(id string) {
			t.Helper()
			_, err := s.lane.Poll(s.ctx, tasks.Sequenced(id, s.get(id).Seq))
			s.must(err)
		}
		poll(first)
		poll(second)
		if rec := s.get(second); len(asked) != 1 || rec.Polls != 0 || rec.State != record.Submitted {
			t.Fatalf("asked %d times; the second job is %s after %d polls", len(asked), rec.State, rec.Polls)
		}
		s.wantDue(first, 2*time.Minute)
		s.wantDue(second, queryRest)
		if _, err := s.lane.Probe(s.ctx, s.enqueue(tasks.Job{Kind: tasks.KindAccount, Account: "phone"})); err == nil {
			t.Error("a probe was made while queries rest")
		}
		clear(s.broker.tasks) // that probe comes again later
		if state := s.get(s.placed(tasks.Job{Account: "phone", To: a1, Template: "T", IdempotencyKey: "order-3"})).State; state != record.Submitted {
			t.Errorf("a call that is no query is %s", state)
		}
		says = providers.PollResult{Class: providers.ClassPending}
		time.Sleep(queryRest)
		poll(second)
		if rec := s.get(second); len(asked) != 2 || rec.Polls != 1 {
			t.Errorf("then asked %d times; %d polls", len(asked), rec.Polls)
		}
	})
}

// Queries that wait for their turn leave room for what shares their queue.
func TestFewQueriesWait(t *testing.T) {
	inScene(t, func(t *testing.T, s scene) {
		id := s.submitted(notifyJob(nil))
		var asked []providers.Query
		says := providers.PollResult{Class: providers.ClassPending}
		s.lane.Vendor = teller{s.lane.Vendor.(phoneLine), &says, &asked}
		s.lane.asking.Store(askers)
		_, err := s.lane.Poll(s.ctx, tasks.Sequenced(id, s.get(id).Seq))
		s.must(err)
		in, ok := s.due(id)
		if len(asked) != 0 || !ok || in < soonest || in > latest || s.get(id).Polls != 0 || s.lane.asking.Load() != askers {
			t.Errorf("asked %d times, due in %v", len(asked), in)
		}
	})
}

// Of several calls of one connection each has a record of its own, but for the first
// that ended: that is the job's.
func TestMoreCallsOfAConnection(t *testing.T) {
	inScene(t, func(t *testing.T, s scene) {
		id := s.placed(connectJob(nil))
		token := signer.Attempt("phone", id, 1)
		call := func(task string, state providers.State) providers.Report {
			r := answered(s.get(id).VendorID)
			r.Task, r.State = task, state
			return r
		}
		s.wantPush(token, pushed(call("1000", providers.StateNoAnswer)), pushDone)
		s.wantPush(token, pushed(call("2000", providers.StateCompleted)), pushDone)
		s.wantPush(token, pushed(call("2000", providers.StateCompleted), call("1000", providers.StateNoAnswer)), pushDone)
		rec, child := s.get(id), s.get(record.ChildID(id, "2000"))
		if rec.State != record.NoAnswer || child.State != record.Completed || child.Parent != id || child.Kind != "call" || child.VendorID != "2000" {
			t.Errorf("the job is %s, the other call %+v", rec.State, child)
		}
		if told := rec.Timeline[len(rec.Timeline)-1].Detail; told != "extra_call: "+child.ID {
			t.Errorf("the timeline ends with %q", told)
		}
	})
}
