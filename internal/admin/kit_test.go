package admin

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
	"github.com/sirupsen/logrus"
	logtest "github.com/sirupsen/logrus/hooks/test"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/tasks"
)

// pressed keeps what lanes were asked.
type pressed struct {
	asked []string
	err   error
}

func (p *pressed) Pause(_ context.Context, account, queue, by string) error {
	p.asked = append(p.asked, strings.Join([]string{"pause", account, queue, by}, " "))
	return p.err
}

func (p *pressed) Resume(_ context.Context, account, queue, by string) error {
	p.asked = append(p.asked, strings.Join([]string{"resume", account, queue, by}, " "))
	return p.err
}

// desk is a listener over a Redis with the published account "main" of group
// "g", real jobs and real tasks.
type desk struct {
	*testing.T
	redis     *redistest.Redis
	handler   *Handler
	lanes     *pressed
	store     *record.Store
	client    *asynq.Client
	inspector *asynq.Inspector
	log       *logtest.Hook
}

var (
	viewerToken   = Token{Name: "eyes", Token: "viewer-token"}
	operatorToken = Token{Name: "ops", Token: "operator-token", Operator: true}
)

func newDesk(t *testing.T, r *redistest.Redis, tokens ...Token) *desk {
	t.Helper()
	account := tasks.Account{
		Name: "main", Vendor: "jumdata", Group: "g", Kinds: []tasks.Kind{tasks.KindNotify},
		Retention: time.Hour, KeyRetention: time.Hour,
	}
	if _, err := tasks.Publish(t.Context(), r.Client, account); err != nil {
		t.Fatal(err)
	}
	log, hook := logtest.NewNullLogger()
	d := &desk{
		T: t, redis: r, lanes: &pressed{}, store: record.New(r.Client), log: hook,
		client: asynq.NewClientFromRedisClient(r.Client), inspector: asynq.NewInspectorFromRedisClient(r.Client),
	}
	d.handler = New(Options{
		Ready: func(context.Context) error { return nil }, Redis: func() redis.UniversalClient { return r.NewClient(t) },
		Tokens: tokens, Lanes: d.lanes, Jobs: d.store, Log: log.WithFields(logrus.Fields{}),
	})
	t.Cleanup(func() {
		if err := d.handler.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// job enqueues one that waits in main:normal.
func (d *desk) job() string {
	d.Helper()
	receipt, err := tasks.NewClient(d.redis.Client).Enqueue(d.Context(), tasks.Job{Account: "main", To: "13800000001", Template: "JM1001"})
	if err != nil {
		d.Fatal(err)
	}
	return receipt.ID
}

// put enqueues a task without a job.
func (d *desk) put(queue, id string, opts ...asynq.Option) {
	d.Helper()
	opts = append(opts, asynq.Queue(queue), asynq.TaskID(id))
	if _, err := d.client.Enqueue(asynq.NewTask("notify", tasks.EncodePayload(id)), opts...); err != nil {
		d.Fatal(err)
	}
}

// jobIs sets a job's state as a worker would have left it.
func (d *desk) jobIs(id string, state record.State, rank int) {
	d.Helper()
	if err := d.redis.Client.HSet(d.Context(), "callpacer:{g}:job:"+id, "state", string(state), "rank", rank).Err(); err != nil {
		d.Fatal(err)
	}
}

// wantJob checks a job's state.
func (d *desk) wantJob(id string, want record.State) {
	d.Helper()
	rec, err := d.store.Get(d.Context(), id)
	if err != nil || rec == nil || rec.State != want {
		d.Errorf("job %s: %+v, %v; want %s", id, rec, err, want)
	}
}

// wantTask checks a task's state; "" means that there is none.
func (d *desk) wantTask(queue, id, want string) {
	d.Helper()
	got := ""
	info, err := d.inspector.GetTaskInfo(queue, id)
	switch {
	case err == nil:
		got = info.State.String()
	case !errors.Is(err, asynq.ErrTaskNotFound):
		d.Fatal(err)
	}
	if got != want {
		d.Errorf("task %s on %s is %q, want %q", id, queue, got, want)
	}
}

// press asks with a body, as the page does.
func (d *desk) press(method, path, body string) *httptest.ResponseRecorder {
	d.Helper()
	return d.send(method, path, body, func(*http.Request) {})
}

func (d *desk) send(method, path, body string, change func(*http.Request)) *httptest.ResponseRecorder {
	d.Helper()
	request := httptest.NewRequestWithContext(d.Context(), method, "/monitor/api/queues/"+path, strings.NewReader(body))
	request.Host = "127.0.0.1:8081"
	change(request)
	answer := httptest.NewRecorder()
	d.handler.ServeHTTP(answer, request)
	return answer
}

// wantAnswer checks a status and a word of the text.
func (d *desk) wantAnswer(got *httptest.ResponseRecorder, status int, word string) {
	d.Helper()
	if got.Code != status || !strings.Contains(got.Body.String(), word) {
		d.Errorf("answer %d %q, want %d and %q", got.Code, got.Body, status, word)
	}
}

func (d *desk) wantLanes(want ...string) {
	d.Helper()
	if strings.Join(d.lanes.asked, "|") != strings.Join(want, "|") {
		d.Errorf("lanes were asked %q, want %q", d.lanes.asked, want)
	}
	d.lanes.asked = nil
}

// serve runs a worker that is busy with each task until the test frees it.
func (d *desk) serve(queue string) (busy, free chan struct{}, stop func()) {
	d.Helper()
	log := logrus.New()
	log.SetOutput(io.Discard)
	server := asynq.NewServer(d.redis.AsynqOpt(), asynq.Config{Queues: map[string]int{queue: 1}, Logger: log})
	busy, free = make(chan struct{}), make(chan struct{})
	err := server.Start(asynq.HandlerFunc(func(context.Context, *asynq.Task) error {
		close(busy)
		<-free
		return nil
	}))
	if err != nil {
		d.Fatal(err)
	}
	return busy, free, server.Shutdown
}
