package tasks_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/tasks"
)

// account is what the workers of these tests published.
var account = tasks.Account{
	Name: "jumdata-main", Vendor: "jumdata", Group: "jumdata", Kinds: []tasks.Kind{tasks.KindNotify}, Traits: tasks.Traits{Params: true},
	Retention: 72 * time.Hour, KeyRetention: 720 * time.Hour, Rules: "r1",
}

// call is a job that is accepted as it stands.
func call() tasks.Job {
	return tasks.Job{Account: "jumdata-main", To: "13800000001", Template: "JM1001", Params: []string{"张三", "8点"}}
}

// keyed is call under an idempotency key.
func keyed(key string) tasks.Job {
	j := call()
	j.IdempotencyKey = key
	return j
}

// producer is a client on a Redis where workers published the account.
func producer(t *testing.T, r *redistest.Redis, hooks ...redis.Hook) *tasks.Client {
	t.Helper()
	if _, err := tasks.Publish(t.Context(), r.Client, account); err != nil {
		t.Fatal(err)
	}
	return tasks.NewClient(r.NewClient(t, hooks...))
}

func enqueue(t *testing.T, c *tasks.Client, j tasks.Job) tasks.Receipt {
	t.Helper()
	receipt, err := c.Enqueue(t.Context(), j)
	if err != nil {
		t.Fatalf("enqueue: %v", err)
	}
	return receipt
}

// wantField checks that an error names a field, in words that hold this one.
func wantField(t *testing.T, err error, field, word string) {
	t.Helper()
	var f *tasks.FieldError
	if !errors.As(err, &f) {
		t.Fatalf("error %v, want a *FieldError of %s", err, field)
	}
	if f.Field != field || !strings.Contains(f.Message, word) {
		t.Errorf("error %q, want one of field %s that says %q", f, field, word)
	}
}

func keysLike(t *testing.T, r *redistest.Redis, pattern string) []string {
	t.Helper()
	found, err := r.Client.Keys(t.Context(), pattern).Result()
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// wantCounts checks how many records and asynq tasks there are.
func wantCounts(t *testing.T, r *redistest.Redis, records, queued int) {
	t.Helper()
	if found := keysLike(t, r, "callpacer:{jumdata}:job:*"); len(found) != records {
		t.Errorf("records %q, want %d", found, records)
	}
	if found := keysLike(t, r, "asynq:{*}:t:*"); len(found) != queued {
		t.Errorf("asynq tasks %q, want %d", found, queued)
	}
}

func recordOf(t *testing.T, r *redistest.Redis, id string) *record.Record {
	t.Helper()
	rec, err := record.New(r.Client).Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// wantDue checks that the group's due table will see to the job.
func wantDue(t *testing.T, r *redistest.Redis, id string) {
	t.Helper()
	if err := r.Client.ZScore(t.Context(), "callpacer:{jumdata}:due", id).Err(); err != nil {
		t.Errorf("nothing is due for %s: %v", id, err)
	}
}

// taskOf reads a task back as the monitoring page does.
func taskOf(t *testing.T, r *redistest.Redis, queue, id string) *asynq.TaskInfo {
	t.Helper()
	inspector := asynq.NewInspectorFromRedisClient(r.Client)
	info, err := inspector.GetTaskInfo(queue, id)
	if err != nil {
		t.Fatalf("task %s on %s: %v", id, queue, err)
	}
	return info
}

// said is everything that an operation sends, for telling operations apart.
func said(op redistest.Op) string {
	var b strings.Builder
	for _, cmd := range op.Cmds {
		for _, a := range cmd.Args() {
			if raw, ok := a.([]byte); ok {
				a = string(raw)
			}
			fmt.Fprintln(&b, a)
		}
	}
	return b.String()
}

// The operations of an Enqueue.
const (
	creating = `"parts":`       // the record
	putting  = "asynq:{"        // the task
	marking  = `"task":"`       // accepted to queued
	anything = ""               //
	queueSet = "\nasynq:queues" // the queue's name
)

// strike answers the n-th operation that says word with a verdict; from n = 0 on
// every one.
func strike(word string, n int, v redistest.Verdict) *redistest.Faults {
	seen := 0
	return redistest.NewFaults(func(op redistest.Op) redistest.Verdict {
		if !strings.Contains(said(op), word) {
			return redistest.Verdict{}
		}
		if seen++; n != 0 && seen != n {
			return redistest.Verdict{}
		}
		return v
	})
}

// warm makes the server know the scripts, so that each is one operation.
func warm(t *testing.T, r *redistest.Redis) {
	t.Helper()
	c := producer(t, r)
	receipt := enqueue(t, c, call())
	for _, pattern := range []string{"callpacer:{jumdata}:*", "asynq:{*}*"} {
		if found := keysLike(t, r, pattern); len(found) > 0 {
			if err := r.Client.Del(t.Context(), found...).Err(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if recordOf(t, r, receipt.ID) != nil {
		t.Fatal("the warming job is still there")
	}
}

// eventually waits for what another process does.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(20 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s: not within 20 s", what)
		}
	}
}
