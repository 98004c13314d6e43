package main

import (
	"testing"
	"time"
)

// TestRedisIsKilled takes the real redis-server away from two workers in the
// middle of their work for every vendor, twice; it keeps what it acknowledged.
func TestRedisIsKilled(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	if f.server == nil {
		t.Skip("no redis-server is on the PATH, and an embedded Redis cannot be killed")
	}
	batches, platforms := f.callers(60, 40), f.platforms(30*time.Second)
	f.worker("a")
	f.worker("b")
	var calls []string
	for _, b := range batches {
		b.ids = f.enqueue(b.jobs)
		calls = append(calls, b.ids...)
	}
	for _, p := range platforms {
		p.start(f)
	}
	for kill := range 2 {
		wait(1500 * time.Millisecond)
		f.server.Kill()
		wait(3 * time.Second)
		f.server.Restart()
		if kill > 0 {
			continue
		}
		for _, p := range platforms {
			p.release(f, takenLater)
		}
	}
	for _, p := range platforms {
		p.settle(f)
	}
	f.ended(3*time.Minute, calls)
	f.leave()
	for _, b := range batches {
		t.Run(b.account, func(t *testing.T) { f.judge(t, b) })
	}
	for _, p := range platforms {
		t.Run(p.account, func(t *testing.T) { f.judgeBindings(t, p) })
	}
}
