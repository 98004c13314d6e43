package main

import (
	"context"
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/tasks"
)

// enqueued puts one job on the queue of a bubble's Redis.
func enqueued(t *testing.T, r *redistest.Redis, to string) string {
	t.Helper()
	receipt, err := tasks.NewClient(r.Client).Enqueue(t.Context(), tasks.Job{Account: account, To: to, Template: "T1"})
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
		id := enqueued(t, r, number)
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
		want := "enqueue: " + id + " is held: window until 2000-01-01T01:00:00Z\n" +
			"enqueue: " + id + " is held: per_number until 2000-01-01T01:00:00Z\n"
		if o.stderr != want {
			t.Errorf("stderr %q, want %q", o.stderr, want)
		}
	})
}

func TestWaitIsLimited(t *testing.T) {
	redistest.Bubble(t, func(t *testing.T, r *redistest.Redis) {
		publish(t, r)
		id := enqueued(t, r, number)
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
		id := enqueued(t, r, number)
		ctx, interrupt := context.WithCancel(t.Context())
		done := waiting(ctx, appOn(t, r), "status", id, "--wait", "--json")
		time.Sleep(time.Minute)
		interrupt()
		(<-done).wantError("", "interrupted")
	})
}

func TestImportWaits(t *testing.T) {
	redistest.Bubble(t, func(t *testing.T, r *redistest.Redis) {
		publish(t, r)
		g := appOn(t, r).stdin(strings.NewReader("to,template\n13911110001,T1\nbad,T1\n13911110002,T1\n13911110002,T1\n"))
		done := waiting(t.Context(), g, "import", "-", "--account", account, "--wait", "--json")
		time.Sleep(time.Minute)
		synctest.Wait()
		rows := outcome{t: t, stdout: g.out.String()}.lines()
		if len(rows) != 4 || len(done) > 0 {
			t.Fatalf("rows %v", rows)
		}
		first, third, fourth := rows[0]["id"].(string), rows[2]["id"].(string), rows[3]["id"].(string)
		set(t, r, third, "state", "busy", "rank", 9, "cause", "busy")
		set(t, r, fourth, "state", "failed", "rank", 9, "cause", "blacklist")
		time.Sleep(time.Minute)
		set(t, r, first, "state", "completed", "rank", 9, "cause", "answered")
		o := <-done
		o.want(3, "{", "4 rows: 3 accepted, 0 duplicates, 1 failed")
		for i, want := range []map[string]any{
			{"row": 1.0, "id": first, "state": "completed", "cause": "answered"},
			{"row": 3.0, "id": third, "state": "busy", "cause": "busy"},
			{"row": 4.0, "id": fourth, "state": "failed", "cause": "blacklist"},
		} {
			if got := o.lines()[4+i]; !maps.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		}
	})
}

func TestImportWaitIsLimited(t *testing.T) {
	redistest.Bubble(t, func(t *testing.T, r *redistest.Redis) {
		publish(t, r)
		g := appOn(t, r).stdin(strings.NewReader("to,template\n13911110001,T1\n13911110002,T1\n13911110003,T1\n"))
		done := waiting(t.Context(), g, "import", "-", "--account", account, "--wait", "--timeout", "1m", "--json")
		synctest.Wait()
		second := outcome{t: t, stdout: g.out.String()}.lines()[1]["id"].(string)
		set(t, r, second, "state", "completed", "rank", 9)
		o := <-done
		o.want(1, `{"row":1,"id":`, "waited 1m0s; 2 of 3 jobs have not ended")
		lines := o.lines()
		if len(lines) != 6 || lines[3]["state"] != "queued" || lines[4]["state"] != "completed" || lines[5]["state"] != "queued" {
			t.Errorf("lines %v", lines)
		}
	})
}
