package tasks_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/tasks"
)

// bound makes a record of a binding that stands, as a worker would have left it.
func bound(t *testing.T, r *redistest.Redis, id string) {
	t.Helper()
	if err := r.Client.HSet(t.Context(), recordKey(id), "state", "active", "rank", 5, "kind", "bind").Err(); err != nil {
		t.Fatal(err)
	}
}

func recordKey(id string) string { return "callpacer:{jumdata}:job:" + id }

// An unbind by a job that is not there is refused by the field's name: alone,
// among many, and in a dry run; nothing is written, and other jobs go on.
func TestUnbindOfNoRecord(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		c := all(t, r)
		there := unbindJob()
		bound(t, r, there.Binding)
		gone, keyedGone := unbindJob(), unbindJob()
		gone.Binding += "x"
		keyedGone.Binding, keyedGone.IdempotencyKey = gone.Binding, "k"
		before := fmt.Sprint(keysLike(t, r, "*"))
		jobs := []tasks.Job{gone, keyedGone}
		results := append(c.EnqueueMany(t.Context(), jobs), c.DryRunMany(t.Context(), jobs)...)
		for _, j := range jobs {
			_, err := c.Enqueue(t.Context(), j)
			_, dry := c.DryRun(t.Context(), j)
			results = append(results, tasks.Result{Err: err}, tasks.Result{Err: dry})
		}
		for _, result := range results {
			wantField(t, result.Err, "job", "no job of this id")
		}
		if after := fmt.Sprint(keysLike(t, r, "*")); after != before {
			t.Errorf("keys %s, want %s", after, before)
		}
		results = c.EnqueueMany(t.Context(), []tasks.Job{gone, there, gone})
		wantField(t, results[0].Err, "job", "no job")
		wantField(t, results[2].Err, "job", "no job")
		wantResults(t, results[1:2], "queued", false)
		if got := enqueue(t, c, there); got.State != "queued" {
			t.Errorf("%+v", got)
		}
	})
}

// The binding's record ends before the key's marker does: a repeated submit is
// still the first, and other content is told as such.
func TestUnbindAgainAfterTheRecordEnded(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		c := all(t, r)
		j := unbindJob()
		j.IdempotencyKey = "k"
		bound(t, r, j.Binding)
		first := enqueue(t, c, j)
		if err := r.Client.Del(t.Context(), recordKey(j.Binding), recordKey(first.ID)).Err(); err != nil {
			t.Fatal(err)
		}
		again := c.EnqueueMany(t.Context(), []tasks.Job{j})
		one, err := c.Enqueue(t.Context(), j)
		for _, got := range append(again, tasks.Result{Receipt: one, Err: err}) {
			if got.Err != nil || !got.Receipt.Duplicate || got.Receipt.ID != first.ID {
				t.Errorf("%+v, want a duplicate of %s", got, first.ID)
			}
		}
		j.Binding += "x"
		_, err = c.Enqueue(t.Context(), j)
		wantField(t, err, "job", "was used before")
	})
}

// A Redis that does not say is no refusal; a batch asks it once.
func TestUnbindWhoseRecordCannotBeRead(t *testing.T) {
	r := redistest.Mini(t)
	publish(t, r, allKinds())
	j := unbindJob()
	bound(t, r, j.Binding)
	asked := 0
	faults := redistest.NewFaults(func(op redistest.Op) redistest.Verdict {
		if op.Name == "hgetall" {
			asked++
			return redistest.Verdict{Action: redistest.FailBefore}
		}
		return redistest.Verdict{}
	})
	c := tasks.NewClient(r.NewClient(t, faults))
	results := c.EnqueueMany(t.Context(), []tasks.Job{j, j, j})
	if asked != 1 {
		t.Errorf("a batch asked %d times", asked)
	}
	_, err := c.Enqueue(t.Context(), j)
	_, dry := c.DryRun(t.Context(), j)
	for _, result := range append(results, tasks.Result{Err: err}, tasks.Result{Err: dry}) {
		var refused *tasks.FieldError
		if result.Err == nil || errors.As(result.Err, &refused) {
			t.Errorf("%v, want an error that is no refusal", result.Err)
		}
	}
	wantCounts(t, r, 1, 0) // the binding's own
}

// DryRunMany answers for each job what DryRun does, and writes nothing.
func TestDryRunMany(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		c := producer(t, r)
		past, nobody := keyed("b"), keyed("c")
		past.ExpiresAt = past.ExpiresAt.AddDate(2000, 0, 0)
		nobody.Account = "nobody"
		jobs := []tasks.Job{keyed("a"), past, nobody, keyed("d")}
		before := fmt.Sprint(keysLike(t, r, "*"))
		results := c.DryRunMany(t.Context(), jobs)
		if after := fmt.Sprint(keysLike(t, r, "*")); after != before || len(results) != len(jobs) {
			t.Fatalf("%d results; keys %s, want %s", len(results), after, before)
		}
		for i, j := range jobs {
			want, wantErr := c.DryRun(t.Context(), j)
			if got := results[i]; got.Receipt != want || fmt.Sprint(got.Err) != fmt.Sprint(wantErr) {
				t.Errorf("job %d: %+v, want %+v, %v", i, got, want, wantErr)
			}
		}
		wantField(t, results[1].Err, "expires_at", "past")
		wantField(t, results[2].Err, "account", "unknown")
		if results[0].Receipt.State != "valid" || results[3].Receipt.State != "valid" {
			t.Errorf("%+v", results)
		}
	})
}
