package sandbox

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"syscall"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// redisTick is how often the embedded Redis lets keys expire.
const redisTick = time.Second

// EmbeddedRedis is a Redis inside the process. It keeps nothing: what is in it
// ends with it. Its time moves once a second, so a key may expire up to a second
// early or late: nothing that must hold for a second or less may rely on a TTL.
type EmbeddedRedis struct {
	server *miniredis.Miniredis
	cancel context.CancelFunc
	owned  sync.WaitGroup
}

// StartRedis starts a Redis on addr, host:port; port 0 takes a free one. When
// the port is taken the error names the address and the ways out. The caller
// closes what it gets.
func StartRedis(addr string) (*EmbeddedRedis, error) {
	return startRedis(addr, redisTick)
}

func startRedis(addr string, every time.Duration) (*EmbeddedRedis, error) {
	server := miniredis.NewMiniRedis()
	if err := server.StartAddr(addr); err != nil {
		if errors.Is(err, syscall.EADDRINUSE) {
			return nil, fmt.Errorf("start the embedded Redis: %s is taken by another program: "+
				"stop that one (perhaps another sandbox), or choose another address (port 0 takes a free one): %w", addr, err)
		}
		return nil, fmt.Errorf("start the embedded Redis on %s: %w", addr, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	e := &EmbeddedRedis{server: server, cancel: cancel}
	e.owned.Go(func() { passTime(ctx, every, server.FastForward) })
	return e, nil
}

// Addr is the address it listens on, host:port.
func (e *EmbeddedRedis) Addr() string { return e.server.Addr() }

// Close stops the Redis and waits for it; everything in it is gone.
func (e *EmbeddedRedis) Close() {
	e.cancel()
	e.owned.Wait()
	e.server.Close()
}

// passTime tells forward, at each tick, how much time went by since it was last
// told: ticks may come late or not at all, time is never lost.
func passTime(ctx context.Context, every time.Duration, forward func(time.Duration)) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			now := time.Now()
			forward(now.Sub(last))
			last = now
		}
	}
}
