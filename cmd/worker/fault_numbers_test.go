package main

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/sandbox"
	"github.com/callpacer/callpacer/tasks"
)

// quotaRules are for vendors whose documents name no quota of a number.
const quotaRules = openRules + `, per_number: [{limit: 3, per: 24h}]`

// TestOneNumberManyJobs gives forty jobs for one number to two workers, at each
// vendor that calls: three are sent, the number is never locked, the rest wait and
// say for what. For a pair it is enough that one of the two has had its calls; its
// vendor answers when the call is over, for it refuses a phone that is in one.
func TestOneNumberManyJobs(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	same := func(int) string { return "13800000001" }
	toOne := pairs("dingxin", 40, 0)
	for i := range toOne {
		toOne[i].To = same(i)
	}
	short := sandbox.DingxinOptions{RingFor: 150 * time.Millisecond, TalkFor: 150 * time.Millisecond}
	lines := f.dingxin("dingxin", short, quotaRules)
	lines.SetFault(func(sandbox.SendAttempt) sandbox.Fault { return sandbox.FaultSlow(400 * time.Millisecond) })
	batches := []*batch{
		{account: "jumdata", vendor: f.jumdata("jumdata", sandbox.JumdataOptions{}, openRules), jobs: messages("jumdata", 40, same)},
		{account: "itnio", vendor: f.itnio("itnio", sandbox.ITNIOOptions{}, quotaRules), jobs: messages("itnio", 40, same)},
		{account: "dingxin", vendor: lines, jobs: toOne},
	}
	f.worker("a")
	f.worker("b")
	for _, b := range batches {
		b.ids = f.enqueue(b.jobs)
	}
	for _, b := range batches {
		f.until(time.Minute, "three jobs of "+b.account+" are completed and 37 are held by the number's quota", func() bool {
			done, held := f.doneAndHeld(b.ids)
			return done == 3 && held == 37
		})
		if n := len(b.vendor.Attempts()); n != 3 {
			t.Errorf("%s: the vendor saw %d requests, want 3", b.account, n)
		}
		notTwice(t, b.vendor)
	}
}

// doneAndHeld counts the completed jobs, and those held for long by a number's quota.
func (f *fleet) doneAndHeld(ids []string) (done, held int) {
	f.t.Helper()
	for _, id := range ids {
		switch r := f.record(id); {
		case r.State == record.Completed:
			done++
		case r.State == record.Held && r.HoldReason == "per_number" && r.HoldUntil.After(time.Now().Add(time.Hour)):
			held++
		}
	}
	return done, held
}

// TestOneMiddleNumberManyBinds gives binds of one middle number to two workers.
// The vendor takes its time: there is never a second request before the answer to
// the first, and each bind is one binding.
func TestOneMiddleNumberManyBinds(t *testing.T) {
	t.Parallel()
	const takes = 400 * time.Millisecond
	f := newFleet(t)
	v := f.interline("interline", sandbox.InterlineOptions{}, openRules, time.Minute)
	f.worker("a")
	f.worker("b")
	v.SetFault(func(sandbox.SendAttempt) sandbox.Fault { return sandbox.FaultSlow(takes) })
	jobs := make([]tasks.Job, 10)
	for i := range jobs {
		jobs[i] = tasks.Job{
			Kind: tasks.KindBind, Account: "interline", Mode: tasks.ModeAXB, TTL: time.Hour,
			X: "17000000001", A: numberOfA(i), B: fmt.Sprintf("139%08d", i),
		}
	}
	f.each(time.Minute, "every binding stands", f.enqueue(jobs), func(r *record.Record) bool { return r.State == record.Active })
	requests := slices.DeleteFunc(v.Requests(), func(r sandbox.InterlineRequest) bool { return r.Op != sandbox.InterlineBindAXB })
	for i := 1; i < len(requests); i++ {
		if apart := requests[i].At.Sub(requests[i-1].At); apart < takes {
			t.Errorf("request %d came %s after the one before it, which took %s", i, apart, takes)
		}
	}
	if n := len(v.Made()); len(requests) != len(jobs) || n != len(jobs) {
		t.Errorf("the vendor saw %d requests and made %d bindings, want %d", len(requests), n, len(jobs))
	}
	if twice := v.BoundTwice(); len(twice) > 0 {
		t.Errorf("the vendor saw bindings made twice: %v", twice)
	}
}

// TestVendorsLockIsKept: the vendor allows less than our rules say, and locks
// the number. Nothing dials a locked number, and the jobs go on after the lock.
func TestVendorsLockIsKept(t *testing.T) {
	t.Parallel()
	rules := `window: {open: "00:00", close: "24:00", time_zone: Asia/Shanghai}, per_number: [{limit: 9, per: 10s}], lockout: 6s`
	f := newFleet(t)
	vendor := f.jumdata("fleet", sandbox.JumdataOptions{Limit: new(1), Day: 5 * time.Second}, rules)
	f.worker("a")
	f.worker("b")
	ids := f.enqueue(messages("fleet", 3, func(int) string { return "13800000001" }))
	f.until(time.Minute, "a job is held by the lock", func() bool {
		for _, id := range ids {
			if r := f.record(id); r.State == record.Held && r.HoldReason == "lockout" {
				return true
			}
		}
		return false
	})
	f.until(time.Minute, "every job is completed", func() bool {
		for _, id := range ids {
			if f.record(id).State != record.Completed {
				return false
			}
		}
		return true
	})
	notTwice(t, vendor)
	if refused := len(vendor.Attempts()) - len(vendor.Calls()); refused < 1 || refused > 3 {
		t.Errorf("%d attempts were refused, want one for each lock", refused)
	}
}
