package redistest

import (
	"context"
	"net"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// Bubble runs f in a testing/synctest bubble with a miniredis that is reached
// through pipes, so that time is virtual (from 2000-01-01T00:00Z) for f, for
// asynq and for every TTL. The Redis and its clients are closed before the
// bubble ends; what f starts, f stops.
//
// In a bubble: no TCP, no t.Run and no t.Parallel; asynq with Start and
// Shutdown, not Run. asynq's schedule is not exact to the second: assert
// invariants. A virtual day costs 1 to 10 real seconds with long intervals.
func Bubble(t *testing.T, f func(t *testing.T, r *Redis)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		m := miniredis.NewMiniRedis()
		m.ClockTTL(true)
		r := &Redis{Name: NameMini, Addr: "127.0.0.1:6379", Mini: m, dial: dialMini(m)}
		t.Cleanup(func() {
			m.Close()
			// A pool whose dialling failed tries again for up to a second after it
			// was closed. This is virtual time and costs nothing.
			time.Sleep(2 * time.Second)
		})
		r.Client = r.NewClient(t)
		f(t, r)
	})
}

// dialMini answers any failure with ECONNREFUSED: go-redis repeats that one,
// whereas asynq would spin on an error that is not repeated and stop the
// virtual clock.
func dialMini(m *miniredis.Miniredis) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) {
		c, err := m.Dial()
		if err != nil {
			return nil, &net.OpError{Op: "dial", Net: "pipe", Err: syscall.ECONNREFUSED}
		}
		return c, nil
	}
}
