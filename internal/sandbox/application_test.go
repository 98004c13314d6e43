package sandbox

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strconv"
	"testing"
	"time"
)

// The sample of the Standard Webhooks specification, with its secret and signature.
const (
	sampleSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	sampleBody   = `{"test": 2432232314}`
)

var sampleHeaders = map[string]string{
	webhookID: "msg_p5jXN8AQM9LWM0D4loKWxJek", webhookTime: "1614265330",
	webhookSignature: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}

func newApplication(t *testing.T) (*Application, *handClock) {
	t.Helper()
	clock := &handClock{at: time.Unix(1614265330, 0)}
	a := NewApplication(ApplicationOptions{Secret: sampleSecret, Now: clock.now})
	t.Cleanup(a.Close)
	return a, clock
}

func headersFor(t *testing.T, id string, at time.Time, body string) map[string]string {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(sampleSecret[len("whsec_"):])
	if err != nil {
		t.Fatal(err)
	}
	stamp := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + stamp + "." + body))
	return map[string]string{
		webhookID: id, webhookTime: stamp, webhookSignature: "v1,AAAA v2,x v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)),
	}
}

func tell(ctx context.Context, a http.Handler, headers map[string]string, body string) (status int) {
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/hooks", bytes.NewReader([]byte(body)))
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	rec := httptest.NewRecorder()
	defer func() {
		if recover() != nil {
			status = 0 // the connection is cut
		}
	}()
	a.ServeHTTP(rec, r)
	return rec.Code
}

func eventBody(job string, revision int, state string) string {
	return fmt.Sprintf(`{"type":"call.%s","timestamp":"2026-01-02T03:04:05Z","data":{"id":%q,"revision":%d,"state":%q}}`, state, job, revision, state)
}

// TestApplicationVerifies: the specification's own sample verifies, and nothing else does.
func TestApplicationVerifies(t *testing.T) {
	a, clock := newApplication(t)
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	for name, value := range sampleHeaders {
		r.Header.Set(name, value)
	}
	if err := a.verify(r, []byte(sampleBody)); err != nil {
		t.Errorf("the sample of the specification: %v", err)
	}
	body, now := eventBody("g.job", 1, "completed"), clock.now()
	good := headersFor(t, "g_job_1", now, body)
	without := func(name string) map[string]string {
		h := headersFor(t, "g_job_1", now, body)
		delete(h, name)
		return h
	}
	bad := map[string]int{
		"no id":         tell(t.Context(), a, without(webhookID), body),
		"no timestamp":  tell(t.Context(), a, without(webhookTime), body),
		"no signature":  tell(t.Context(), a, without(webhookSignature), body),
		"a dotted id":   tell(t.Context(), a, headersFor(t, "g.job_1", now, body), body),
		"other body":    tell(t.Context(), a, good, body+" "),
		"other id":      tell(t.Context(), a, headersFor(t, "g_job_2", now, body), eventBody("g.job", 2, "completed")),
		"six min old":   tell(t.Context(), a, headersFor(t, "g_job_1", now.Add(-6*time.Minute), body), body),
		"six min early": tell(t.Context(), a, headersFor(t, "g_job_1", now.Add(6*time.Minute), body), body),
		"no event":      tell(t.Context(), a, headersFor(t, "g_job_1", now, "{}"), "{}"),
		"no JSON":       tell(t.Context(), a, headersFor(t, "g_job_1", now, "x"), "x"),
	}
	for name, status := range bad {
		if status != http.StatusUnauthorized {
			t.Errorf("%s: %d", name, status)
		}
	}
	if c := a.Counts(); c.Unverifiable != len(bad) || c.Taken != 0 || len(a.Events()) != 0 || c.LastRefusal == "" {
		t.Errorf("%+v", c)
	}
	if status := tell(t.Context(), a, good, body); status != http.StatusNoContent {
		t.Errorf("a good one: %d, %s", status, a.Counts().LastRefusal)
	}
}

// TestApplicationKeeps what it was told by id, and says what was wrong with that.
func TestApplicationKeeps(t *testing.T) {
	a, clock := newApplication(t)
	say := func(id, body string, want int) {
		t.Helper()
		if got := tell(t.Context(), a, headersFor(t, id, clock.now(), body), body); got != want {
			t.Errorf("%s: %d, want %d", id, got, want)
		}
	}
	a.SetTrouble(ApplicationTrouble{FailEvery: 2, FailMost: 2})
	say("g_a_1", eventBody("g.a", 1, "submitted"), 204)
	say("g_a_2", eventBody("g.a", 2, "completed"), 500)
	say("g_c_1", eventBody("g.c", 1, "completed"), 204)
	say("g_c_1", eventBody("g.c", 1, "completed"), 500)
	say("g_c_1", eventBody("g.c", 1, "completed"), 204)
	say("g_c_1", eventBody("g.c", 1, "completed"), 500)
	say("g_c_1", eventBody("g.c", 1, "completed"), 204)
	say("g_c_1", eventBody("g.c", 1, "completed"), 204) // it has failed twice
	a.SetTrouble(ApplicationTrouble{})
	say("g_a_1", eventBody("g.a", 1, "submitted"), 204)
	say("g_b_1", eventBody("g.b", 1, "submitted"), 204)
	say("g_b_1", eventBody("g.b", 1, "completed"), 204)
	say("other", eventBody("g.b", 1, "completed"), 204)
	for name, got := range map[string][2][]string{
		"untaken":         {a.Untaken(), {"g_a_2"}},
		"told again":      {a.ToldAgain(), {"g_a_1", "g_b_1", "g_c_1"}},
		"bodies":          {a.DifferentBodies(), {"g_b_1"}},
		"revisions twice": {a.RevisionsTwice(), {"other"}},
	} {
		if !reflect.DeepEqual(got[0], got[1]) {
			t.Errorf("%s: %v, want %v", name, got[0], got[1])
		}
	}
	if last := a.LastRevisions(); !reflect.DeepEqual(last, map[string]int{"g.a": 2, "g.b": 1, "g.c": 1}) {
		t.Errorf("last revisions %v", last)
	}
	events := a.Events()
	if len(events) != 5 || events[2].Failed != 2 || events[0].Times != 2 || events[0].Taken != 2 || events[0].Job != "g.a" || events[0].State != "submitted" ||
		events[1].Taken != 0 || events[1].Revision != 2 || events[1].Type != "call.completed" {
		t.Errorf("%+v", events)
	}
	if c := a.Counts(); c.Requests != 12 || c.Taken != 9 || c.Failed != 3 || c.Unverifiable != 0 {
		t.Errorf("%+v", c)
	}
}

// TestApplicationTrouble: a hanging one takes nothing of a client that left, one
// that is off resets, and a slow one takes.
func TestApplicationTrouble(t *testing.T) {
	a, clock := newApplication(t)
	body := eventBody("g.a", 1, "submitted")
	headers := headersFor(t, "g_a_1", clock.now(), body)
	for _, c := range []struct {
		trouble ApplicationTrouble
		want    int
	}{
		{ApplicationTrouble{Off: true}, 0}, {ApplicationTrouble{Hang: time.Hour}, 0}, {ApplicationTrouble{Slow: time.Hour}, 0},
		{ApplicationTrouble{Slow: time.Millisecond}, 204}, {ApplicationTrouble{Hang: time.Millisecond}, 204},
	} {
		ctx, leave := context.WithTimeout(t.Context(), 50*time.Millisecond)
		if c.want == 204 {
			ctx, leave = context.WithCancel(t.Context())
		}
		a.SetTrouble(c.trouble)
		if got := tell(ctx, a, headers, body); got != c.want {
			t.Errorf("%+v: %d, want %d", c.trouble, got, c.want)
		}
		leave()
	}
	if e := a.Events(); len(e) != 1 || e[0].Taken != 2 || e[0].Times != 4 {
		t.Errorf("%+v", e)
	}
	a.SetTrouble(ApplicationTrouble{Hang: time.Hour})
	a.Close()
	if got := tell(t.Context(), a, headers, body); got != 0 {
		t.Errorf("a closed one answers %d", got)
	}
}
