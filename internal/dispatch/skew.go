package dispatch

import (
	"sync"
	"time"

	"github.com/callpacer/callpacer/providers"
)

const (
	skewLoud  = 30 * time.Second
	skewQuiet = 10 * time.Minute // between two warnings
)

// skewWarning remembers when a lane last warned of its clock.
type skewWarning struct {
	mu   sync.Mutex
	last time.Time
}

// watchClock warns where the vendor's clock and this machine's are far apart:
// signatures of that moment are refused sooner or later.
func (l *Lane) watchClock(now time.Time) {
	v, ok := l.Vendor.(providers.ClockWatcher)
	if !ok {
		return
	}
	skew := v.Skew()
	if skew.Abs() < skewLoud {
		return
	}
	l.skew.mu.Lock()
	quiet := !l.skew.last.IsZero() && now.Sub(l.skew.last) < skewQuiet
	if !quiet {
		l.skew.last = now
	}
	l.skew.mu.Unlock()
	if !quiet {
		l.Log.Warnf("the vendor's clock is %s ahead of this machine's (negative: behind); check the time of this machine", skew.Round(time.Second))
	}
}
