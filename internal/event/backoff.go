package event

import (
	"math/rand/v2"
	"time"
)

const (
	// patience is how long after its first due time an event is tried. Its last try
	// is made then.
	patience = 24 * time.Hour
	// retain is how long a dead letter can be listed and replayed.
	retain = 7 * 24 * time.Hour
	// longestRetryAfter bounds what an endpoint may ask for.
	longestRetryAfter = time.Hour
)

// waits are what lies between a failed try and the next; the last one repeats.
var waits = []time.Duration{
	5 * time.Second, 30 * time.Second, 2 * time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour,
}

// backoff is the wait after a failed try that tries failed ones preceded, ±10 %,
// but no shorter than what the endpoint asked for.
func backoff(tries int, retryAfter time.Duration) time.Duration {
	wait := waits[min(max(tries, 0), len(waits)-1)]
	wait += wait/5*time.Duration(rand.IntN(1001))/1000 - wait/10 //nolint:gosec // nothing secret hangs on it
	return max(wait, later(min(retryAfter, longestRetryAfter)))
}

// later adds up to a tenth, so that what waits for one moment does not come at one.
func later(wait time.Duration) time.Duration {
	return wait + rand.N(wait/10+1) //nolint:gosec // nothing secret hangs on it
}
