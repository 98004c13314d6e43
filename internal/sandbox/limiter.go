package sandbox

import (
	"fmt"
	"math"
	"time"
)

// Limiter is how many acting requests a vendor takes from all its customer's
// machines together; what is more is refused as too frequent and not counted.
// The zero Limiter is none.
type Limiter struct {
	// PerSecond is the rate in the long run.
	PerSecond float64
	// Burst is how many are taken at once after a rest. Default 1.
	Burst int
}

// load is what a vendor's options say of limiter and latency.
type load struct {
	limiter Limiter
	latency time.Duration
}

// limiter is a bucket of Burst tokens, kept as the time at which it is full.
type limiter struct {
	each  time.Duration // 0 is no limit
	burst int
	full  time.Time
}

// set panics on a limiter that can only be a mistake.
func (l *limiter) set(to Limiter) {
	if to.Burst < 0 || to.PerSecond < 0 || math.IsNaN(to.PerSecond) || math.IsInf(to.PerSecond, 0) ||
		to.PerSecond == 0 && to.Burst != 0 {
		panic(fmt.Sprintf("sandbox: the limiter %+v is neither none nor a rate", to))
	}
	*l = limiter{burst: max(to.Burst, 1)}
	if to.PerSecond > 0 {
		l.each = max(1, time.Duration(float64(time.Second)/to.PerSecond))
	}
}

// takes uses a token up; false where there is none.
func (l *limiter) takes(now time.Time) bool {
	if l.each == 0 {
		return true
	}
	if l.full.After(now.Add(time.Duration(l.burst-1) * l.each)) {
		return false
	}
	if l.full.Before(now) {
		l.full = now
	}
	l.full = l.full.Add(l.each)
	return true
}
