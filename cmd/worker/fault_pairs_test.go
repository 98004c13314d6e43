package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/sandbox"
	"github.com/callpacer/callpacer/tasks"
)

// everyPair are connect jobs between all of n phones, in both directions.
func everyPair(account string, n int) []tasks.Job {
	var jobs []tasks.Job
	for from := range n {
		for to := range n {
			if from != to {
				jobs = append(jobs, tasks.Job{
					Kind: tasks.KindConnect, Account: account,
					From: fmt.Sprintf("137%08d", from), To: fmt.Sprintf("137%08d", to),
				})
			}
		}
	}
	return jobs
}

// TestOnePhoneOneRequest gives two workers jobs that share their phones, as
// callers and as callees. The vendor's answer takes longer than the call: a
// request for one of the phones before the answer is one that it refuses, for
// the phone is in a call.
func TestOnePhoneOneRequest(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	v := f.dingxin("dingxin", sandbox.DingxinOptions{RingFor: 150 * time.Millisecond, TalkFor: 150 * time.Millisecond},
		`rate: {per_second: 20, burst: 10}`)
	f.worker("a")
	f.worker("b")
	v.SetFault(func(sandbox.SendAttempt) sandbox.Fault { return sandbox.FaultSlow(400 * time.Millisecond) })
	b := &batch{account: "dingxin", vendor: v, jobs: everyPair("dingxin", 4)}
	b.ids = f.enqueue(b.jobs)
	f.ended(time.Minute, b.ids)
	f.judge(t, b)
	for _, attempt := range v.Attempts() {
		if attempt.CallID == "" {
			t.Errorf("the vendor was asked for a phone that was in a call: %s", attempt.Result)
		}
	}
	for _, id := range b.ids {
		if r := f.record(id); r.State != record.Completed || r.Attempts > 1 {
			t.Errorf("%s is %s after %d attempts: %s", id, r.State, r.Attempts, told(r))
		}
	}
}
