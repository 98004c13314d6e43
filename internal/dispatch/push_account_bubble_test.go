package dispatch

import (
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
)

// TestAccountWidePush: its own reference, or else the vendor's id of the call, says
// what a report is about. Where both are told, both must be right.
func TestAccountWidePush(t *testing.T) {
	inScene(t, func(t *testing.T, s scene) {
		id := s.placed(notifyJob(nil))
		account := signer.Account("phone")
		ref := func(ref, vendorID string) string {
			r := answered(vendorID)
			r.Ref = ref
			return pushed(r)
		}
		s.wantPush(account, ref("", ""), pushOrphan)
		s.wantPush(account, ref("", "call-2"), pushOrphan)
		s.wantPush(account, ref("other.x.1", "call-1"), pushRefused)
		s.wantPush(account, ref("other.x.1", "call-2"), pushOrphan)
		s.wantPush(account, ref(walkGroup+".gone.1", "call-1"), pushOrphan)
		s.wantPush(account, ref(id, "call-1"), pushRefused) // no attempt of it
		s.wantPush(account, ref(id+".2", "call-1"), pushRefused)
		s.wantPush(account, ref(id+".-1", "call-1"), pushRefused)
		s.wantPush(account, ref(id+".1", "call-2"), pushRefused)
		if state := s.get(id).State; state != record.Submitted {
			t.Fatalf("the job is %s", state)
		}
		waiting := notifyJob(nil)
		waiting.IdempotencyKey, waiting.NotBefore = "later", time.Now().Add(time.Hour)
		unsent := s.enqueue(waiting)
		s.wantPush(account, ref(unsent+".0", ""), pushRefused)
		if state := s.get(unsent).State; state != record.Queued {
			t.Errorf("a job that was never sent is %s", state)
		}
		s.with(id, record.Submitted, 2, "account", "other")
		s.wantPush(account, ref(id+".1", "call-1 "), pushOrphan)
		s.with(id, record.Submitted, 2, "account", "phone")
		s.wantPush(account, ref(id+".1", "call-1"), pushDone)
		if state := s.get(id).State; state != record.Completed {
			t.Errorf("the job is %s", state)
		}
	})
}

// TestPushesThatCannotBeRead are kept for thirty days, and tell nothing.
func TestPushesThatCannotBeRead(t *testing.T) {
	inScene(t, func(t *testing.T, s scene) {
		bind, account := s.bind(), signer.Account("phone")
		s.wantPush(account, "hello", pushUnreadable)
		s.wantPush(account, "[]", pushUnreadable)
		call := about1(bind, answered(""))
		call.Task = "t1"
		state, detail := s.push(account, pushed(call)+"?") // read as far as it goes
		if state != pushDone || !strings.Contains(detail, "element 1 cannot be read") || !strings.Contains(detail, "is completed") {
			t.Errorf("%s: %s", state, detail)
		}
		verify := s.lane.Verify
		s.lane.Verify = func(string) (Source, bool) { return Source{}, false }
		s.wantPush(account, "another secret", pushRefused)
		s.lane.Verify, s.lane.Vendor = verify, struct{}{}
		s.wantPush(account, "nobody reads it", pushUnreadable)
		for _, key := range s.redis.Mini.Keys() {
			if !strings.Contains(key, ":push:") {
				continue
			}
			want := 30 * 24 * time.Hour
			if s.redis.Client.HGet(s.ctx, key, "state").Val() == pushDone {
				want = s.lane.PushRetention
			}
			if ttl := s.redis.Client.TTL(s.ctx, key).Val(); ttl != want {
				t.Errorf("a push is kept for %s, want %s", ttl, want)
			}
		}
	})
}
