package main

import (
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/sandbox"
)

// TestUnknownLock: the vendor has a number locked for what others did. One attempt
// learns it, none is made until the lock is over, and then all go through.
func TestUnknownLock(t *testing.T) {
	t.Parallel()
	const number, lockout = "13800000021", 8 * time.Second
	f := realFleet(t)
	v := f.jumdata("fleet", sandbox.JumdataOptions{Day: lockout, Limit: new(sandbox.NoLimit)},
		alwaysOpen+`, per_number: [{limit: 9, per: 24h}], lockout: 8s`)
	f.crew(2)
	ids := f.enqueue(messages("fleet", 5, func(int) string { return number }))
	f.until(30*time.Second, "the vendor has refused an attempt", func() bool { return len(v.AttemptTimes(number)) > 0 })
	refused := v.AttemptTimes(number)[0]
	// A second before its end, half of it after all others have learnt of the lock.
	wait(time.Until(refused.Add(lockout - time.Second)))
	if n := len(v.AttemptTimes(number)); n != 1 {
		t.Errorf("the vendor saw %d attempts on a locked number, want the one that learnt of it", n)
	}
	for _, id := range ids {
		if r := f.record(id); r.State != record.Held || r.HoldReason != record.HoldLockout {
			t.Errorf("%s is %s (%s), want held by the lockout", id, r.State, r.HoldReason)
		}
	}
	f.each(30*time.Second, "every job is completed", ids, func(r *record.Record) bool { return r.State == record.Completed })
	times := v.AttemptTimes(number)
	if len(times) != 1+len(ids) {
		t.Errorf("the vendor saw %d attempts, want one that was refused and %d calls", len(times), len(ids))
	}
	if after := times[1].Sub(refused); after < lockout || after > lockout+4*time.Second {
		t.Errorf("the second attempt came %s after the refused one, want %s or a little more", after, lockout)
	}
	notTwice(t, v)
}
