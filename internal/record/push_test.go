package record_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
)

// TestPushSurvivesByteForByte: vendors send GBK, and worse.
func TestPushSurvivesByteForByte(t *testing.T) {
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	bodies := map[string][]byte{
		"empty": {}, "GBK": {0xca, 0xa7, 0xb0, 0xdc}, "NUL": []byte("a\x00b"), "every byte": every,
		"1 MiB": bytes.Repeat([]byte{0xff, 0, '"', '\\'}, 1<<18),
	}
	for name, body := range bodies {
		t.Run(name, func(t *testing.T) {
			each(t, func(w *world) {
				pushID := record.PushID("g", "hash")
				p := record.Push{
					Account: "acct", Token: "g.job.1.mac", Method: "GET", ContentType: "text/plain; charset=gbk",
					RawQuery: "msg=" + string(body[:min(len(body), 4096)]), Body: body,
				}
				if dup, done, err := w.store.StorePush(w.ctx, pushID, p); err != nil || dup || done {
					t.Fatalf("%v, %v, %v", dup, done, err)
				}
				got, err := w.store.GetPush(w.ctx, pushID)
				w.must(err)
				if !bytes.Equal(got.Body, body) || got.RawQuery != p.RawQuery || got.Account != p.Account ||
					got.Token != p.Token || got.Method != p.Method || got.ContentType != p.ContentType || got.State != "received" {
					t.Errorf("it came back as another one (%d of %d bytes)", len(got.Body), len(body))
				}
			})
		})
	}
}

func TestPushIsOneJob(t *testing.T) {
	each(t, func(w *world) {
		pushID := record.PushID("g", "hash")
		store := func() (bool, bool) {
			t.Helper()
			dup, done, err := w.store.StorePush(w.ctx, pushID, record.Push{Account: "acct", Body: []byte("x")})
			w.must(err)
			return dup, done
		}
		store()
		w.now = w.now.Add(time.Second)
		if dup, done := store(); !dup || done {
			t.Errorf("a copy: %v, %v; want a duplicate that is not done", dup, done)
		}
		w.now = w.now.Add(4 * time.Second)
		l, err := w.store.Claim(w.ctx, "g", 10)
		if err != nil || len(l) != 1 || l[0].Member != pushID || !record.IsPush(l[0].Member) {
			t.Fatalf("five seconds after the first: %v, %v", l, err)
		}
		w.must(w.store.EndPush(w.ctx, pushID, "done", "job g.job is completed", time.Hour))
		if dup, done := store(); !dup || !done {
			t.Errorf("a copy after it was read: %v, %v", dup, done)
		}
		if _, ok, err := w.store.NextDue(w.ctx, "g"); err != nil || ok {
			t.Errorf("still due (%v)", err)
		}
		if ttl := w.r.Client.PTTL(w.ctx, key("push:", pushID)).Val(); ttl <= 0 || ttl > time.Hour {
			t.Errorf("kept for %v, want an hour", ttl)
		}
		if p, err := w.store.GetPush(w.ctx, record.PushID("g", "other")); err != nil || p != nil {
			t.Errorf("a push that never came: %v, %v", p, err)
		}
		w.must(w.store.EndPush(w.ctx, record.PushID("g", "other"), "orphan", "", time.Hour))
		if p, err := w.store.GetPush(w.ctx, record.PushID("g", "other")); err != nil || p != nil {
			t.Errorf("ending a push that is gone made one: %v, %v", p, err)
		}
	})
}

func TestIDsThatNameNoGroup(t *testing.T) {
	each(t, func(w *world) {
		for _, bad := range []string{"", "job", ".job", "g."} {
			if _, err := w.store.Get(w.ctx, bad); err == nil {
				t.Errorf("%q is read", bad)
			}
			if _, err := w.store.MarkQueued(w.ctx, bad, bad); err == nil {
				t.Errorf("%q is queued", bad)
			}
			if _, err := w.store.MarkerState(w.ctx, bad); err == nil {
				t.Errorf("the marker of %q is read", bad)
			}
		}
		for _, bad := range []string{"g.job", "push-x", ".push-x"} {
			if _, _, err := w.store.StorePush(w.ctx, bad, record.Push{}); err == nil {
				t.Errorf("a push is stored as %q", bad)
			}
		}
	})
}
