package callbackrx_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/tasks"
)

// watched notes when the first byte of an answer leaves.
type watched struct {
	*httptest.ResponseRecorder
	m *memory
}

func (w watched) WriteHeader(status int) {
	w.m.note("answer")
	w.ResponseRecorder.WriteHeader(status)
}

func TestAcknowledgedOnlyWhenDurable(t *testing.T) {
	for name, c := range map[string]struct {
		m      *memory
		status int
		steps  string
	}{
		"stored and queued":      {&memory{}, 200, "store queue answer"},
		"not stored":             {&memory{storeErr: errors.New("away")}, 503, "store answer"},
		"not queued":             {&memory{queueErr: errors.New("away")}, 200, "store queue answer"},
		"queued before":          {&memory{duplicate: true, queueErr: tasks.ErrTaskExists}, 200, "store queue answer"},
		"a copy before the task": {&memory{duplicate: true}, 200, "store queue answer"},
		"a copy after the end":   {&memory{duplicate: true, done: true}, 200, "store answer"},
		"a copy, not stored":     {&memory{duplicate: true, done: true, storeErr: errors.New("away")}, 503, "store answer"},
	} {
		t.Run(name, func(t *testing.T) {
			r, log := newReceiver(c.m)
			req := httptest.NewRequest(http.MethodPost, pushURL, strings.NewReader(`{"callId":"1"}`))
			w := watched{httptest.NewRecorder(), c.m}
			c.m.onStore = func() {
				if w.Body.Len() != 0 {
					t.Error("bytes left before the push was stored")
				}
			}
			r.Routes().ServeHTTP(w, req)
			wantStatus(t, w.ResponseRecorder, c.status)
			wantSteps(t, c.m, c.steps)
			if acked := strings.Contains(w.Body.String(), "success"); acked != (c.status == 200) {
				t.Errorf("status %d with body %q", w.Code, w.Body)
			}
			if c.status == 503 && !strings.Contains(log.String(), "level=error") {
				t.Errorf("nobody is told: %s", log)
			}
			if strings.Contains(log.String(), token) {
				t.Errorf("the log shows the token: %s", log)
			}
		})
	}
}

// A vendor that hangs up does not undo its push.
func TestVendorThatHangsUp(t *testing.T) {
	m := &memory{}
	r, _ := newReceiver(m)
	ctx, cancel := context.WithCancel(t.Context())
	m.onStore = cancel
	push(r, "POST", pushURL, "", "x", func(req *http.Request) { *req = *req.WithContext(ctx) })
	wantSteps(t, m, "store queue")
	if len(m.pushes) != 1 || len(m.entries) != 1 {
		t.Errorf("%d stored, %d queued, want one of each", len(m.pushes), len(m.entries))
	}
	for name, kept := range map[string]context.Context{"store": m.storeCtx, "queue": m.queueCtx} {
		if _, ok := kept.Deadline(); !ok {
			t.Errorf("%s has no deadline", name)
		}
	}
}

// The acknowledgement waits five seconds for the store and one more at most for
// the queue, which gets the push later anyway.
func TestDeadlines(t *testing.T) {
	m := &memory{}
	r, _ := newReceiver(m)
	start := time.Now()
	wantStatus(t, push(r, "POST", pushURL, "", "x"), 200)
	end := time.Now()
	for name, c := range map[string]struct {
		ctx  context.Context
		want time.Duration
	}{"store": {m.storeCtx, 5 * time.Second}, "queue": {m.queueCtx, time.Second}} {
		until, ok := c.ctx.Deadline()
		if !ok || until.Before(start.Add(c.want)) || until.After(end.Add(c.want)) {
			t.Errorf("%s: until %v (%v), want %v after the request", name, until, ok, c.want)
		}
	}
}

func TestPanicOfTheStoreIsNoAcknowledgement(t *testing.T) {
	m := &memory{onStore: func() { panic(http.ErrAbortHandler) }}
	r, _ := newReceiver(m)
	s := serveTCP(t, r)
	resp, err := s.Client().Post(s.URL+pushURL, "text/plain", strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("answered %s", resp.Status)
	}
}
