package tasks_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/tasks"
)

const batchOf = 60

// rows are keyed jobs.
func rows(n int) []tasks.Job {
	jobs := make([]tasks.Job, n)
	for i := range jobs {
		jobs[i] = keyed(fmt.Sprintf("row-%d", i))
	}
	return jobs
}

// wantResults checks every result of a batch.
func wantResults(t *testing.T, results []tasks.Result, state string, duplicate bool) {
	t.Helper()
	for i, result := range results {
		if result.Err != nil || result.Receipt.State != state || result.Receipt.Duplicate != duplicate {
			t.Errorf("row %d: %+v, want it %s, duplicate %v", i, result, state, duplicate)
			return
		}
	}
}

// Whatever becomes of a flush, each job is accepted at most once and has a next
// step, and a second submit brings every one to its queue, once.
func TestFlushThatFails(t *testing.T) {
	fails := func(word string, n int, a redistest.Action) *redistest.Faults {
		return strike(word, n, redistest.Verdict{Action: a})
	}
	for name, c := range map[string]struct {
		faults          func() *redistest.Faults
		state           string // of the receipts; "": an error
		records, queued int
		duplicates      bool // of the second submit
	}{
		"create fails once":     {func() *redistest.Faults { return fails(creating, 1, redistest.FailBefore) }, "queued", batchOf, batchOf, true},
		"create is lost once":   {func() *redistest.Faults { return fails(creating, 1, redistest.FailAfter) }, "queued", batchOf, batchOf, true},
		"create fails":          {func() *redistest.Faults { return fails(creating, 0, redistest.FailBefore) }, "", 0, 0, false},
		"create is lost":        {func() *redistest.Faults { return fails(creating, 0, redistest.FailAfter) }, "", batchOf, 0, true},
		"dead after create":     {func() *redistest.Faults { return fails(creating, 1, redistest.DieAfter) }, "", batchOf, 0, true},
		"tasks fail":            {func() *redistest.Faults { return fails(putting, 1, redistest.FailBefore) }, "accepted", batchOf, 0, true},
		"tasks are lost":        {func() *redistest.Faults { return fails(putting, 1, redistest.FailAfter) }, "accepted", batchOf, batchOf, true},
		"dead before the tasks": {func() *redistest.Faults { return fails(putting, 1, redistest.DieBefore) }, "accepted", batchOf, 0, true},
		"dead after the tasks":  {func() *redistest.Faults { return fails(putting, 1, redistest.DieAfter) }, "accepted", batchOf, batchOf, true},
		"marks fail":            {func() *redistest.Faults { return fails(marking, 1, redistest.FailBefore) }, "accepted", batchOf, batchOf, true},
		"marks are lost":        {func() *redistest.Faults { return fails(marking, 1, redistest.FailAfter) }, "accepted", batchOf, batchOf, true},
	} {
		t.Run(name, func(t *testing.T) {
			r := redistest.Mini(t)
			warm(t, r)
			jobs := rows(batchOf)
			results := producer(t, r, c.faults()).EnqueueMany(t.Context(), jobs)
			if c.state != "" {
				wantResults(t, results, c.state, false)
				wantDue(t, r, results[batchOf-1].Receipt.ID)
			}
			for i, result := range results {
				var f *tasks.FieldError
				if c.state == "" && (result.Err == nil || errors.As(result.Err, &f) || result.Receipt != (tasks.Receipt{})) {
					t.Errorf("row %d: %+v, want an error of no field", i, result)
				}
			}
			wantCounts(t, r, c.records, c.queued)
			wantResults(t, producer(t, r).EnqueueMany(t.Context(), jobs), "queued", c.duplicates)
			wantCounts(t, r, batchOf, batchOf)
		})
	}
}

// A producer that dies at any step of a batch leaves each job whole or absent.
func TestBatchDiesAnywhere(t *testing.T) {
	steps := redistest.CrashWalk(t, func(t *testing.T, dying *redistest.Faults) {
		r := redistest.Mini(t) // cold: every flush is sent again for its scripts
		jobs := append(rows(5), rows(2)...)
		for i, result := range producer(t, r, dying).EnqueueMany(t.Context(), jobs) {
			if result.Err == nil {
				wantDue(t, r, result.Receipt.ID)
			} else if !dying.Dead() {
				t.Errorf("row %d: %+v", i, result)
			}
		}
		for i, result := range producer(t, r).EnqueueMany(t.Context(), jobs) {
			if result.Err != nil || result.Receipt.State != "queued" {
				t.Errorf("row %d again: %+v", i, result)
			}
		}
		wantCounts(t, r, 5, 5)
	})
	if steps < 7 {
		t.Errorf("%d steps were walked, want the account and three flushes, each sent twice, at least", steps)
	}
}

// The scripts are lost before a flush: what was refused is sent again, once.
func TestScriptsForgottenBeforeAFlush(t *testing.T) {
	for _, word := range []string{creating, putting, marking} {
		t.Run(word, func(t *testing.T) {
			redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
				warm(t, r)
				var sent []string
				forget := redistest.NewFaults(func(op redistest.Op) redistest.Verdict {
					if op.Name == "pipeline" && strings.Contains(said(op), word) {
						sent = append(sent, names(op))
					}
					if len(sent) != 1 {
						return redistest.Verdict{}
					}
					return redistest.Verdict{Before: func(ctx context.Context) error { return r.Client.ScriptFlush(ctx).Err() }}
				})
				wantResults(t, producer(t, r, forget).EnqueueMany(t.Context(), rows(3)), "queued", false)
				// One of them teaches the server, the others are as short as before.
				if len(sent) != 2 || sent[1] != "eval evalsha evalsha" {
					t.Errorf("sent %q", sent)
				}
				wantCounts(t, r, 3, 3)
			})
		})
	}
}

func names(op redistest.Op) string {
	var all []string
	for _, cmd := range op.Cmds {
		all = append(all, cmd.Name())
	}
	return strings.Join(all, " ")
}

// The set of queues cannot be written: the tasks may be there, but nobody may
// say so before their queue is known.
func TestQueueThatIsNotKnown(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		warm(t, r)
		if err := errors.Join(r.Client.Del(t.Context(), "asynq:queues").Err(), r.Client.Set(t.Context(), "asynq:queues", "x", 0).Err()); err != nil {
			t.Fatal(err)
		}
		results := producer(t, r).EnqueueMany(t.Context(), rows(3))
		wantResults(t, results, "accepted", false)
		for _, result := range results {
			if got := recordOf(t, r, result.Receipt.ID).State; got != record.Accepted {
				t.Errorf("the record is %s", got)
			}
		}
		if err := r.Client.Del(t.Context(), "asynq:queues").Err(); err != nil {
			t.Fatal(err)
		}
		wantResults(t, producer(t, r).EnqueueMany(t.Context(), rows(3)), "queued", true)
		wantCounts(t, r, 3, 3)
	})
}

// partly loses the answers to every second request of the first pipeline that
// says word, as a server that ran out of memory would refuse some.
type partly struct {
	redis.Hook
	word string
	done atomic.Bool
}

func (p *partly) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		err := next(ctx, cmds)
		if !strings.Contains(said(redistest.Op{Cmds: cmds}), p.word) || p.done.Swap(true) {
			return err
		}
		for i := 1; i < len(cmds); i += 2 {
			cmds[i].SetErr(redistest.ErrInjected)
		}
		return redistest.ErrInjected
	}
}

// Only the jobs whose answers failed are asked about again, or stay accepted.
func TestFlushThatFailsInPart(t *testing.T) {
	for word, accepted := range map[string]int{creating: 0, putting: 5, marking: 5} {
		t.Run(word, func(t *testing.T) {
			redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
				warm(t, r)
				jobs := rows(10)
				jobs[0].To = "1" // results and requests are not numbered alike
				left := 0
				for i, result := range producer(t, r, &partly{Hook: redistest.NewFaults(nil), word: word}).EnqueueMany(t.Context(), jobs) {
					if i == 0 {
						wantField(t, result.Err, "to", "short")
						continue
					}
					dry, err := producer(t, r).DryRun(t.Context(), jobs[i])
					if err != nil || result.Err != nil || result.Receipt.ID != dry.ID || result.Receipt.Duplicate {
						t.Errorf("row %d: %+v, %v", i, result, err)
					}
					if result.Receipt.State == "accepted" {
						left++
					}
				}
				if left != accepted && left != accepted-1 { // of nine, with or without the queue's name before them
					t.Errorf("%d jobs are accepted only, want %d", left, accepted)
				}
				wantCounts(t, r, 9, 9)
				for i, result := range producer(t, r).EnqueueMany(t.Context(), jobs[1:]) {
					if result.Err != nil || result.Receipt.State != "queued" || !result.Receipt.Duplicate {
						t.Errorf("row %d again: %+v", i+1, result)
					}
				}
				wantCounts(t, r, 9, 9)
			})
		})
	}
}
