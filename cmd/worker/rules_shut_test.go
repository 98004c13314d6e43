package main

import (
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/sandbox"
	"github.com/callpacer/callpacer/tasks"
)

// TestPauseTakenAwayByHand: somebody deletes asynq's pause while the lane is shut. The
// first job that meets the shut lane has its queue paused again, so that it costs
// about one handler run for each slot, and not one for each of the jobs that wait.
func TestPauseTakenAwayByHand(t *testing.T) {
	t.Parallel()
	const jobs, slots = 1000, 20
	f := realFleet(t)
	v := f.jumdata("fleet", sandbox.JumdataOptions{Behave: answered, PushMode: sandbox.PushNone}, alwaysOpen)
	f.more("    concurrency: 20\n")
	f.crew(1)
	if err := f.shared("fleet").Shut(t.Context(), record.GateHalt, 0, "told so"); err != nil {
		t.Fatal(err)
	}
	paused := "asynq:{" + string(tasks.QueueOf("fleet", tasks.Normal)) + "}:paused"
	isPaused := func() bool { return f.rdb.Exists(t.Context(), paused).Val() == 1 }
	f.until(30*time.Second, "the queue is paused", isPaused)
	ids := f.enqueue(notifications("fleet", "138", jobs, tasks.Normal))
	runs := f.runs("fleet")
	// Again and again: the worker's own look each second may come before asynq's.
	f.until(20*time.Second, "a job meets the shut lane", func() bool {
		if runs() > 0 {
			return true
		}
		if err := f.rdb.Del(t.Context(), paused).Err(); err != nil {
			t.Fatal(err)
		}
		return false
	})
	f.until(30*time.Second, "the queue is paused again", isPaused)
	wait(3 * time.Second)
	t.Logf("%d handler runs", runs())
	if n := runs(); n > 2*slots {
		t.Errorf("%d handlers ran with %d slots, want about one for each", n, slots)
	}
	if n := len(v.RequestTimes()); n != 0 {
		t.Errorf("the vendor saw %d requests of a lane that is shut", n)
	}
	if r := f.record(ids[0]); !r.State.Waiting() {
		t.Errorf("the first job is %s", r.State)
	}
}
