package event

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"go.uber.org/goleak"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/secret"
)

const (
	hooks    = "https://app.example.com/hooks/calls"
	someText = "a secret that is no base64!"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// shelf is a store in memory: due times and leases, and what it was told.
type shelf struct {
	mu      sync.Mutex
	kept    map[string]*kept
	told    []string
	dead    map[string]string
	tries   map[string][]string // failed ones, by their reasons
	putOffs map[string][]time.Duration
	claims  int
	broken  error
}

type kept struct {
	record.Event
	due time.Time
}

func newShelf(events ...record.Event) *shelf {
	s := &shelf{kept: map[string]*kept{}, dead: map[string]string{}, tries: map[string][]string{}, putOffs: map[string][]time.Duration{}}
	for _, e := range events {
		s.add(e)
	}
	return s
}

func (s *shelf) add(e record.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept[e.ID] = &kept{e, e.At}
}

func (s *shelf) ClaimEvents(_ context.Context, _ string, limit int, lease time.Duration) ([]record.Event, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.claims++
	if s.broken != nil {
		return nil, s.broken
	}
	now := time.Now()
	var due []*kept
	for _, k := range s.kept {
		if !k.due.After(now) {
			due = append(due, k)
		}
	}
	slices.SortFunc(due, func(a, b *kept) int { return cmp.Or(a.due.Compare(b.due), cmp.Compare(a.ID, b.ID)) })
	var events []record.Event
	for _, k := range due[:min(limit, len(due))] {
		k.due = now.Add(lease)
		events = append(events, k.Event)
	}
	return events, nil
}

// step is one change of an event, refused where there is none.
func (s *shelf) step(ctx context.Context, e record.Event, f func(k *kept)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	k := s.kept[e.ID]
	if k == nil {
		return fmt.Errorf("there is no event %s", e.ID)
	}
	f(k)
	return nil
}

func (s *shelf) EventTold(ctx context.Context, e record.Event) error {
	return s.step(ctx, e, func(*kept) { s.told = append(s.told, e.ID); delete(s.kept, e.ID) })
}

func (s *shelf) EventFailed(ctx context.Context, e record.Event, in time.Duration, why string) error {
	return s.step(ctx, e, func(k *kept) {
		k.Tries++
		k.due, k.LastError = time.Now().Add(in), why
		s.tries[e.ID] = append(s.tries[e.ID], why)
	})
}

func (s *shelf) EventPutOff(ctx context.Context, e record.Event, in time.Duration) error {
	return s.step(ctx, e, func(k *kept) {
		k.due = time.Now().Add(in)
		s.putOffs[e.ID] = append(s.putOffs[e.ID], in)
	})
}

func (s *shelf) EventsPutOff(ctx context.Context, _ string, waits []record.PutOff) error {
	for _, w := range waits {
		if err := s.EventPutOff(ctx, w.Event, w.In); err != nil {
			return err
		}
	}
	return nil
}

func (s *shelf) EventDead(ctx context.Context, e record.Event, why string, retain time.Duration) error {
	if retain != 7*24*time.Hour {
		return fmt.Errorf("a dead letter is kept for %s", retain)
	}
	return s.step(ctx, e, func(*kept) { s.dead[e.ID] = why; delete(s.kept, e.ID) })
}

func (s *shelf) toldSoFar() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.told)
}

// a change of a job, now.
func change(job string, revision int) record.Event {
	now := time.Now()
	return record.Event{
		ID: fmt.Sprintf("%s:%d", job, revision), Group: "jumdata", Job: job, Revision: revision, At: now, Since: now,
		Record: &record.Record{ID: job, Kind: "notify", State: record.Completed, Revision: revision},
	}
}

func view(r *record.Record) any {
	return map[string]any{"id": r.ID, "kind": r.Kind, "state": r.State, "revision": r.Revision}
}

func testOptions() Options {
	return Options{URL: hooks, Secret: secret.New(someText), Data: view}
}

func mustEndpoints(t *testing.T, o Options) *Endpoints {
	t.Helper()
	e, err := NewEndpoints(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

func quiet() *logrus.Logger {
	log := logrus.New()
	log.SetOutput(io.Discard)
	return log
}

// run delivers until stop is called, which waits for the end.
func run(ctx context.Context, d *Deliverer) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { d.Run(ctx) })
	return func() { cancel(); wg.Wait() }
}

// inside is a network of pipes: time stands still in a bubble while it is used.
type inside struct {
	mu    sync.Mutex
	hosts map[string]chan net.Conn // by host:port
	dials map[string]int
}

var errNoHost = errors.New("there is no such host")

func (n *inside) dial(ctx context.Context, _, address string) (net.Conn, error) {
	n.mu.Lock()
	host := n.hosts[address]
	if n.dials == nil {
		n.dials = map[string]int{}
	}
	n.dials[address]++
	n.mu.Unlock()
	if host == nil {
		return nil, errNoHost
	}
	ours, theirs := net.Pipe()
	select {
	case host <- theirs:
		return ours, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// serve answers at an address, without TLS, until the test ends.
func (n *inside) serve(t *testing.T, address string, h http.HandlerFunc) {
	l := &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
	n.mu.Lock()
	if n.hosts == nil {
		n.hosts = map[string]chan net.Conn{}
	}
	n.hosts[address] = l.conns
	n.mu.Unlock()
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Hour}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close(); <-done })
}

type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{} }

// heard is one request as the application got it.
type heard struct {
	at     time.Time
	header http.Header
	body   []byte
}

// application notes what it hears and answers as it is told.
type application struct {
	mu       sync.Mutex
	requests []heard
	now, top int // requests at once
	answer   func(n int, w http.ResponseWriter, r *http.Request)
}

func (a *application) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	a.mu.Lock()
	a.requests = append(a.requests, heard{time.Now(), r.Header, body})
	n := len(a.requests)
	a.now++
	a.top = max(a.top, a.now)
	a.mu.Unlock()
	defer func() { a.mu.Lock(); a.now--; a.mu.Unlock() }()
	if a.answer != nil {
		a.answer(n, w, r)
	}
}

func (a *application) heard() []heard {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.requests)
}

// bubbleWith is a Deliverer whose applications are reached through pipes; URLs are http.
func bubbleWith(t *testing.T, s *shelf, hosts map[string]*application) *Deliverer {
	n := &inside{}
	for address, a := range hosts {
		n.serve(t, address, a.ServeHTTP)
	}
	o := testOptions()
	o.URL, o.Dial = "http://app.example.com/hooks?token=t0ken", n.dial
	o.AllowedPrefixes = []string{"http://slow.example.com/", "http://b.example.com/", "http://c.example.com/"}
	return &Deliverer{Store: s, Endpoints: mustEndpoints(t, o), Group: "jumdata", Log: quiet()}
}

func (a *application) peak() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.top
}
