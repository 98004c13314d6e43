package vendorwire

import (
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/callpacer/callpacer/providers"
)

// Clock is a vendor's clock as far as it is known: ours, until the vendor
// refuses a timestamp and tells its own time. It is safe for concurrent use.
type Clock struct {
	now    func() time.Time
	offset atomic.Int64 // nanoseconds that the vendor's is ahead
}

// NewClock returns a Clock on now; nil is the system's clock.
func NewClock(now func() time.Time) *Clock {
	if now == nil {
		now = time.Now
	}
	return &Clock{now: now}
}

// Now is the time to sign with, and the offset that was used.
func (c *Clock) Now() (time.Time, time.Duration) {
	offset := time.Duration(c.offset.Load())
	return c.now().Add(offset), offset
}

// Ours is this process's time.
func (c *Clock) Ours() time.Time { return c.now() }

// Learn takes the vendor's clock from an answer that refused our timestamp. It
// says whether that promises a better fate for a new attempt: a Date header must
// be there and lead at least 2 s away from the offset used (it counts whole
// seconds).
func (c *Clock) Learn(reply providers.Reply, used time.Duration) bool {
	date, err := http.ParseTime(reply.Header.Get("Date"))
	if err != nil {
		return false
	}
	seen := date.Sub(c.now())
	if (seen - used).Abs() < 2*time.Second {
		return false
	}
	c.offset.Store(int64(seen))
	return true
}

// China has had no summer time since 1991, and slim machines have no zone data.
var china = time.FixedZone("CST", 8*60*60)

// Instant reads a time as vendors write one: Unix seconds (10 digits) or
// milliseconds (13), ISO 8601, "2006-01-02 15:04:05" or "20060102150405" in
// China's zone.
func Instant(text string) (time.Time, bool) {
	text = strings.TrimSpace(text)
	switch n, err := strconv.ParseInt(text, 10, 64); {
	case err != nil:
	case len(text) == 10:
		return time.Unix(n, 0), true
	case len(text) == 13:
		return time.UnixMilli(n), true
	}
	for _, layout := range []string{time.RFC3339, time.DateTime, "20060102150405", "2006-01-02T15:04:05"} {
		if t, err := time.ParseInLocation(layout, text, china); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// maxSeconds separates durations from timestamps that stand in their place.
const maxSeconds = 1_000_000_000

// Seconds reads a duration in whole seconds.
func Seconds(text string) (time.Duration, bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || n > maxSeconds {
		return 0, false
	}
	return time.Duration(n) * time.Second, true
}
