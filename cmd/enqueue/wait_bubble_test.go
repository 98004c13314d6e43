package main

import (
	"context"
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/tasks"
)

// enqueued puts one job on the queue of a bubble's Redis.
func enqueued(t *testing.T, r *redistest.Redis) string {
	t.Helper()
	receipt, err := tasks.NewClient(r.Client).Enqueue(t.Context(), tasks.Job{Account: account, To: number, Template: "T1"})
	if err != nil {
		t.Fatal(err)
	}
	return receipt.ID
}

// waiting runs a command while the test goes on.
func waiting(ctx context.Context, g *rig, args ...string) <-chan outcome {
	done := make(chan outcome, 1)
	go func() { done <- g.run(ctx, append(args, "--redis", "redis://bubble")...) }()
	return done
}

func TestWaitUntilTheEnd(t *testing.T) {
	redistest.Bubble(t, func(t *testing.T, r *redistest.Redis) {
		publish(t, r)
		id := enqueued(t, r)
		g := appOn(t, r)
		done := waiting(t.Context(), g, "status", id, "--wait", "--json")
		began := time.Now()

		until := began.Add(time.Hour).UnixMilli()
		time.Sleep(time.Minute)
		set(t, r, id, "state", "held", "hold_reason", "window", "hold_until", until)
		time.Sleep(time.Minute)
		set(t, r, id, "hold_reason", "per_number")
		time.Sleep(time.Minute)
		set(t, r, id, "state", "submitted", "rank", 2)
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(done) > 0 {
			t.Fatal("it returned before the end")
		}
		set(t, r, id, "state", "completed", "rank", 9, "cause", "answered")
		ended := time.Now()
		o := <-done
		if late := time.Since(ended); late > lookEvery {
			t.Errorf("told %s after the end", late)
		}
		o.want(0, `"state":"completed","cause":"answered"`, id)
		var want string
		for _, line := range []string{
			"is held: window until 2000-01-01T01:00:00Z", "is held: per_number until 2000-01-01T01:00:00Z",
			"is submitted", "is completed",
		} {
			want += "enqueue: " + id + " " + line + "\n"
		}
		if o.stderr != want {
			t.Errorf("stderr %q, want %q", o.stderr, want)
		}
	})
}

func TestWaitIsLimited(t *testing.T) {
	redistest.Bubble(t, func(t *testing.T, r *redistest.Redis) {
		publish(t, r)
		id := enqueued(t, r)
		began := time.Now()
		o := <-waiting(t.Context(), appOn(t, r), "status", id, "--wait", "--timeout", "5m", "--json")
		o.wantError("", "waited 5m0s; "+id+" is queued")
		if got := o.only(); got["id"] != id || got["state"] != "queued" {
			t.Errorf("the state is not told: %v", got)
		}
		if took := time.Since(began); took != 5*time.Minute {
			t.Errorf("took %s", took)
		}
	})
}

func TestWaitEndsWithCtrlC(t *testing.T) {
	redistest.Bubble(t, func(t *testing.T, r *redistest.Redis) {
		publish(t, r)
		id := enqueued(t, r)
		ctx, interrupt := context.WithCancel(t.Context())
		done := waiting(ctx, appOn(t, r), "status", id, "--wait", "--json")
		time.Sleep(time.Minute)
		interrupt()
		(<-done).wantError("", "interrupted")
	})
}

// jobTo returns the job to a number.
func jobTo(t *testing.T, r *redistest.Redis, to string) string {
	t.Helper()
	keys, err := r.Client.Keys(t.Context(), jobKey("*")).Result()
	if err != nil {
		t.Fatal(err)
	}
	found := ""
	for _, key := range keys {
		id := strings.TrimPrefix(key, jobKey(""))
		rec, err := record.New(r.Client).Get(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		n, err := tasks.DecodeContent(tasks.KindNotify, rec.Content)
		if err != nil {
			t.Fatal(err)
		}
		if n.To == to {
			found = id
		}
	}
	if found == "" {
		t.Fatalf("no job among %d", len(keys))
	}
	return found
}

func wantLines(t *testing.T, o outcome, want []map[string]any) {
	t.Helper()
	lines := o.lines()
	if len(lines) != len(want) {
		t.Fatalf("%d lines, want %d: %v", len(lines), len(want), lines)
	}
	for i := range want {
		if !maps.Equal(lines[i], want[i]) {
			t.Errorf("got %v, want %v", lines[i], want[i])
		}
	}
}

// Standard output has one line a row: a refused one's at once, an accepted
// one's when its job has ended.
func TestImportWaits(t *testing.T) {
	redistest.Bubble(t, func(t *testing.T, r *redistest.Redis) {
		publish(t, r)
		g := appOn(t, r).stdin(strings.NewReader("to,template,key\n13911110001,T1,\nbad,T1,\n13911110002,T1,k\n13911110002,T1,k\n"))
		done := waiting(t.Context(), g, "import", "-", "--account", account, "--wait", "--json")
		time.Sleep(time.Minute)
		synctest.Wait()
		rows := outcome{t: t, stdout: g.out.String()}.lines()
		if len(rows) != 1 || rows[0]["row"] != 2.0 || rows[0]["error"] == nil || len(done) > 0 {
			t.Fatalf("rows %v", rows)
		}
		first, third := jobTo(t, r, "13911110001"), jobTo(t, r, "13911110002")
		set(t, r, third, "state", "failed", "rank", 9, "cause", "blacklist")
		time.Sleep(time.Minute)
		set(t, r, first, "state", "completed", "rank", 9, "cause", "answered")
		o := <-done
		o.want(3, "{", "4 rows: 2 accepted, 1 duplicates, 1 failed")
		o.stdout = o.stdout[strings.Index(o.stdout, "\n")+1:]
		wantLines(t, o, []map[string]any{
			{"row": 1.0, "id": first, "state": "completed", "duplicate": false, "cause": "answered"},
			{"row": 3.0, "id": third, "state": "failed", "duplicate": false, "cause": "blacklist"},
			{"row": 4.0, "id": third, "state": "failed", "duplicate": true, "cause": "blacklist"},
		})
	})
}

func TestImportWaitIsLimited(t *testing.T) {
	redistest.Bubble(t, func(t *testing.T, r *redistest.Redis) {
		publish(t, r)
		g := appOn(t, r).stdin(strings.NewReader("to,template\n13911110001,T1\n13911110002,T1\n13911110003,T1\n"))
		done := waiting(t.Context(), g, "import", "-", "--account", account, "--wait", "--timeout", "1m", "--json")
		synctest.Wait()
		set(t, r, jobTo(t, r, "13911110002"), "state", "completed", "rank", 9)
		o := <-done
		o.want(1, `{"row":1,"id":`, "waited 1m0s; 2 of 3 jobs have not ended")
		lines := o.lines()
		if len(lines) != 3 || lines[0]["state"] != "queued" || lines[1]["state"] != "completed" || lines[2]["state"] != "queued" {
			t.Errorf("lines %v", lines)
		}
	})
}

// No accepted job's id is lost where the wait or the reading breaks off.
func TestImportWaitBrokenOffTellsTheAccepted(t *testing.T) {
	redistest.Bubble(t, func(t *testing.T, r *redistest.Redis) {
		publish(t, r)
		ctx, interrupt := context.WithCancel(t.Context())
		g := appOn(t, r).stdin(strings.NewReader("to,template\n13911110001,T1\n13911110002,T1\n"))
		done := waiting(ctx, g, "import", "-", "--account", account, "--wait", "--json")
		time.Sleep(time.Minute)
		synctest.Wait()
		first, second := jobTo(t, r, "13911110001"), jobTo(t, r, "13911110002")
		interrupt()
		o := <-done
		o.want(1, "{", "interrupted")
		wantLines(t, o, []map[string]any{
			{"row": 1.0, "id": first, "state": "queued", "duplicate": false, "cause": ""},
			{"row": 2.0, "id": second, "state": "queued", "duplicate": false, "cause": ""},
		})
	})
}

func TestImportThatStopsEarlyTellsTheAccepted(t *testing.T) {
	r := mini(t)
	o := imported(t, r, differentRows(210)+"13900000000,T1,\xd5\xc5\n", "--wait")
	o.want(1, "{", "stopped after row 200")
	if n := len(o.lines()); n != 200 {
		t.Errorf("%d lines, want one for each of the 200 rows that were tried", n)
	}
}
