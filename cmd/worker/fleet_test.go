package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/internal/sandbox"
	"github.com/callpacer/callpacer/tasks"
)

// programs is the folder of the real programs, once they are built.
var programs string

// build makes the real programs once for all tests.
var build = sync.OnceValues(func() (dir string, err error) {
	if dir, err = os.MkdirTemp("", "callpacer-fleet"); err != nil {
		return "", err
	}
	programs = dir
	out, err := exec.CommandContext(context.Background(), "go", "build", "-o", dir, "../worker", "../enqueue").CombinedOutput()
	if err != nil {
		return dir, fmt.Errorf("build the programs: %w\n%s", err, out)
	}
	return dir, nil
})

func TestMain(m *testing.M) {
	status := m.Run()
	if programs != "" {
		_ = os.RemoveAll(programs)
	}
	os.Exit(status)
}

// fleet is some worker processes on one Redis with one simulated vendor, which
// lives in this process: it alone is asked who was called.
type fleet struct {
	t        *testing.T
	bin      string
	redisURL string
	server   *redistest.Server // nil: an embedded Redis
	rdb      redis.UniversalClient
	store    *record.Store
	client   *tasks.Client
	vendor   *sandbox.Jumdata
	rules    string // of the account, as YAML
	base     string // of the vendor
}

// newFleet uses a real redis-server where there is one, and else an embedded
// Redis; the gate demands the real one.
func newFleet(t *testing.T, options sandbox.JumdataOptions, rules string) *fleet {
	t.Helper()
	bin, err := build()
	if err != nil {
		t.Fatal(err)
	}
	f := &fleet{t: t, bin: bin, rules: rules}
	if _, err := exec.LookPath("redis-server"); err == nil || os.Getenv("CALLPACER_REQUIRE_REDIS") == "1" {
		f.server = redistest.StartServer(t, redistest.Options{AOF: true})
		f.redisURL = f.server.Redis().URL()
	} else {
		embedded, err := sandbox.StartRedis("127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(embedded.Close)
		f.redisURL = "redis://" + embedded.Addr() + "/0"
	}
	o, err := redis.ParseURL(f.redisURL)
	if err != nil {
		t.Fatal(err)
	}
	f.rdb = redis.NewClient(o)
	t.Cleanup(func() { _ = f.rdb.Close() })
	f.store, f.client = record.New(f.rdb), tasks.NewClient(f.rdb)
	options.AppID, options.AppSecret = "fleet", "fleet-secret"
	f.vendor = sandbox.NewJumdata(options)
	server := httptest.NewServer(f.vendor)
	f.base = server.URL
	t.Cleanup(func() { f.vendor.Close(); server.Close() })
	return f
}

// worker is one worker process.
type worker struct {
	fleet *fleet
	name  string
	file  string
	admin string
	cmd   *exec.Cmd
	log   *bytes.Buffer
	done  chan error
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// worker writes a configuration for a worker and starts it.
func (f *fleet) worker(name string) *worker {
	f.t.Helper()
	public, admin := freePort(f.t), freePort(f.t)
	w := &worker{fleet: f, name: name, admin: admin, file: filepath.Join(f.t.TempDir(), name+".yaml")}
	text := fmt.Sprintf(`redis: {url: %q}
public: {listen: %q, url: "http://%s", secret: fleet-push-secret}
admin: {listen: %q}
accounts:
  - name: fleet
    vendor: jumdata
    base_url: %s
    credentials: {app_id: fleet, app_secret: fleet-secret}
    timeout: 3s
    rules: {%s}
    retry: {max_attempts: 5, backoff: [1s, 2s]}
    poll: {first: 5s, backoff: [5s], give_up: 60s}
    in_doubt_deadline: 30s
`, f.redisURL, public, public, admin, f.base, f.rules)
	if err := os.WriteFile(w.file, []byte(text), 0o600); err != nil {
		f.t.Fatal(err)
	}
	w.start()
	return w
}

func (w *worker) start() {
	w.fleet.t.Helper()
	w.log = &bytes.Buffer{}
	w.cmd = exec.CommandContext(context.WithoutCancel(w.fleet.t.Context()), filepath.Join(w.fleet.bin, "worker"), "--config", w.file)
	w.cmd.Stderr = w.log
	if err := w.cmd.Start(); err != nil {
		w.fleet.t.Fatal(err)
	}
	done, cmd, log := make(chan error, 1), w.cmd, w.log
	w.done = done
	go func() { done <- cmd.Wait() }()
	w.fleet.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		if w.fleet.t.Failed() {
			w.fleet.t.Logf("log of worker %s:\n%s", w.name, tail(log.String(), 3000))
		}
	})
	w.fleet.until(20*time.Second, "worker "+w.name+" is ready", func() bool {
		request, err := http.NewRequestWithContext(w.fleet.t.Context(), http.MethodGet, "http://"+w.admin+"/readyz", nil)
		if err != nil {
			return false
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			return false
		}
		_ = answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	})
}

func (w *worker) signal(s syscall.Signal) {
	w.fleet.t.Helper()
	if err := w.cmd.Process.Signal(s); err != nil {
		w.fleet.t.Fatalf("%s to worker %s: %v", s, w.name, err)
	}
}

// kill is SIGKILL, and waits until the process is gone.
func (w *worker) kill() {
	w.signal(syscall.SIGKILL)
	if err := <-w.done; err == nil {
		w.fleet.t.Errorf("worker %s ended well, though it was killed", w.name)
	}
}

func (w *worker) restart() { w.kill(); w.start() }

func tail(s string, n int) string { return s[max(0, len(s)-n):] }

// until looks ten times a second whether something has come true.
func (f *fleet) until(patience time.Duration, what string, come func() bool) {
	f.t.Helper()
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.Now().Add(patience)
	for !come() {
		if time.Now().After(deadline) {
			f.t.Fatalf("not within %s: %s", patience, what)
		}
		<-ticker.C
	}
}

// wait lets real time pass: other processes have no other clock.
func wait(d time.Duration) { <-time.After(d) }

func (f *fleet) record(id string) *record.Record {
	f.t.Helper()
	r, err := f.store.Get(f.t.Context(), id)
	if err != nil || r == nil {
		f.t.Fatalf("record of %s: %v, %v", id, r, err)
	}
	return r
}

// ended waits until every job has come to an end.
func (f *fleet) ended(patience time.Duration, ids []string) {
	f.t.Helper()
	f.until(patience, "every job has ended", func() bool {
		for _, id := range ids {
			if !f.record(id).State.Final() {
				return false
			}
		}
		return true
	})
}

// enqueue puts n jobs on the queue, to n numbers or all to one.
func (f *fleet) enqueue(n int, to func(i int) string) []string {
	f.t.Helper()
	jobs := make([]tasks.Job, n)
	for i := range jobs {
		jobs[i] = tasks.Job{Account: "fleet", To: to(i), Template: "T1", IdempotencyKey: fmt.Sprintf("job-%d", i)}
	}
	var ids []string
	for i, r := range f.client.EnqueueMany(f.t.Context(), jobs) {
		if r.Err != nil {
			f.t.Fatalf("enqueue job %d: %v", i, r.Err)
		}
		ids = append(ids, r.Receipt.ID)
	}
	return ids
}

// notTwice asks the vendor.
func (f *fleet) notTwice() {
	f.t.Helper()
	if twice := f.vendor.JobsCalledTwice(); len(twice) > 0 {
		f.t.Errorf("the vendor saw %d jobs called twice: %s", len(twice), strings.Join(twice, " "))
	}
	if locked := f.vendor.AttemptsOnLocked(); len(locked) > 0 {
		f.t.Errorf("the vendor saw %d attempts on locked numbers", len(locked))
	}
}
