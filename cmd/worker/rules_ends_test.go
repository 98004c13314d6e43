package main

import (
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/sandbox"
	"github.com/callpacer/callpacer/ratelimit"
	"github.com/callpacer/callpacer/tasks"
)

// TestEndsBehindAGate: a job whose time is over ends then, and one that is
// canceled at once, whatever it waits for; nothing of them is sent.
func TestEndsBehindAGate(t *testing.T) {
	t.Parallel()
	f := realFleet(t)
	shut := f.jumdata("shut", sandbox.JumdataOptions{}, alwaysOpen)
	held := f.jumdata("held", sandbox.JumdataOptions{}, alwaysOpen)
	slow := f.jumdata("slow", sandbox.JumdataOptions{}, alwaysOpen+`, rate: {per_second: 0.02, burst: 1}`)
	f.crew(2)
	if err := f.shared("shut").Shut(t.Context(), ratelimit.GateOperator, 0, "for the test"); err != nil {
		t.Fatal(err)
	}
	waiting := []struct {
		account string
		number  string // the accounts share what they know of a number
		sent    int    // by then
		vendor  *sandbox.Jumdata
		is      func(*record.Record) bool
		ids     []string
	}{
		{"shut", "13900000001", 0, shut, func(r *record.Record) bool { return r.State == record.Queued && r.Shut != nil }, nil},
		{"held", "13900000002", 3, held, func(r *record.Record) bool { return r.State == record.Held && r.HoldReason == "per_number" }, nil},
		{"slow", "13900000003", 1, slow, func(r *record.Record) bool { return r.State == record.Reserved }, nil},
	}
	for i := range waiting {
		w := &waiting[i]
		f.enqueue(messages(w.account, w.sent, func(int) string { return w.number }))
		f.accepted(30*time.Second, w.vendor, w.sent)
		w.ids = f.enqueue(ending(w.account, w.number))
		f.each(10*time.Second, "the jobs of "+w.account+" wait", w.ids, w.is)
	}
	for _, w := range waiting {
		if _, _, err := f.store.Cancel(t.Context(), w.ids[1]); err != nil {
			t.Fatal(err)
		}
	}
	for _, w := range waiting {
		f.each(15*time.Second, "the jobs of "+w.account+" have ended", w.ids, func(r *record.Record) bool { return r.State.Final() })
		expired, canceled := f.record(w.ids[0]), f.record(w.ids[1])
		late := expired.EndedAt.Sub(expired.ExpiresAt)
		t.Logf("%s: expired %s after its time", w.account, late)
		if expired.State != record.Expired || late < 0 || late > 2*time.Second {
			t.Errorf("%s: a job that was over is %s, %s late: %s", w.account, expired.State, late, told(expired))
		}
		if canceled.State != record.Canceled {
			t.Errorf("%s: a canceled job is %s: %s", w.account, canceled.State, told(canceled))
		}
	}
	wait(time.Second)
	for _, w := range waiting {
		if n := len(w.vendor.RequestTimes()); n != w.sent {
			t.Errorf("%s: the vendor saw %d requests, want %d", w.account, n, w.sent)
		}
	}
}

// ending are two jobs for a number that was called before: one expires soon.
func ending(account, number string) []tasks.Job {
	jobs := messages(account, 2, func(int) string { return number })
	for i := range jobs {
		jobs[i].IdempotencyKey = ""
	}
	jobs[0].ExpiresIn = 6 * time.Second
	return jobs
}
