package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/sandbox"
)

// TestAnswersOutliveRedisAndTheWorker: the vendor answers while Redis is away, and
// the worker that heard it is killed. When both are back each job is the call that
// it is, and none is in doubt.
func TestAnswersOutliveRedisAndTheWorker(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	if f.server == nil {
		t.Skip("no redis-server is on the PATH, and an embedded Redis cannot be killed")
	}
	v := f.jumdata("jumdata", sandbox.JumdataOptions{PushDelay: time.Hour}, openRules)
	v.SetFault(func(sandbox.SendAttempt) sandbox.Fault { return sandbox.FaultSlow(2 * time.Second) })
	w := f.worker("a")
	ids := f.enqueue(messages("jumdata", 5, func(i int) string { return fmt.Sprintf("138%08d", i) }))
	f.until(20*time.Second, "every call is placed", func() bool { return len(v.Calls()) == len(ids) })
	f.server.Kill()
	wait(4 * time.Second)
	w.kill()
	f.server.Restart()
	f.each(time.Second, "no answer was recorded before Redis went", ids, func(r *record.Record) bool { return r.State == record.Submitting })
	w.start()
	f.each(10*time.Second, "every answer is told", ids, func(r *record.Record) bool { return r.State == record.Submitted && r.VendorID != "" })
	for _, id := range ids {
		for _, line := range f.record(id).Timeline {
			if line.State == record.InDoubt {
				t.Errorf("%s was in doubt", id)
			}
		}
	}
	if len(v.Calls()) != len(ids) || len(v.JobsCalledTwice()) > 0 {
		t.Errorf("%d calls for %d jobs", len(v.Calls()), len(ids))
	}
}
