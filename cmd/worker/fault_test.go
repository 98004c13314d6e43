package main

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/sandbox"
)

const openRules = `window: {open: "00:00", close: "24:00", time_zone: Asia/Shanghai}, rate: {per_second: 4, burst: 2}`

// TestNobodyIsCalledTwice sends jobs to every vendor through three worker
// processes that are killed, frozen for 90 s and woken, and terminated in the
// middle of requests that hang, at vendors that cut, hang and fail.
func TestNobodyIsCalledTwice(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	batches := f.callers()
	platforms := f.platforms()
	a, b, c := f.worker("a"), f.worker("b"), f.worker("c")
	f.trouble()
	var calls []string
	for _, batch := range batches {
		batch.ids = f.enqueue(batch.jobs)
		calls = append(calls, batch.ids...)
	}
	for _, p := range platforms {
		p.start(f)
	}

	wait(2 * time.Second)
	a.restart()
	wait(time.Second)
	b.signal(syscall.SIGSTOP)
	frozen := time.Now()
	wait(2 * time.Second)
	f.terminateDuringHang(c)
	c.start()
	a.restart()
	wait(2 * time.Second)
	a.restart()
	c.restart()
	for _, p := range platforms {
		p.release(f, takenLater)
	}
	// What the killed ones had in their hands comes back after a minute, and is
	// not to wait for the end of new troubles besides.
	wait(time.Until(frozen.Add(30 * time.Second)))
	f.calm()
	for _, p := range platforms {
		p.settle(f)
	}
	wait(time.Until(frozen.Add(90 * time.Second)))
	b.signal(syscall.SIGCONT)
	f.until(20*time.Second, "the woken worker is ready", b.ready)

	f.ended(4*time.Minute, calls)
	f.leave() // what the woken one still had in its hands is done by then
	for _, batch := range batches {
		t.Run(batch.account, func(t *testing.T) { f.judge(t, batch) })
	}
	for _, p := range platforms {
		t.Run(p.account, func(t *testing.T) { f.judgeBindings(t, p) })
	}
}

// terminateDuringHang ends a worker by SIGTERM while requests hang: it must let
// them run into their timeout, settle them, and exit 0.
func (f *fleet) terminateDuringHang(w *worker) {
	f.t.Helper()
	f.hang()
	wait(time.Second)
	begin := time.Now()
	w.signal(syscall.SIGTERM)
	wait(500 * time.Millisecond)
	f.trouble()
	w.left()
	f.t.Logf("worker %s took %s to end", w.name, time.Since(begin).Round(time.Millisecond))
}

// TestOneNumberManyJobs gives forty jobs for one number to two workers: three
// are sent, the number is never locked, the rest wait and say for what.
func TestOneNumberManyJobs(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	vendor := f.jumdata("fleet", sandbox.JumdataOptions{}, openRules)
	f.worker("a")
	f.worker("b")
	ids := f.enqueue(messages("fleet", 40, func(int) string { return "13800000001" }))
	held := 0
	f.until(time.Minute, "three jobs are completed and 37 are held by the number's quota", func() bool {
		done := 0
		held = 0
		for _, id := range ids {
			switch r := f.record(id); {
			case r.State == record.Completed:
				done++
			case r.State == record.Held && r.HoldReason == "per_number" && r.HoldUntil.After(time.Now().Add(time.Hour)):
				held++
			}
		}
		return done == 3 && held == 37
	})
	if n := len(vendor.Attempts()); n != 3 {
		t.Errorf("the vendor saw %d requests, want 3", n)
	}
	notTwice(t, vendor)
}

// TestOneKeyManyProcesses submits one idempotency key from twenty processes at
// once, and again after the end: it is one call.
func TestOneKeyManyProcesses(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	vendor := f.jumdata("fleet", sandbox.JumdataOptions{}, openRules)
	f.worker("a")
	submit := func() (id string, duplicate bool) {
		var out, errs bytes.Buffer
		cmd := exec.CommandContext(t.Context(), filepath.Join(f.bin, "enqueue"), "notify", "--json", "--redis", f.redisURL,
			"--account", "fleet", "--to", "138 0000 0001", "--template", "T1", "--key", "order-1")
		cmd.Stdout, cmd.Stderr = &out, &errs
		if err := cmd.Run(); err != nil {
			t.Errorf("enqueue: %v: %s", err, errs.String())
			return "", false
		}
		var answer struct {
			ID        string
			Duplicate bool
		}
		if err := json.Unmarshal(out.Bytes(), &answer); err != nil {
			t.Errorf("enqueue printed %q: %v", out.String(), err)
		}
		return answer.ID, answer.Duplicate
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	ids, originals := map[string]bool{}, 0
	for range 20 {
		wg.Go(func() {
			id, duplicate := submit()
			mu.Lock()
			defer mu.Unlock()
			ids[id] = true
			if !duplicate {
				originals++
			}
		})
	}
	wg.Wait()
	if len(ids) != 1 || originals != 1 {
		t.Fatalf("twenty submits of one key made %d jobs and %d originals", len(ids), originals)
	}
	for id := range ids {
		f.until(30*time.Second, "the job has ended", func() bool { return f.record(id).State == record.Completed })
		if again, duplicate := submit(); again != id || !duplicate {
			t.Errorf("a submit after the end answered %s, duplicate %v", again, duplicate)
		}
	}
	wait(2 * time.Second)
	if n := len(vendor.Calls()); n != 1 {
		t.Errorf("the vendor saw %d calls, want 1", n)
	}
}

// TestRedisIsKilled takes the real redis-server away from two workers in the
// middle of their work, twice; it keeps what it acknowledged.
func TestRedisIsKilled(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	batch := f.jumdataBatch("fleet", 60)
	if f.server == nil {
		t.Skip("no redis-server is on the PATH, and an embedded Redis cannot be killed")
	}
	f.worker("a")
	f.worker("b")
	batch.ids = f.enqueue(batch.jobs)
	for range 2 {
		wait(1500 * time.Millisecond)
		f.server.Kill()
		wait(3 * time.Second)
		f.server.Restart()
	}
	f.ended(3*time.Minute, batch.ids)
	f.judge(t, batch)
}

// TestVendorsLockIsKept: the vendor allows less than our rules say, and locks
// the number. Nothing dials a locked number, and the jobs go on after the lock.
func TestVendorsLockIsKept(t *testing.T) {
	t.Parallel()
	rules := `window: {open: "00:00", close: "24:00", time_zone: Asia/Shanghai}, per_number: [{limit: 9, per: 10s}], lockout: 6s`
	f := newFleet(t)
	vendor := f.jumdata("fleet", sandbox.JumdataOptions{Limit: new(1), Day: 5 * time.Second}, rules)
	f.worker("a")
	f.worker("b")
	ids := f.enqueue(messages("fleet", 3, func(int) string { return "13800000001" }))
	f.until(time.Minute, "a job is held by the lock", func() bool {
		for _, id := range ids {
			if r := f.record(id); r.State == record.Held && r.HoldReason == "lockout" {
				return true
			}
		}
		return false
	})
	f.until(time.Minute, "every job is completed", func() bool {
		for _, id := range ids {
			if f.record(id).State != record.Completed {
				return false
			}
		}
		return true
	})
	notTwice(t, vendor)
	if refused := len(vendor.Attempts()) - len(vendor.Calls()); refused < 1 || refused > 3 {
		t.Errorf("%d attempts were refused, want one for each lock", refused)
	}
}
