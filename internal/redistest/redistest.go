// Package redistest gives tests a Redis: an embedded miniredis, a real
// redis-server that the test starts and kills, or a miniredis inside a
// testing/synctest bubble. It also injects faults between a caller and its
// Redis. Only tests import it.
package redistest

import (
	"context"
	"net"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// The names of the two kinds of Redis, also the names of Each's subtests.
const (
	NameMini   = "miniredis"
	NameServer = "redis-server"
)

// Redis is one empty Redis of its own for one test. It is closed by the test's
// cleanup, after every cleanup that the test itself registers.
type Redis struct {
	// Name is NameMini or NameServer.
	Name string
	// Client has no hooks; see NewClient for one with faults.
	Client redis.UniversalClient
	// Addr is host:port. In a bubble nothing listens there.
	Addr string
	// Mini is the embedded server, nil on a real one.
	Mini *miniredis.Miniredis
	// Server is the real server's process, nil on miniredis.
	Server *Server

	dial func(ctx context.Context, network, addr string) (net.Conn, error)
}

// Each runs f as the subtest "miniredis", and as the subtest "redis-server"
// where that binary is on PATH. Without it the second is skipped, or fails if
// CALLPACER_REQUIRE_REDIS=1. Each subtest has a Redis of its own, so f may call
// t.Parallel: a server starts in some 20 ms, which is less than sharing costs.
func Each(t *testing.T, f func(t *testing.T, r *Redis)) {
	t.Helper()
	t.Run(NameMini, func(t *testing.T) { f(t, Mini(t)) })
	t.Run(NameServer, func(t *testing.T) { f(t, StartServer(t, Options{}).Redis()) })
}

// Mini starts a miniredis on a loopback port. No TTL ends there before a test moves
// its clock with r.Mini.FastForward: following the wall clock would have each command
// sort all keys.
func Mini(t testing.TB) *Redis {
	t.Helper()
	m := miniredis.RunT(t)
	r := &Redis{Name: NameMini, Addr: m.Addr(), Mini: m}
	r.Client = r.NewClient(t)
	return r
}

// NewClient is another client of the same Redis with these hooks, such as a
// Faults. It is closed by the cleanup of t.
func (r *Redis) NewClient(t testing.TB, hooks ...redis.Hook) redis.UniversalClient {
	t.Helper()
	c := r.client()
	for _, h := range hooks {
		c.AddHook(h)
	}
	t.Cleanup(func() { _ = c.Close() }) // closed twice where the test closed it: no matter
	return c
}

// URL is the redis:// URL of database 0.
func (r *Redis) URL() string { return "redis://" + r.Addr + "/0" }

// AsynqOpt connects asynq's servers, clients and inspectors to this Redis, in a
// bubble too.
func (r *Redis) AsynqOpt() asynq.RedisConnOpt { return connOpt{r} }

// connOpt makes a fresh client for whoever asks, who closes it.
type connOpt struct{ r *Redis }

// MakeRedisClient implements asynq.RedisConnOpt.
func (o connOpt) MakeRedisClient() any { return o.r.client() }

func (r *Redis) client() *redis.Client {
	return redis.NewClient(&redis.Options{
		Addr:   r.Addr,
		Dialer: r.dial,
		// Who waits for a connection takes a timer that all pools share,
		// and that ends the process where it comes from another bubble.
		PoolSize: 1000,
		// In its "auto" mode the client looks up the host of Addr from a goroutine
		// that outlives a bubble, which ends the process.
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
}
