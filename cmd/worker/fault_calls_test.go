package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/sandbox"
	"github.com/callpacer/callpacer/tasks"
)

// caller is a simulated vendor that places calls.
type caller interface {
	simulator
	Calls() []sandbox.Call
	JobsCalledTwice() []string
}

// batch is some jobs of an account that calls phones.
type batch struct {
	account string
	vendor  caller
	jobs    []tasks.Job
	ids     []string
}

// slowRules are for the vendors with fewer jobs, which are to be under way for as
// long as the others'.
const slowRules = `rate: {per_second: 6, burst: 6}`

// toldAfter is how late a push tells of a call: much later than a job that was
// wrongly taken for not placed would be sent again. An earlier one would end the
// job in time, and hide the mistake.
const toldAfter = 6 * time.Second

// callers are the accounts whose vendors place calls, with as many jobs for
// Jumdata, and fewer for each of the others. Some vendors push everything twice.
func (f *fleet) callers(many, few int) []*batch {
	// Besides what goes wrong with every so many requests, some numbers have an
	// answer that says nothing of what was done.
	odd := func(number string) sandbox.Behaviour {
		switch number[len(number)-2:] {
		case "21":
			return sandbox.ErrorPlaced
		case "22":
			return sandbox.ErrorNotPlaced
		}
		return sandbox.Answered
	}
	files := f.itnio("itnio", sandbox.ITNIOOptions{Behave: odd, Push: sandbox.ITNIOPushBatch, PushCopies: 2, PushDelay: toldAfter}, slowRules)
	lines := f.dingxin("dingxin", sandbox.DingxinOptions{Behave: odd, PushCopies: 2, PushDelay: toldAfter}, slowRules)
	dialled := f.dingxin("dingxin-dial", sandbox.DingxinOptions{Behave: odd, TelX: "17000000077", DialAfter: time.Second, PushDelay: toldAfter}, slowRules)
	return []*batch{
		f.jumdataBatch("jumdata", many),
		{account: "itnio", vendor: files, jobs: messages("itnio", few, func(i int) string { return fmt.Sprintf("138%08d", i) })},
		{account: "dingxin", vendor: lines, jobs: pairs("dingxin", few, 0)},
		{account: "dingxin-dial", vendor: dialled, jobs: pairs("dingxin-dial", few, few)},
	}
}

func (f *fleet) jumdataBatch(account string, n int) *batch {
	v := f.jumdata(account, sandbox.JumdataOptions{
		Behave: func(string) sandbox.Behaviour { return sandbox.Answered }, PushDelay: toldAfter,
	}, openRules)
	return &batch{account: account, vendor: v, jobs: messages(account, n, func(i int) string { return fmt.Sprintf("138%08d", i) })}
}

// pairs are n connect jobs of pairs that share no number.
func pairs(account string, n, from int) []tasks.Job {
	jobs := make([]tasks.Job, n)
	for i := range jobs {
		jobs[i] = tasks.Job{
			Kind: tasks.KindConnect, Account: account, From: fmt.Sprintf("137%08d", from+i), To: fmt.Sprintf("138%08d", from+i),
			IdempotencyKey: fmt.Sprintf("job-%d", i),
		}
	}
	return jobs
}

// judge compares every record of a batch with what the vendor saw.
func (f *fleet) judge(t *testing.T, b *batch) {
	t.Helper()
	notTwice(t, b.vendor)
	called := map[string]int{}
	for _, call := range b.vendor.Calls() {
		called[jobOf(call.Ref)]++
	}
	states := map[record.State]int{}
	for _, id := range b.ids {
		r := f.record(id)
		states[r.State]++
		calls := called[id]
		delete(called, id)
		switch {
		case calls > 1, r.State == record.Completed && calls != 1:
			t.Errorf("%s is %s and was called %d times", id, r.State, calls)
		case r.State == record.Failed && calls == 0 && r.Cause != "":
			// A worker woke with a permit that was long over, and said so too late.
		case r.State != record.Completed && r.State != record.Unknown:
			t.Errorf("%s ended %s (%s): %s", id, r.State, r.Cause, told(r))
		case r.Cause == "":
			t.Errorf("%s is %s without a cause: %s", id, r.State, told(r))
		}
	}
	if len(called) > 0 {
		t.Errorf("the vendor saw calls of jobs that nobody enqueued: %v", called)
	}
	t.Logf("%d requests, %d calls, %v, pushes %+v", len(b.vendor.Attempts()), len(b.vendor.Calls()), states, b.vendor.Pushes())
	if states[record.Completed] < len(b.ids)/2 {
		t.Errorf("only %d of %d jobs are completed", states[record.Completed], len(b.ids))
	}
}

// notTwice asks the vendor.
func notTwice(t *testing.T, v caller) {
	t.Helper()
	if twice := v.JobsCalledTwice(); len(twice) > 0 {
		t.Errorf("the vendor saw %d jobs called twice: %s", len(twice), strings.Join(twice, " "))
	}
	if locking, ok := v.(interface{ AttemptsOnLocked() []sandbox.Attempt }); ok {
		if locked := locking.AttemptsOnLocked(); len(locked) > 0 {
			t.Errorf("the vendor saw %d attempts on locked numbers", len(locked))
		}
	}
}

// jobOf is the job of a reference "<job>.<attempt>".
func jobOf(ref string) string { return ref[:max(strings.LastIndexByte(ref, '.'), 0)] }

// told is a record's timeline in one line.
func told(r *record.Record) string {
	lines := make([]string, len(r.Timeline))
	for i, e := range r.Timeline {
		lines[i] = strings.TrimSpace(fmt.Sprintf("%s %s %s", e.At.Format("05.000"), e.State, e.Detail))
	}
	return strings.Join(lines, "; ")
}
