package event

import (
	"sync"
	"time"
)

const (
	breakAfter  = 10 // failures in a row
	breakFor    = 10 * time.Second
	breakAtMost = 5 * time.Minute
	// probeWait is for events that come while one event tests a broken endpoint.
	probeWait = time.Second
)

// breaker keeps an endpoint that fails from being tried with every event. After ten
// failures in a row it is open, for longer each time; then one event goes through,
// and its outcome decides.
type breaker struct {
	mu       sync.Mutex
	failures int           // in a row
	width    time.Duration // of the present opening; 0: closed
	until    time.Time
	probing  bool
}

// pass is the leave to make one try. It is given back with its outcome.
type pass struct{ probe bool }

type outcome int

const (
	untried outcome = iota // no request was made
	passed
	failed
)

// shut says how long the breaker is open still; 0: a try may be made.
func (b *breaker) shut(now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.wait(now)
}

func (b *breaker) wait(now time.Time) time.Duration {
	switch {
	case b.width == 0:
		return 0
	case now.Before(b.until):
		return b.until.Sub(now)
	case b.probing:
		return probeWait
	}
	return 0
}

// enter asks for leave to make a try: it is given when wait is 0, and always to an
// event's last try (anyway).
func (b *breaker) enter(now time.Time, anyway bool) (p pass, wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch wait = b.wait(now); {
	case wait > 0 && !anyway:
		return pass{}, wait
	case wait > 0 || b.width == 0:
		return pass{}, 0
	}
	b.probing = true
	return pass{probe: true}, 0
}

// leave reports a try's outcome and says whether that opened or closed the breaker.
func (b *breaker) leave(p pass, o outcome, now time.Time) (opened time.Duration, closed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p.probe {
		b.probing = false
	}
	switch {
	case o == untried:
		return 0, false
	case o == passed:
		closed = b.width > 0
		b.failures, b.width = 0, 0
		return 0, closed
	}
	b.failures++
	switch {
	case p.probe:
		b.width = min(2*b.width, breakAtMost)
	case b.width == 0 && b.failures >= breakAfter:
		b.width = breakFor
	default: // not yet, or open already: what was under way tells nothing new
		return 0, false
	}
	b.until = now.Add(b.width)
	return b.width, false
}
