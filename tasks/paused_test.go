package tasks_test

import (
	"slices"
	"testing"

	"github.com/hibiken/asynq"

	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/tasks"
)

// TestPauses are asynq's own, told apart by what they hold, and changed only by
// those who know what is there.
func TestPauses(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		ctx, b := t.Context(), tasks.NewAsynqBroker(r.Client)
		bulk, urgent := tasks.QueueOf("a", tasks.Bulk), tasks.QueueOf("a", tasks.Urgent)
		want := func(values ...string) {
			t.Helper()
			got, err := b.Paused(ctx, bulk, urgent)
			if err != nil || !slices.Equal(got, values) {
				t.Errorf("the queues' pauses are %q, %v; want %q", got, err, values)
			}
		}
		set := func(seen, wanted string, changed bool) {
			t.Helper()
			got, err := b.SetPaused(ctx, bulk, seen, wanted)
			if err != nil || got != changed {
				t.Errorf("from %q to %q: %v, %v; want %v", seen, wanted, got, err, changed)
			}
		}
		want("", "")
		set("callpacer:1", "callpacer:2", false)
		want("", "")
		set("", "callpacer:1", true)
		want("callpacer:1", "")
		set("", "callpacer:2", false)
		set("callpacer:1", "callpacer:2", true)
		set("callpacer:1", "", false) // an older view
		want("callpacer:2", "")
		// asynq takes it for a pause.
		if err := b.Put(ctx, tasks.Entry{Queue: bulk, Kind: tasks.KindNotify, TaskID: "t", ID: "g.t"}); err != nil {
			t.Fatal(err)
		}
		inspector := asynq.NewInspectorFromRedisClient(r.Client)
		if info, err := inspector.GetQueueInfo(string(bulk)); err != nil || !info.Paused {
			t.Errorf("asynq says %+v, %v", info, err)
		}
		set("callpacer:2", "", true)
		want("", "")
		// And a pause of asynq's pages is no value of ours.
		if err := inspector.PauseQueue(string(bulk)); err != nil {
			t.Fatal(err)
		}
		got, err := b.Paused(ctx, bulk)
		if err != nil || got[0] == "" || got[0] == "callpacer:2" {
			t.Errorf("paused by hand it holds %q, %v", got, err)
		}
		set(got[0], "callpacer:3", true)
		depths, err := b.Depths(ctx, bulk, urgent)
		if err != nil || depths[0] != (tasks.Depth{Pending: 1}) || depths[1] != (tasks.Depth{}) {
			t.Errorf("depths %+v, %v", depths, err)
		}
	})
}

// TestPausesWithoutRedis are an error, not an open queue.
func TestPausesWithoutRedis(t *testing.T) {
	r := redistest.Mini(t)
	b := tasks.NewAsynqBroker(r.NewClient(t, redistest.NewFaults(func(redistest.Op) redistest.Verdict {
		return redistest.Verdict{Action: redistest.FailBefore}
	})))
	q := tasks.QueueOf("a", tasks.Bulk)
	if got, err := b.Paused(t.Context(), q); err == nil {
		t.Errorf("paused: %q", got)
	}
	if ok, err := b.SetPaused(t.Context(), q, "", "x"); err == nil {
		t.Errorf("set: %v", ok)
	}
	if got, err := b.Depths(t.Context(), q); err == nil {
		t.Errorf("depths: %v", got)
	}
}
