package main

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/sandbox"
)

// oneKey is a command line with one idempotency key, and what came of it.
type oneKey struct {
	args []string
	end  record.State
	acts func() int // what the vendor did: calls, or bindings
}

// submit is one process; it fails the test where the job is refused.
func (f *fleet) submit(t *testing.T, args []string) (id string, duplicate bool) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(t.Context(), filepath.Join(f.bin, "enqueue"), append(args, "--json", "--redis", f.redisURL, "--key", "order-1")...)
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

// TestOneKeyManyProcesses submits one idempotency key from twenty processes at
// once, and again after the end: it is one call, or one binding, at each vendor.
func TestOneKeyManyProcesses(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	texts := f.jumdata("jumdata", sandbox.JumdataOptions{}, openRules)
	files := f.itnio("itnio", sandbox.ITNIOOptions{}, openRules)
	lines := f.dingxin("dingxin", sandbox.DingxinOptions{}, openRules)
	numbers := f.interline("interline", sandbox.InterlineOptions{}, openRules, time.Minute)
	f.worker("a")
	notify := func(account string) []string {
		return []string{"notify", "--account", account, "--to", "138 0000 0001", "--template", "T1"}
	}
	for vendor, k := range map[string]oneKey{
		"jumdata": {notify("jumdata"), record.Completed, func() int { return len(texts.Calls()) }},
		"itnio":   {notify("itnio"), record.Completed, func() int { return len(files.Calls()) }},
		"dingxin": {
			[]string{"connect", "--account", "dingxin", "--from", "13700000001", "--to", "13800000001"},
			record.Completed, func() int { return len(lines.Calls()) },
		},
		"interline": {
			[]string{"bind", "--account", "interline", "--x", "17000000001", "--a", "13800000001", "--b", "13900000001", "--ttl", "1h"},
			record.Active, func() int { return len(numbers.Made()) },
		},
	} {
		t.Run(vendor, func(t *testing.T) { f.judgeOneKey(t, k) })
	}
}

func (f *fleet) judgeOneKey(t *testing.T, k oneKey) {
	t.Helper()
	var wg sync.WaitGroup
	var mu sync.Mutex
	ids, originals := map[string]bool{}, 0
	for range 20 {
		wg.Go(func() {
			id, duplicate := f.submit(t, k.args)
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
		f.until(30*time.Second, "the job is "+string(k.end), func() bool { return f.record(id).State == k.end })
		if again, duplicate := f.submit(t, k.args); again != id || !duplicate {
			t.Errorf("a submit after the end answered %s, duplicate %v", again, duplicate)
		}
	}
	wait(2 * time.Second)
	if n := k.acts(); n != 1 {
		t.Errorf("the vendor acted %d times, want once", n)
	}
}
