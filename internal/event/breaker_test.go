package event

import (
	"testing"
	"time"
)

func TestBreakerOpensLongerEachTimeAndLetsOneThrough(t *testing.T) {
	var b breaker
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	for n := range breakAfter {
		if wait := b.shut(now); wait != 0 {
			t.Fatalf("open after %d failures", n)
		}
		p, _ := b.enter(now, false)
		if opened, _ := b.leave(p, failed, now); (opened != 0) != (n == breakAfter-1) {
			t.Fatalf("failure %d opened it for %s", n+1, opened)
		}
	}
	for _, want := range []time.Duration{10, 20, 40, 80, 160, 300, 300} {
		want *= time.Second
		if wait := b.shut(now); wait != want {
			t.Fatalf("open for %s, want %s", wait, want)
		}
		if _, wait := b.enter(now.Add(want-1), false); wait != 1 {
			t.Fatalf("a nanosecond before the end: %s", wait)
		}
		now = now.Add(want)
		probe, wait := b.enter(now, false)
		if wait != 0 || !probe.probe {
			t.Fatalf("half-open: %+v after %s", probe, wait)
		}
		if _, wait := b.enter(now, false); wait != probeWait {
			t.Fatalf("a second one beside the probe: %s", wait)
		}
		if last, wait := b.enter(now, true); wait != 0 || last.probe {
			t.Fatalf("a last try beside the probe: %+v, %s", last, wait)
		}
		b.leave(pass{}, failed, now) // one that was under way
		b.leave(probe, failed, now)
	}
	now = now.Add(breakAtMost)
	probe, _ := b.enter(now, false)
	b.leave(probe, untried, now)
	if probe, wait := b.enter(now, false); wait != 0 || !probe.probe {
		t.Fatal("a probe that made no request was the last")
	} else if _, closed := b.leave(probe, passed, now); !closed {
		t.Fatal("a good probe does not close it")
	}
	for range breakAfter - 1 {
		p, _ := b.enter(now, false)
		b.leave(p, failed, now)
	}
	p, _ := b.enter(now, false)
	b.leave(p, passed, now) // in a row means in a row
	p, _ = b.enter(now, false)
	if opened, _ := b.leave(p, failed, now); opened != 0 || b.shut(now) != 0 {
		t.Error("failures that are not in a row opened it")
	}
	openBreaker(&b, now)
	if wait := b.shut(now); wait != breakFor {
		t.Errorf("opened anew for %s", wait)
	}
}

func TestBackoffKeepsItsBounds(t *testing.T) {
	shortest, longest := time.Hour, time.Duration(0)
	for range 2000 {
		for tries, wait := range waits {
			if got := backoff(tries, 0); got < wait*9/10 || got > wait*11/10 {
				t.Fatalf("after %d tries: %s", tries+1, got)
			}
		}
		shortest, longest = min(shortest, backoff(0, 0)), max(longest, backoff(0, 0))
	}
	if longest-shortest < 500*time.Millisecond {
		t.Errorf("between %s and %s: no jitter", shortest, longest)
	}
	if got := backoff(500, 0); got < 7*time.Hour {
		t.Errorf("long after: %s", got)
	}
}
