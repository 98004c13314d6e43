package ratelimit_test

import (
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/ratelimit"
)

// told settles a job's first attempt with what it says of the lane.
func (d *desk) told(id string, result record.Result, news record.LaneNews) {
	d.t.Helper()
	news.Breaker = record.Breaker{After: 3, Open: 10 * time.Second, MaxOpen: 35 * time.Second}
	d.settle(id, record.Settlement{
		Attempt: 1, Result: result, Sent: true, Reason: "retry", RetryIn: 100 * time.Hour, GiveUpIn: time.Hour, Lane: &news,
	})
}

func TestEdgesOfTheBreaker(t *testing.T) {
	failed, ok := record.LaneNews{Health: record.HealthFailed}, record.LaneNews{Health: record.HealthOK}
	withLane(t, ratelimit.Rules{}, func(d *desk, l *ratelimit.Lane) {
		fail := func(n int) {
			t.Helper()
			for range n {
				d.told(d.tries(ratelimit.Go, nil), record.ResultAgain, failed)
			}
		}
		fail(2)
		d.told(d.tries(ratelimit.Go, nil), record.ResultAccepted, ok) // none in a row
		fail(2)
		d.told(d.tries(ratelimit.Go, nil), record.ResultAgain, record.LaneNews{}) // says nothing
		late := d.tries(ratelimit.Go, nil)
		fail(1)
		// Every failed trial doubles the pause, up to the longest.
		for _, pause := range []time.Duration{10 * time.Second, 20 * time.Second, 35 * time.Second, 35 * time.Second} {
			opens := d.now.Add(pause)
			d.shutUntil(opens, "breaker")
			d.now = opens.Add(-time.Millisecond)
			d.shutUntil(opens, "breaker")
			if late != "" { // one that went before the pause changes nothing
				d.told(late, record.ResultAgain, failed)
				late = ""
			}
			d.now = opens
			trial := d.tries(ratelimit.Go, nil)
			d.tries(ratelimit.Again, nil)
			d.tries(ratelimit.Go, func(r *ratelimit.Request) { r.Anytime = true })
			d.told(trial, record.ResultAgain, failed)
		}
		d.now = d.now.Add(35 * time.Second)
		d.told(d.tries(ratelimit.Go, nil), record.ResultAgain, record.LaneNews{}) // says nothing
		d.tries(ratelimit.Go, nil)                                                // so that another one tries, and dies
		d.now = d.now.Add(45*time.Second - time.Millisecond)
		d.tries(ratelimit.Again, nil)
		d.now = d.now.Add(time.Millisecond)
		trial := d.tries(ratelimit.Go, nil)
		d.tries(ratelimit.Again, nil)
		d.told(trial, record.ResultAccepted, ok)
		fail(2) // closed, and nothing is left of the pauses
		fail(1)
		d.shutUntil(d.now.Add(10*time.Second), "breaker")
		if _, err := l.Open(d.ctx); err != nil { // whether anybody noted it or not
			t.Fatal(err)
		}
		d.tries(ratelimit.Go, nil)
	})
}

// TestEvidenceClosesTheBreaker: a push that proves a request placed is a success.
func TestEvidenceClosesTheBreaker(t *testing.T) {
	withLane(t, ratelimit.Rules{}, func(d *desk, _ *ratelimit.Lane) {
		var last string
		for range 3 {
			last = d.tries(ratelimit.Go, nil)
			d.told(last, record.ResultInDoubt, record.LaneNews{Health: record.HealthFailed})
		}
		d.shutUntil(d.now.Add(10*time.Second), "breaker")
		e := record.Evidence{Attempt: 1, Source: "push", State: record.Completed, Strength: 2}
		if _, _, err := d.store.Advance(d.ctx, last, []string{"n"}, e); err != nil {
			t.Fatal(err)
		}
		d.tries(ratelimit.Go, nil)
	})
}

// TestTooFrequentGrows: twice as long each time in a row, 64 times at the most.
func TestTooFrequentGrows(t *testing.T) {
	news := record.LaneNews{Health: record.HealthOK, Gate: record.GateFrequency, GateFor: 10 * time.Second}
	withLane(t, ratelimit.Rules{}, func(d *desk, _ *ratelimit.Lane) {
		for _, times := range []time.Duration{1, 2, 4, 8, 16, 32, 64, 64} {
			one, other := d.tries(ratelimit.Go, nil), d.tries(ratelimit.Go, nil)
			d.told(one, record.ResultAgain, news)
			opens := d.now.Add(times * 10 * time.Second)
			d.now = d.now.Add(time.Second)
			d.told(other, record.ResultAgain, news) // both in flight at once: one time
			d.shutUntil(opens, record.GateFrequency)
			d.now = opens.Add(-time.Millisecond)
			d.shutUntil(opens, record.GateFrequency)
			d.now = opens
		}
		d.told(d.tries(ratelimit.Go, nil), record.ResultAgain, record.LaneNews{Health: record.HealthFailed}) // not in between
		d.told(d.tries(ratelimit.Go, nil), record.ResultAgain, news)
		// Not even by calls that the vendor takes: its limiter takes the first few.
		d.now = d.now.Add(640 * time.Second)
		d.told(d.tries(ratelimit.Go, nil), record.ResultAccepted, record.LaneNews{Health: record.HealthOK})
		d.now = d.now.Add(640 * time.Second)
		d.told(d.tries(ratelimit.Go, nil), record.ResultAgain, news)
		d.shutUntil(d.now.Add(640*time.Second), record.GateFrequency)
		// Open for longer than it was shut: that row is over.
		d.now = d.now.Add(2*640*time.Second + time.Millisecond)
		d.told(d.tries(ratelimit.Go, nil), record.ResultAgain, news)
		d.shutUntil(d.now.Add(10*time.Second), record.GateFrequency)
	})
}
