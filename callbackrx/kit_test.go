package callbackrx_test

import (
	"bytes"
	"context"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/callpacer/callpacer/callbackrx"
	"github.com/callpacer/callpacer/internal/pushtoken"
	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/tasks"
)

const (
	job    = "jumdata.01JZZZZZZZZZZZZZZZZZZZZZZZ"
	vendor = "203.0.113.9:4711" // where pushes of these tests come from
)

var (
	signer  = pushtoken.New([]byte("secret"))
	token   = signer.Attempt("main", job, 1)
	pushURL = callbackrx.Path + "main/" + token
)

// memory is a Store and a Queue that note what they are asked, in order.
type memory struct {
	mu                 sync.Mutex
	steps              []string
	pushes             []record.Push
	entries            []tasks.Entry
	duplicate, done    bool
	storeErr, queueErr error
	onStore            func()
	storeCtx, queueCtx context.Context // for their deadlines
}

func (m *memory) note(step string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.steps = append(m.steps, step)
}

func (m *memory) StorePush(ctx context.Context, _ string, p record.Push) (bool, bool, error) {
	if m.onStore != nil {
		m.onStore()
	}
	m.note("store")
	m.mu.Lock()
	defer m.mu.Unlock()
	m.storeCtx = ctx
	if err := ctx.Err(); err != nil {
		return false, false, err
	}
	m.pushes = append(m.pushes, p)
	return m.duplicate, m.done, m.storeErr
}

// Now fails as StorePush does.
func (m *memory) Now(ctx context.Context) (time.Time, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return time.Time{}, err
	}
	return time.Now(), m.storeErr
}

func (m *memory) Put(ctx context.Context, e tasks.Entry) error {
	m.note("queue")
	m.mu.Lock()
	defer m.mu.Unlock()
	m.queueCtx = ctx
	if err := ctx.Err(); err != nil {
		return err
	}
	m.entries = append(m.entries, e)
	return m.queueErr
}

// newReceiver serves the accounts main and other; its log comes back as text.
func newReceiver(m *memory) (*callbackrx.Receiver, *bytes.Buffer) {
	var out bytes.Buffer
	lines := logrus.New()
	lines.SetOutput(&out)
	lines.SetLevel(logrus.TraceLevel)
	return &callbackrx.Receiver{
		Store: m, Queue: m, Signer: signer, Log: lines, Patience: 5 * time.Second, // this machine may be busy
		Accounts: map[string]callbackrx.Account{
			"main":  {Name: "main", Group: "jumdata", Ack: callbackrx.Ack{Status: 200, ContentType: "text/plain", Body: "success"}},
			"other": {Name: "other", Group: "jumdata", Ack: callbackrx.Ack{Status: 202, ContentType: "application/json", Body: `{"code":200}`}},
		},
	}, &out
}

// push sends one request to the handler itself.
func push(r *callbackrx.Receiver, method, target, contentType, body string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	req := httptest.NewRequest(method, target, strings.NewReader(body))
	req.RemoteAddr = vendor
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	for _, f := range change {
		f(req)
	}
	w := httptest.NewRecorder()
	r.Routes().ServeHTTP(w, req)
	return w
}

func wantStatus(t *testing.T, w *httptest.ResponseRecorder, status int) {
	t.Helper()
	if w.Code != status {
		t.Errorf("status %d (%s), want %d", w.Code, w.Body, status)
	}
}

func wantSteps(t *testing.T, m *memory, want string) {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	if got := strings.Join(m.steps, " "); got != want {
		t.Errorf("steps %q, want %q", got, want)
	}
}

// serveTCP serves the handler on a loopback port; a panic in it fails the test.
func serveTCP(t *testing.T, r *callbackrx.Receiver, change ...func(*http.Server)) *httptest.Server {
	t.Helper()
	var panics lockedBuffer
	s := httptest.NewUnstartedServer(r.Routes())
	for _, f := range change {
		f(s.Config)
	}
	s.Config.ErrorLog = log.New(&panics, "", 0)
	s.Start()
	t.Cleanup(func() {
		s.Close()
		if out := panics.String(); strings.Contains(out, "panic") {
			t.Errorf("the handler panicked: %s", out)
		}
	})
	return s
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
