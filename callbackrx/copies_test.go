package callbackrx_test

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/callpacer/callpacer/callbackrx"
	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/tasks"
)

// onRedis is the receiver on what it runs on.
func onRedis(r *redistest.Redis) (*callbackrx.Receiver, *record.Store) {
	rx, _ := newReceiver(&memory{})
	store := record.New(r.Client)
	rx.Store, rx.Queue = store, tasks.NewAsynqBroker(r.Client)
	return rx, store
}

func keysLike(t *testing.T, r *redistest.Redis, pattern string) []string {
	t.Helper()
	found, err := r.Client.Keys(t.Context(), pattern).Result()
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func wantCounts(t *testing.T, r *redistest.Redis, pushes, queued int) {
	t.Helper()
	if found := keysLike(t, r, "callpacer:{jumdata}:push:*"); len(found) != pushes {
		t.Errorf("stored pushes %q, want %d", found, pushes)
	}
	if found := keysLike(t, r, "asynq:{main:push}:t:*"); len(found) != queued {
		t.Errorf("tasks %q, want %d", found, queued)
	}
}

func TestCopiesAreOneJob(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		rx, store := onRedis(r)
		s := serveTCP(t, rx)
		const body = "{\"callId\":\"1\",\"callStatusText\":\"\xb3\xc9\xb9\xa6\",\"x\":\"\x00\"}"
		start := make(chan struct{})
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				<-start
				resp, err := s.Client().Post(s.URL+pushURL, "application/json", strings.NewReader(body))
				if err != nil {
					t.Error(err)
					return
				}
				defer resp.Body.Close()
				if resp.StatusCode != http.StatusOK {
					t.Errorf("a copy got %s", resp.Status)
				}
			})
		}
		close(start)
		wg.Wait()
		wantCounts(t, r, 1, 1)

		key := keysLike(t, r, "callpacer:{jumdata}:push:*")[0]
		id := key[strings.LastIndexByte(key, ':')+1:]
		p, err := store.GetPush(t.Context(), id)
		if err != nil || p == nil || string(p.Body) != body || p.Token != token || p.ContentType != "application/json" {
			t.Fatalf("stored %+v, %v", p, err)
		}
		if at, ok, err := store.NextDue(t.Context(), "jumdata"); err != nil || !ok || time.Until(at) > 6*time.Second {
			t.Errorf("due at %v (%v, %v), want in five seconds", at, ok, err)
		}

		// It was read; its task is gone. One more copy brings no new one.
		if err := store.EndPush(t.Context(), id, "done", "", time.Hour); err != nil {
			t.Fatal(err)
		}
		if err := r.Client.Del(t.Context(), keysLike(t, r, "asynq:*")...).Err(); err != nil {
			t.Fatal(err)
		}
		wantStatus(t, push(rx, "POST", pushURL, "application/json", body), 200)
		wantCounts(t, r, 1, 0)
	})
}

// Nothing that could mean something else is a copy.
func TestOtherPushesAreOtherJobs(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		rx, _ := onRedis(r)
		second := callbackrx.Path + "main/" + signer.Attempt("main", job, 2)
		for _, c := range []struct{ method, target, body string }{
			{"POST", pushURL, "a"}, {"POST", pushURL, "b"}, {"GET", pushURL, "a"}, {"POST", second, "a"},
			{"POST", pushURL + "?a", ""}, {"POST", pushURL + "?", "a\x00"}, {"GET", pushURL + "?a", ""}, {"GET", pushURL + "?b", ""},
			{"POST", callbackrx.Path + "other/" + signer.Attempt("other", job, 1), "a"},
		} {
			if w := push(rx, c.method, c.target, "", c.body); w.Code >= 300 {
				t.Errorf("%s %s: %d", c.method, c.target, w.Code)
			}
		}
		if found := keysLike(t, r, "callpacer:{jumdata}:push:*"); len(found) != 9 {
			t.Errorf("%d pushes are stored, want 9", len(found))
		}
	})
}

func TestLargestPushIsStoredAtOnce(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		rx, store := onRedis(r)
		body := strings.Repeat("\xff\x00\"\\", mebibyte/4)
		wantStatus(t, push(rx, "POST", pushURL, "", body), 200)
		key := keysLike(t, r, "callpacer:{jumdata}:push:*")[0]
		p, err := store.GetPush(t.Context(), key[strings.LastIndexByte(key, ':')+1:])
		if err != nil || p == nil || string(p.Body) != body {
			t.Errorf("it was not stored as it came: %v", err)
		}
	})
}

// A push is lost neither where Redis fails before it is stored nor after, and
// stored once although the vendor comes again.
func TestStoreThatFails(t *testing.T) {
	for name, action := range map[string]redistest.Action{"before": redistest.FailBefore, "after": redistest.FailAfter} {
		t.Run(name, func(t *testing.T) {
			r := redistest.Mini(t)
			rx, _ := onRedis(r)
			wantStatus(t, push(rx, "POST", pushURL, "", "warm"), 200) // the server knows the scripts
			faults := redistest.NewFaults(func(op redistest.Op) redistest.Verdict {
				if op.N == 1 {
					return redistest.Verdict{Action: action}
				}
				return redistest.Verdict{}
			})
			rx.Store = record.New(r.NewClient(t, faults))
			wantStatus(t, push(rx, "POST", pushURL, "", "x"), 503)
			wantCounts(t, r, map[redistest.Action]int{redistest.FailBefore: 1, redistest.FailAfter: 2}[action], 1)
			wantStatus(t, push(rx, "POST", pushURL, "", "x"), 200)
			wantCounts(t, r, 2, 2)
		})
	}
}

// Where asynq cannot be reached the push is due in the outbox all the same.
func TestQueueThatFails(t *testing.T) {
	r := redistest.Mini(t)
	rx, store := onRedis(r)
	rx.Queue = &memory{queueErr: errors.New("away")}
	wantStatus(t, push(rx, "POST", pushURL, "", "x"), 200)
	wantCounts(t, r, 1, 0)
	if _, ok, err := store.NextDue(t.Context(), "jumdata"); err != nil || !ok {
		t.Errorf("nothing is due: %v, %v", ok, err)
	}
}
