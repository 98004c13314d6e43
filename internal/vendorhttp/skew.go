package vendorhttp

import (
	"net/http"
	"sync/atomic"
	"time"
)

// skew is how far a vendor's clock was seen ahead of ours.
type skew struct {
	nanoseconds atomic.Int64
}

// see takes an answer's Date header, which counts whole seconds: within its
// second the vendor's clock may be as right as ours.
func (s *skew) see(date string, now time.Time) {
	at, err := http.ParseTime(date)
	if err != nil {
		return
	}
	ahead := at.Sub(now)
	if ahead > -time.Second && ahead < 0 {
		ahead = 0
	}
	s.nanoseconds.Store(int64(ahead))
}

// Skew is how far the vendor's clock was ahead of this machine's in its last
// answer that told the time; negative: behind, 0: not known. It holds the
// answer's way here as well.
func (c *Client) Skew() time.Duration { return time.Duration(c.skew.nanoseconds.Load()) }
