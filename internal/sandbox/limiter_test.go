package sandbox

import (
	"fmt"
	"math"
	"testing"
	"testing/synctest"
	"time"
)

func TestLimiterTakesItsBurstAndThenItsRate(t *testing.T) {
	begin := time.Unix(1000, 0)
	for _, c := range []struct {
		l    Limiter
		want map[time.Duration]int // of ten requests each, in the order of time
	}{
		{Limiter{}, map[time.Duration]int{0: 10, 1: 10}},
		{Limiter{PerSecond: 1}, map[time.Duration]int{0: 1, 999e6: 0, 1e9: 1, 10e9: 1}},
		{Limiter{PerSecond: 10, Burst: 5}, map[time.Duration]int{0: 5, 99e6: 0, 100e6: 1, 400e6: 3, 10e9: 5}},
		{Limiter{PerSecond: 0.5, Burst: 2}, map[time.Duration]int{0: 2, 1999e6: 0, 2e9: 1, 60e9: 2}},
		{Limiter{PerSecond: 4}, map[time.Duration]int{0: 1, 250e6: 1, -10e9: 0}}, // a clock that goes back
	} {
		var l limiter
		l.set(c.l)
		order := []time.Duration{0, 1, 99e6, 100e6, 250e6, 400e6, 999e6, 1e9, 1999e6, 2e9, 10e9, 60e9, -10e9}
		for _, after := range order {
			want, asked := c.want[after]
			if !asked {
				continue
			}
			got := 0
			for range 10 {
				if l.takes(begin.Add(after)) {
					got++
				}
			}
			if got != want {
				t.Errorf("%+v after %s: %d taken, want %d", c.l, after, got, want)
			}
		}
	}
}

func TestLimitersThatAreMistakes(t *testing.T) {
	for _, l := range []Limiter{
		{PerSecond: -1}, {Burst: 3}, {PerSecond: 1, Burst: -1}, {PerSecond: math.NaN()}, {PerSecond: math.Inf(1)},
	} {
		wantPanic(t, fmt.Sprint(l), func() { new(limiter).set(l) })
	}
}

func TestSwitchesThatAreMistakes(t *testing.T) {
	j := newVendor(t, JumdataOptions{})
	wantPanic(t, "outage", func() { j.SetOutage("x") })
	wantPanic(t, "halt", func() { j.SetHalted("x") })
	wantPanic(t, "limiter", func() { j.SetLimiter(Limiter{Burst: 1}) })
}

// TestVendorsRefuseWhatIsTooMuch: in its own way, without a call, and no more
// than it takes by the evidence either.
func TestVendorsRefuseWhatIsTooMuch(t *testing.T) {
	clock := newHandClock(t, "2026-03-02T10:00:00")
	eachActing(t, clock.now, Limiter{PerSecond: 10, Burst: 2}, func(t *testing.T, c actingCase) {
		const everyMillis = 20
		for n := range 100 {
			got := answered(t, c, c.request(n))
			if got != c.accepted && got != c.tooOften {
				t.Fatalf("request %d is answered %q", n, got)
			}
			if isAccepted := c.Attempts()[n].CallID != ""; isAccepted != (got == c.accepted) {
				t.Errorf("request %d is answered %q: %+v", n, got, c.Attempts()[n])
			}
			clock.move(everyMillis * time.Millisecond)
		}
		if got := len(c.AcceptedTimes()); got != 21 { // two, and one every 100 ms
			t.Errorf("%d of 100 accepted in 2 s, want 21", got)
		}
		if got := MaxWithin(c.AcceptedTimes(), time.Second); got != 11 {
			t.Errorf("%d accepted in a second, want 11", got)
		}
		if got := MaxWithin(c.RequestTimes(), time.Second); got != 50 {
			t.Errorf("%d requests in a second, want 50", got)
		}
		c.SetLimiter(Limiter{})
		for n := range 10 {
			c.want(t, 200+n, c.accepted)
		}
	})
}

func TestTooManyTellsWhenToComeBack(t *testing.T) {
	v := newITNIO(t, ITNIOOptions{Limiter: Limiter{PerSecond: 1}})
	itPlaced(t, itSend(t, v, itCallee, ""))
	got := direct(t, v, itSendRequest(t, v, itCallee, ""))
	if got.Code != 429 || got.Header().Get("Retry-After") != "1" {
		t.Errorf("HTTP status %d, %v", got.Code, got.Header())
	}
}

func TestTooOftenCanBe999(t *testing.T) {
	j := newVendor(t, JumdataOptions{Limiter: Limiter{PerSecond: 1}, TooOftenIs999: true})
	wantPlaced(t, send(t, j, someMobile, ""))
	wantAnswer(t, send(t, j, someMobile, ""), codeOther, msgTooOften)
}

// TestLatencyHoldsAnswersBack: the vendor acts at once, by as many requests as
// there are at the same time; the answers come later.
func TestLatencyHoldsAnswersBack(t *testing.T) {
	eachActingInBubble(t, 2*time.Second, func(t *testing.T, c actingCase) {
		begin := time.Now()
		answers := make(chan string)
		for n := range 3 {
			go func() { answers <- answered(t, c, c.request(n)) }()
		}
		synctest.Wait()
		if got := len(c.AcceptedTimes()); got != 3 {
			t.Errorf("%d of 3 accepted before the answers", got)
		}
		c.SetLatency(0) // of those that come from now on
		c.want(t, 10, c.accepted)
		if got := time.Since(begin); got != 0 {
			t.Errorf("answered after %s without latency", got)
		}
		for range 3 {
			if got := <-answers; got != c.accepted || time.Since(begin) != 2*time.Second {
				t.Errorf("answered %q after %s", got, time.Since(begin))
			}
		}
		c.SetLatency(time.Minute)
		c.SetFault(func(SendAttempt) Fault { return FaultSlow(time.Second) })
		begin = time.Now()
		c.want(t, 11, c.accepted)
		if got := time.Since(begin); got != time.Minute+time.Second {
			t.Errorf("a slow answer after %s", got)
		}
		if got := c.MaxRequestsAtOnce(); got != 4 {
			t.Errorf("%d requests at once, want 4", got)
		}
	})
}
