package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"sync"
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

// fleetsAtOnce is how many fleets live at a time: they wait for processes and clocks
// most of the time.
const fleetsAtOnce = "3"

func TestMain(m *testing.M) {
	flag.Parse()
	if f := flag.Lookup("test.parallel"); f.Value.String() == f.DefValue {
		if err := flag.Set("test.parallel", fleetsAtOnce); err != nil {
			panic(err)
		}
	}
	status := m.Run()
	if programs != "" {
		_ = os.RemoveAll(programs)
	}
	os.Exit(status)
}

// fleet is some worker processes on one Redis with simulated vendors, which live
// in this process: they alone are asked who was called.
type fleet struct {
	t        *testing.T
	bin      string
	redisURL string
	server   *redistest.Server // nil: an embedded Redis
	rdb      redis.UniversalClient
	store    *record.Store
	client   *tasks.Client
	door     *door // where the vendors push
	accounts []account
	workers  []*worker
	state    string // the folder that the workers share on this machine
	sections string // of the configuration, as YAML, beside those that every fleet has
}

// newFleet uses a real redis-server where there is one, and else an embedded
// Redis; the gate demands the real one. Its accounts come before its workers.
func newFleet(t *testing.T) *fleet {
	t.Helper()
	if redistest.Raced {
		t.Skip("a fleet's workers are processes of their own, which the race detector does not watch; run it without")
	}
	bin, err := build()
	if err != nil {
		t.Fatal(err)
	}
	f := &fleet{t: t, bin: bin, door: openDoor(t), state: t.TempDir()}
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
	return f
}

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

// each waits until come is true of every job; it is not asked again of a job
// for which it was true.
func (f *fleet) each(patience time.Duration, what string, ids []string, come func(*record.Record) bool) {
	f.t.Helper()
	open := slices.Clone(ids)
	f.until(patience, what, func() bool {
		open = slices.DeleteFunc(open, func(id string) bool { return come(f.record(id)) })
		return len(open) == 0
	})
}

// ended waits until every job has come to an end.
func (f *fleet) ended(patience time.Duration, ids []string) {
	f.t.Helper()
	f.each(patience, "every job has ended", ids, func(r *record.Record) bool { return r.State.Final() })
}

// enqueue puts jobs on the queue.
func (f *fleet) enqueue(jobs []tasks.Job) []string {
	f.t.Helper()
	var ids []string
	for i, r := range f.client.EnqueueMany(f.t.Context(), jobs) {
		if r.Err != nil {
			f.t.Fatalf("enqueue job %d of %s: %v", i, jobs[i].Account, r.Err)
		}
		ids = append(ids, r.Receipt.ID)
	}
	return ids
}

// messages are n notify jobs of an account, to n numbers or all to one.
func messages(account string, n int, to func(i int) string) []tasks.Job {
	jobs := make([]tasks.Job, n)
	for i := range jobs {
		jobs[i] = tasks.Job{Account: account, To: to(i), Template: "T1", IdempotencyKey: fmt.Sprintf("job-%d", i)}
	}
	return jobs
}
