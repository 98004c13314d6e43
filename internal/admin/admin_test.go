package admin

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/callpacer/callpacer/internal/redistest"
)

// handler has neither lanes nor jobs, so its page is read-only.
func handler(t *testing.T, ready error) *Handler {
	t.Helper()
	r := redistest.Mini(t)
	client := asynq.NewClientFromRedisClient(r.Client)
	for _, payload := range []string{`{"v":1,"id":"jumdata.01M812MKJFFHWHA61JH6AK743H"}`, `{"to":"13800000001"}`} {
		if _, err := client.Enqueue(asynq.NewTask("notify", []byte(payload)), asynq.Queue("a:normal")); err != nil {
			t.Fatal(err)
		}
	}
	h := New(Options{
		Ready: func(context.Context) error { return ready },
		Redis: func() redis.UniversalClient { return r.NewClient(t) },
	})
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

func ask(t *testing.T, h http.Handler, method, path string, change func(*http.Request)) *httptest.ResponseRecorder {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), method, path, nil)
	request.Host = "localhost:8081"
	if change != nil {
		change(request)
	}
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, request)
	return answer
}

func TestHealth(t *testing.T) {
	up, down := handler(t, nil), handler(t, errors.New("redis is away"))
	if got := ask(t, up, http.MethodGet, "/readyz", nil); got.Code != http.StatusOK {
		t.Errorf("ready: %d", got.Code)
	}
	if got := ask(t, down, http.MethodGet, "/readyz", nil); got.Code != http.StatusServiceUnavailable || !strings.Contains(got.Body.String(), "redis is away") {
		t.Errorf("not ready: %d %s", got.Code, got.Body)
	}
	if got := ask(t, down, http.MethodGet, "/healthz", nil); got.Code != http.StatusOK {
		t.Errorf("healthy, though not ready: %d", got.Code)
	}
}

func TestMonitorIsReadOnlyWithoutLanesAndJobs(t *testing.T) {
	h := handler(t, nil)
	page := ask(t, h, http.MethodGet, "/monitor/", nil)
	if page.Code != http.StatusOK || !strings.Contains(page.Body.String(), "FLAG_READ_ONLY=\"true\"") {
		t.Errorf("page: %d, or it is not read-only", page.Code)
	}
	for _, path := range []string{"/monitor/api/queues/a:normal:pause", "/monitor/api/queues/a:normal/pending_tasks:delete_all"} {
		if got := ask(t, h, http.MethodPost, path, nil); got.Code != http.StatusForbidden {
			t.Errorf("POST %s: %d, want 403", path, got.Code)
		}
	}
	if got := ask(t, h, http.MethodDelete, "/monitor/api/queues/a:normal", nil); got.Code != http.StatusForbidden {
		t.Errorf("DELETE: %d, want 403", got.Code)
	}
}

func TestMonitorMasksNumbers(t *testing.T) {
	body := ask(t, handler(t, nil), http.MethodGet, "/monitor/api/queues/a:normal/pending_tasks", nil).Body.String()
	if strings.Contains(body, "13800000001") {
		t.Errorf("a number is shown: %s", body)
	}
	if !strings.Contains(body, "*********01") || !strings.Contains(body, "01M812MKJFFHWHA61JH6AK743H") {
		t.Errorf("masked number or job id are missing: %s", body)
	}
}
