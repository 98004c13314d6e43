package sandbox

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestMaxWithin(t *testing.T) {
	begin := time.Unix(1000, 0)
	for _, c := range []struct {
		at   []time.Duration
		want int
	}{
		{nil, 0},
		{[]time.Duration{0}, 1},
		{[]time.Duration{0, time.Second - 1}, 2},
		{[]time.Duration{0, time.Second}, 1}, // half-open
		{[]time.Duration{time.Second - 1, 0, 0}, 3},
		{[]time.Duration{0, 600e6, 900e6, 1100e6, 1500e6, 1600e6}, 4}, // across the full second
		{[]time.Duration{5e9, 0, 5e9, 1e9, 5e9, 9e9}, 3},
	} {
		var times []time.Time
		for _, d := range c.at {
			times = append(times, begin.Add(d))
		}
		before := slices.Clone(times)
		if got := MaxWithin(times, time.Second); got != c.want {
			t.Errorf("%v: %d, want %d", c.at, got, c.want)
		}
		if !slices.Equal(times, before) {
			t.Errorf("%v: its argument was sorted", c.at)
		}
	}
	wantPanic(t, "no span", func() { MaxWithin(nil, 0) })
}

// TestMostAgainstCountingByHand compares both sweeps with plain counting.
func TestMostAgainstCountingByHand(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		var times []time.Time
		var spans []lasted
		for range dice.IntN(12) {
			from := time.Unix(dice.Int64N(20), 0)
			to := from.Add(time.Duration(dice.Int64N(8)) * time.Second)
			if dice.IntN(5) == 0 {
				to = time.Time{}
			}
			times, spans = append(times, from), append(spans, lasted{from, to})
		}
		within, atOnce := 0, 0
		for at := range int64(40) {
			now := time.Unix(at, 0)
			in, up := 0, 0
			for _, s := range spans {
				if !s.from.Before(now) && s.from.Before(now.Add(5*time.Second)) {
					in++
				}
				if !s.from.After(now) && (s.to.IsZero() || now.Before(s.to)) {
					up++
				}
			}
			within, atOnce = max(within, in), max(atOnce, up)
		}
		if got := MaxWithin(times, 5*time.Second); got != within {
			t.Fatalf("%v: %d within, want %d", times, got, within)
		}
		if got := mostAtOnce(spans); got != atOnce {
			t.Fatalf("%v: %d at once, want %d", spans, got, atOnce)
		}
	}
}

// TestTimesOfRequests has requests come at seconds 0 to 5: accepted, refused by
// a fault, lost after the vendor had acted, accepted.
func TestTimesOfRequests(t *testing.T) {
	clock := newHandClock(t, "2026-03-02T10:00:00")
	begin := clock.now()
	eachActing(t, clock.now, Limiter{}, func(t *testing.T, c actingCase) {
		clock.at = begin
		c.want(t, 1, c.accepted)
		clock.move(time.Second)
		c.SetFault(func(SendAttempt) Fault { return FaultStatus(503, false) })
		c.want(t, 2, "HTTP 503")
		clock.move(time.Second)
		c.SetFault(func(SendAttempt) Fault { return FaultCut(true) })
		c.want(t, 3, "cut")
		clock.move(time.Second)
		c.SetFault(nil)
		c.SetHalted(HaltBalance)
		c.want(t, 2, c.balance)
		clock.move(time.Second)
		c.SetHalted(HaltNone)
		c.want(t, 4, c.accepted)
		clock.move(-time.Minute) // its clock may go wrong
		c.want(t, 5, c.accepted)

		seconds := func(times []time.Time) string {
			var all []float64
			for _, at := range times {
				all = append(all, at.Sub(begin).Seconds())
			}
			return fmt.Sprint(all)
		}
		if got, want := seconds(c.AcceptedTimes()), "[-56 0 2 4]"; got != want {
			t.Errorf("accepted at %s, want %s", got, want)
		}
		if got, want := seconds(c.RequestTimes()), "[-56 0 1 2 3 4]"; got != want {
			t.Errorf("requests at %s, want %s", got, want)
		}
		for _, number := range c.numbers(2) {
			if got, want := seconds(c.AttemptTimes(number)), "[1 3]"; got != want {
				t.Errorf("attempts of one number at %s, want %s", got, want)
			}
		}
		if got := c.AttemptTimes("1"); got != nil {
			t.Errorf("attempts of a part of a number: %v", got)
		}
		outside := c.OutsideWindow(func(at time.Time) bool { return at.Before(begin.Add(2 * time.Second)) })
		if len(outside) != 3 || !outside[0].At.Equal(begin.Add(2*time.Second)) || outside[1].CallID != "" || outside[2].CallID == "" {
			t.Errorf("outside the window: %+v", outside)
		}
		if got := c.MaxRequestsAtOnce(); got != 1 {
			t.Errorf("%d requests at once, want 1", got)
		}
	})
}
