package record_test

import (
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/ratelimit"
)

// TestShortLifeEndsOnTime, wherever the job is by then.
func TestShortLifeEndsOnTime(t *testing.T) {
	const life = 5 * time.Second
	for name, until := range map[string]func(*world){
		"accepted": func(*world) {},
		"reserved": func(w *world) {
			rules := ratelimit.Rules{Rate: ratelimit.Rate{PerSecond: 1, Burst: 1}}
			_, err := ratelimit.NewAdmission(w.store, rules, func() time.Time { return w.now }).Admit(w.ctx, ratelimit.Request{
				JobID: id, Numbers: numbers, Attempt: 1, Token: "t", Timeout: 10 * time.Second, Doubt: 30 * time.Minute,
			})
			w.must(err)
		},
		"queued": func(w *world) {
			_, err := w.store.MarkQueued(w.ctx, id, id)
			w.must(err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(w *world) {
				j := job()
				j.ExpiresIn = life
				w.create(j)
				until(w)
				w.is(record.State(name))
				w.wantOneDue(life)
				w.later(life)
				w.tickAll()
				w.is(record.Expired)
			})
		})
	}
}

// TestCallProvedAfterItsRefundCountsAgain: to the daily cap and to the lines.
func TestCallProvedAfterItsRefundCountsAgain(t *testing.T) {
	each(t, func(w *world) {
		w.create(job())
		door := ratelimit.NewAdmission(w.store, ratelimit.Rules{DailyCap: 1, MaxInFlight: 1}, func() time.Time { return w.now })
		a, err := door.Admit(w.ctx, ratelimit.Request{
			JobID: id, Numbers: numbers, Attempt: 1, Token: "t", Go: true, LineFor: 5 * time.Minute, Timeout: 10 * time.Second, Doubt: 30 * time.Minute,
		})
		w.must(err)
		if a.Decision != ratelimit.Go {
			t.Fatalf("%+v", a)
		}
		want := func(n int64) {
			t.Helper()
			for _, part := range []string{":lines", ":day"} {
				if got := w.r.Client.ZCard(w.ctx, key("lane:", "acct"+part)).Val(); got != n {
					t.Errorf("%s of the lane counts %d, want %d", part, got, n)
				}
			}
			if charged := w.charge() != 0; charged != (n == 1) {
				t.Errorf("charged to its number: %v", charged)
			}
		}
		want(1)
		w.settle(record.Settlement{Result: record.ResultAgain, Reason: "retry", RetryIn: time.Minute, Sent: true})
		want(0)
		w.advance(record.Evidence{State: record.InProgress, Strength: 4, VendorID: "c", GiveUpIn: time.Hour})
		w.is(record.InProgress)
		want(1)
	})
}
