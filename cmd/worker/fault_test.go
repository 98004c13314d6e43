package main

import (
	"bytes"
	"encoding/json"
	"fmt"
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

// troubles are what the vendor does to one request in three.
func troubles(a sandbox.SendAttempt) sandbox.Fault {
	switch a.Seq % 24 {
	case 3:
		return sandbox.FaultCut(true)
	case 6:
		return sandbox.FaultHang(true)
	case 9:
		return sandbox.FaultStatus(500, true)
	case 12:
		return sandbox.FaultStatus(502, false)
	case 15:
		return sandbox.FaultCut(false)
	case 18:
		return sandbox.FaultAnswer(500, "系统维护,请稍候再试")
	case 20:
		return sandbox.FaultTruncated()
	case 22:
		return sandbox.FaultHang(false)
	}
	return sandbox.Fault{}
}

// TestNobodyIsCalledTwice sends 200 jobs through three worker processes that are
// killed, frozen for 90 s and woken, and terminated in the middle of requests
// that hang, at a vendor that cuts, hangs and fails.
func TestNobodyIsCalledTwice(t *testing.T) {
	t.Parallel()
	f := newFleet(t, sandbox.JumdataOptions{Behave: func(string) sandbox.Behaviour { return sandbox.Answered }}, openRules)
	a, b, c := f.worker("a"), f.worker("b"), f.worker("c")
	f.vendor.SetFault(troubles)
	ids := f.enqueue(200, func(i int) string { return fmt.Sprintf("138%08d", i) })

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
	wait(time.Until(frozen.Add(90 * time.Second)))
	b.signal(syscall.SIGCONT)

	f.ended(4*time.Minute, ids)
	f.notTwice()
	f.judge(ids)
}

// terminateDuringHang ends a worker by SIGTERM while requests hang: it must let
// them run into their timeout, settle them, and exit 0.
func (f *fleet) terminateDuringHang(w *worker) {
	f.t.Helper()
	f.vendor.SetFault(func(sandbox.SendAttempt) sandbox.Fault { return sandbox.FaultHang(true) })
	wait(time.Second)
	begin := time.Now()
	w.signal(syscall.SIGTERM)
	wait(500 * time.Millisecond)
	f.vendor.SetFault(troubles)
	select {
	case err := <-w.done:
		if err != nil {
			f.t.Errorf("worker %s was terminated and ended with %v", w.name, err)
		}
		f.t.Logf("worker %s took %s to end", w.name, time.Since(begin).Round(time.Millisecond))
	case <-time.After(30 * time.Second):
		f.t.Fatalf("worker %s did not end within 30 s of SIGTERM", w.name)
	}
}

// judge compares every record with what the vendor saw.
func (f *fleet) judge(ids []string) {
	f.t.Helper()
	called := map[string]int{}
	for _, call := range f.vendor.Calls() {
		called[call.Mobile]++
	}
	states := map[record.State]int{}
	for i, id := range ids {
		r := f.record(id)
		states[r.State]++
		calls := called[fmt.Sprintf("138%08d", i)]
		switch {
		case r.State == record.Completed && calls != 1:
			f.t.Errorf("%s is completed and was called %d times", id, calls)
		case r.State == record.Unknown && r.Cause == "":
			f.t.Errorf("%s is unknown without a cause", id)
		case r.State != record.Completed && r.State != record.Unknown:
			f.t.Errorf("%s ended %s (%s)", id, r.State, r.Cause)
		}
	}
	f.t.Logf("%d requests, %d calls, %v", len(f.vendor.Attempts()), len(f.vendor.Calls()), states)
	if states[record.Completed] < len(ids)/2 {
		f.t.Errorf("only %d of %d jobs are completed", states[record.Completed], len(ids))
	}
}

// TestOneNumberManyJobs gives forty jobs for one number to two workers: three
// are sent, the number is never locked, the rest wait and say for what.
func TestOneNumberManyJobs(t *testing.T) {
	t.Parallel()
	f := newFleet(t, sandbox.JumdataOptions{}, openRules)
	f.worker("a")
	f.worker("b")
	ids := f.enqueue(40, func(int) string { return "13800000001" })
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
	if n := len(f.vendor.Attempts()); n != 3 {
		t.Errorf("the vendor saw %d requests, want 3", n)
	}
	f.notTwice()
}

// TestOneKeyManyProcesses submits one idempotency key from twenty processes at
// once, and again after the end: it is one call.
func TestOneKeyManyProcesses(t *testing.T) {
	t.Parallel()
	f := newFleet(t, sandbox.JumdataOptions{}, openRules)
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
	if n := len(f.vendor.Calls()); n != 1 {
		t.Errorf("the vendor saw %d calls, want 1", n)
	}
}

// TestRedisIsKilled takes the real redis-server away from two workers in the
// middle of their work, twice; it keeps what it acknowledged.
func TestRedisIsKilled(t *testing.T) {
	t.Parallel()
	f := newFleet(t, sandbox.JumdataOptions{Behave: func(string) sandbox.Behaviour { return sandbox.Answered }}, openRules)
	if f.server == nil {
		t.Skip("no redis-server is on the PATH, and an embedded Redis cannot be killed")
	}
	f.worker("a")
	f.worker("b")
	ids := f.enqueue(60, func(i int) string { return fmt.Sprintf("138%08d", i) })
	for range 2 {
		wait(1500 * time.Millisecond)
		f.server.Kill()
		wait(3 * time.Second)
		f.server.Restart()
	}
	f.ended(3*time.Minute, ids)
	f.notTwice()
	f.judge(ids)
}

// TestVendorsLockIsKept: the vendor allows less than our rules say, and locks
// the number. Nothing dials a locked number, and the jobs go on after the lock.
func TestVendorsLockIsKept(t *testing.T) {
	t.Parallel()
	rules := `window: {open: "00:00", close: "24:00", time_zone: Asia/Shanghai}, per_number: [{limit: 9, per: 10s}], lockout: 6s`
	f := newFleet(t, sandbox.JumdataOptions{Limit: new(1), Day: 5 * time.Second}, rules)
	f.worker("a")
	f.worker("b")
	ids := f.enqueue(3, func(int) string { return "13800000001" })
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
	f.notTwice()
	if refused := len(f.vendor.Attempts()) - len(f.vendor.Calls()); refused < 1 || refused > 3 {
		t.Errorf("%d attempts were refused, want one for each lock", refused)
	}
}
