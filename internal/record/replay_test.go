package record_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
)

// kept is a push that ended in the state.
func (w *world) kept(group, hash, state string) string {
	w.t.Helper()
	pushID := record.PushID(group, hash)
	_, _, err := w.store.StorePush(w.ctx, pushID, record.Push{Account: "acct", Body: []byte("x")})
	w.must(err)
	if state != "received" {
		w.must(w.store.EndPush(w.ctx, pushID, state, "said "+hash, time.Hour))
	}
	return pushID
}

func (w *world) pushDue(pushID string) (in time.Duration, ok bool) {
	score, err := w.r.Client.ZScore(w.ctx, key("due", ""), pushID).Result()
	return time.UnixMilli(int64(score)).Sub(w.now), err == nil
}

func TestReplayPush(t *testing.T) {
	each(t, func(w *world) {
		came := w.now
		for _, state := range []string{"orphan", "unreadable", "refused"} {
			pushID := w.kept("g", state, state)
			w.later(time.Minute)
			r, err := w.store.ReplayPush(w.ctx, pushID, "orphan", state)
			if err != nil || !r.Done || r.Was != state {
				t.Fatalf("%s: %+v, %v", state, r, err)
			}
			p, err := w.store.GetPush(w.ctx, pushID)
			if err != nil || p.State != "received" || string(p.Body) != "x" || !p.ReceivedAt.Equal(came) {
				t.Errorf("%s: then it is %+v, %v", state, p, err)
			}
			if in, ok := w.pushDue(pushID); !ok || in != 0 {
				t.Errorf("%s: due in %v (%v), want now", state, in, ok)
			}
			if ttl := w.r.Client.PTTL(w.ctx, key("push:", pushID)).Val(); ttl != -1 {
				t.Errorf("%s: it goes in %v, though nobody has read it yet", state, ttl)
			}
			// Again, while it waits: its entry stays where it is.
			w.later(time.Second)
			if r, err = w.store.ReplayPush(w.ctx, pushID, state); err != nil || r.Done || r.Was != "received" {
				t.Errorf("%s, repeated: %+v, %v", state, r, err)
			}
			if in, _ := w.pushDue(pushID); in != -time.Second {
				t.Errorf("%s, repeated: due in %v", state, in)
			}
			came = w.now
		}
	})
}

func TestReplayLeavesOtherPushesAlone(t *testing.T) {
	each(t, func(w *world) {
		for _, state := range []string{"done", "refused", "later version"} {
			pushID := w.kept("g", state, state)
			before := dumpHash(w.r.Client.HGetAll(w.ctx, key("push:", pushID)).Val())
			r, err := w.store.ReplayPush(w.ctx, pushID, "orphan", "unreadable")
			if err != nil || r.Done || r.Was != state {
				t.Errorf("%s: %+v, %v", state, r, err)
			}
			if after := dumpHash(w.r.Client.HGetAll(w.ctx, key("push:", pushID)).Val()); after != before {
				t.Errorf("%s: it became\n%s", state, after)
			}
			if _, ok := w.pushDue(pushID); ok {
				t.Errorf("%s: it is due", state)
			}
		}
		gone := record.PushID("g", "gone")
		if r, err := w.store.ReplayPush(w.ctx, gone, "orphan"); err != nil || r.Done || r.Was != "" {
			t.Errorf("one that never came: %+v, %v", r, err)
		}
		if p, err := w.store.GetPush(w.ctx, gone); err != nil || p != nil {
			t.Errorf("it was made: %v, %v", p, err)
		}
		if _, ok := w.pushDue(gone); ok {
			t.Error("one that never came is due")
		}
		for _, bad := range []string{"", "g.job", "push-x", ".push-x"} {
			if _, err := w.store.ReplayPush(w.ctx, bad, "orphan"); err == nil {
				t.Errorf("%q is replayed", bad)
			}
		}
	})
}

func TestEachPush(t *testing.T) {
	each(t, func(w *world) {
		came, want := w.now, map[string]record.StoredPush{}
		for i := range 1200 { // more than two steps
			state := []string{"orphan", "done", "received"}[i%3]
			hash := fmt.Sprint("h", i)
			p := record.StoredPush{ID: w.kept("g", hash, state), Account: "acct", State: state, ReceivedAt: came}
			if state != "received" {
				p.Detail = "said " + hash
			}
			want[p.ID] = p
		}
		w.create(job())
		w.kept("g2", "other", "orphan")
		w.kept("[g]*", "strange", "orphan")
		got := map[string]record.StoredPush{}
		w.must(w.store.EachPush(w.ctx, "g", func(p record.StoredPush) error {
			p.ReceivedAt = p.ReceivedAt.UTC()
			got[p.ID] = p
			return nil
		}))
		if len(got) != len(want) {
			t.Errorf("%d pushes are listed, want %d", len(got), len(want))
		}
		for id, p := range want {
			if got[id] != p {
				t.Fatalf("listed is %+v, want %+v", got[id], p)
			}
		}
		var strange []string
		stop := errors.New("enough")
		w.must(w.store.EachPush(w.ctx, "[g]*", func(p record.StoredPush) error {
			strange = append(strange, p.ID)
			return nil
		}))
		if len(strange) != 1 || strange[0] != record.PushID("[g]*", "strange") {
			t.Errorf("of a group with an odd name: %q", strange)
		}
		n := 0
		if err := w.store.EachPush(w.ctx, "g", func(record.StoredPush) error { n++; return stop }); !errors.Is(err, stop) || n != 1 {
			t.Errorf("%v after %d pushes", err, n)
		}
	})
}
