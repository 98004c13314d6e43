package dispatch

import (
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/tasks"
)

// replayed has a push that ended in the state read again, by way of the pump and
// the account's :push queue, and returns how it ended then.
func (s scene) replayed(pushID, state string) (now, detail string) {
	s.t.Helper()
	r, err := s.lane.Store.ReplayPush(s.ctx, pushID, state)
	s.must(err)
	if !r.Done || r.Was != state {
		s.t.Fatalf("the push was %+v, want it %s and replayed", r, state)
	}
	if _, err = s.pump.Step(s.ctx); err != nil {
		s.t.Fatal(err)
	}
	e, lease, ok := s.broker.take(time.Now())
	if !ok || e.Kind != tasks.KindPush || e.ID != pushID || e.Queue != tasks.PushQueue("phone") {
		s.t.Fatalf("the replay brought %+v to the queue", e)
	}
	s.must(s.lane.Push(s.ctx, e.ID))
	s.broker.end(e.TaskID, lease, nil, time.Now())
	if _, due := s.due(pushID); due {
		s.t.Error("a push that was read again is still due")
	}
	key := "callpacer:{" + walkGroup + "}:push:" + pushID
	h := s.redis.Client.HGetAll(s.ctx, key).Val()
	if ttl := s.redis.Client.TTL(s.ctx, key).Val(); ttl < time.Hour {
		s.t.Errorf("it is kept for %v", ttl)
	}
	return h["state"], h["detail"]
}

// lostPush is a stored push that ended in the state.
func (s scene) lostPush(token, body, state string) (pushID string) {
	s.t.Helper()
	pushID = s.store(token, body)
	err := s.lane.Push(s.ctx, pushID)
	for later := (*Later)(nil); asLater(err, &later); err = s.lane.Push(s.ctx, pushID) {
		time.Sleep(time.Until(later.At))
	}
	s.must(err)
	p, err := s.lane.Store.GetPush(s.ctx, pushID)
	s.must(err)
	if p.State != state {
		s.t.Fatalf("the push is %s, want %s", p.State, state)
	}
	return pushID
}

// TestReplayOfAnOrphan: while its call is not on record it ends as an orphan again,
// at once; once it is, it ends the job.
func TestReplayOfAnOrphan(t *testing.T) {
	inScene(t, func(t *testing.T, s scene) {
		push := s.lostPush(signer.Account("phone"), pushed(answered("call-1")), pushOrphan)
		time.Sleep(24 * time.Hour)
		for range 2 {
			if state, detail := s.replayed(push, pushOrphan); state != pushOrphan {
				t.Fatalf("without a record it is %s: %s", state, detail)
			}
		}
		id := s.placed(notifyJob(nil))
		if state, detail := s.replayed(push, pushOrphan); state != pushDone || s.get(id).State != record.Completed {
			t.Errorf("the push is %s (%s), the job is %s", state, detail, s.get(id).State)
		}
		if r, err := s.lane.Store.ReplayPush(s.ctx, push, pushOrphan, pushRefused, pushUnreadable); err != nil || r.Done || r.Was != pushDone {
			t.Errorf("one that is done: %+v, %v", r, err)
		}
	})
}

// TestReplayOfARefusedPush: its token is ours again, since the secret is.
func TestReplayOfARefusedPush(t *testing.T) {
	inScene(t, func(t *testing.T, s scene) {
		id, verify := s.placed(notifyJob(nil)), s.lane.Verify
		s.lane.Verify = func(string) (Source, bool) { return Source{}, false }
		push := s.lostPush(signer.Attempt("phone", id, 1), pushed(answered("call-1")), pushRefused)
		s.lane.Verify = verify
		if state, detail := s.replayed(push, pushRefused); state != pushDone || s.get(id).State != record.Completed {
			t.Errorf("the push is %s (%s), the job is %s", state, detail, s.get(id).State)
		}
	})
}

// TestReplayWhileTheOldTaskLives: the push had ended, its task had not. The queue
// refuses the id once; the push's entry brings it there later.
func TestReplayWhileTheOldTaskLives(t *testing.T) {
	inScene(t, func(t *testing.T, s scene) {
		push := s.lostPush(signer.Account("phone"), pushed(answered("call-1")), pushOrphan)
		s.must(s.broker.Put(s.ctx, tasks.Entry{Queue: tasks.PushQueue("phone"), Kind: tasks.KindPush, TaskID: push, ID: push}))
		_, lease, _ := s.broker.take(time.Now()) // it was read; its worker is about to say so
		if r, err := s.lane.Store.ReplayPush(s.ctx, push, pushOrphan); err != nil || !r.Done {
			t.Fatalf("%+v, %v", r, err)
		}
		step := func() {
			t.Helper()
			if _, err := s.pump.Step(s.ctx); err != nil {
				t.Fatal(err)
			}
		}
		step()
		s.broker.end(push, lease, nil, time.Now())
		if e, _, ok := s.broker.take(time.Now()); ok {
			t.Fatalf("there are two tasks: %+v", e)
		}
		time.Sleep(5 * time.Minute)
		step()
		if e, _, ok := s.broker.take(time.Now()); !ok || e.ID != push {
			t.Errorf("five minutes later: %+v", e)
		}
	})
}
