package sandbox

import (
	"context"
	"maps"
	"net/http"
	"sync"
	"time"
)

// vendor is what every simulated vendor has, whatever its document says: an end
// to its goroutines, the log of send requests with what goes wrong with them,
// and its pushes. mu guards the state of the vendor that embeds it too.
type vendor struct {
	now    func() time.Time
	pushes *pusher

	ctx    context.Context
	cancel context.CancelFunc
	owned  sync.WaitGroup

	mu         sync.Mutex
	closed     bool
	fault      func(SendAttempt) Fault
	attempts   []Attempt
	seenRef    map[string]int
	seenMobile map[string]int
	requests   map[string]int
	onceDone   map[string]bool // numbers, or reqids, whose one-time failure has happened

	switches
	serving     int // acting requests in service now
	mostServing int
}

func (v *vendor) open(now func() time.Time, push pushOptions, load load) {
	v.now = now
	v.ctx, v.cancel = context.WithCancel(context.Background())
	v.pushes = &pusher{pushOptions: push, ctx: v.ctx, now: now}
	v.seenRef, v.seenMobile = map[string]int{}, map[string]int{}
	v.requests, v.onceDone = map[string]int{}, map[string]bool{}
	v.latency = load.latency
	v.limiter.set(load.limiter)
}

// Close releases hanging requests, stops every call timer and push and waits
// for them. Pushes it cuts off count as failed. The evidence stays readable.
// Close the vendor before the server that serves it: a server waits for its
// hanging requests.
func (v *vendor) Close() {
	v.mu.Lock()
	v.closed = true
	v.mu.Unlock()
	v.cancel()
	v.owned.Wait()
}

// gone cuts the connection of a request that comes after Close: a vendor that
// is gone answers nothing.
func (v *vendor) gone(w http.ResponseWriter) bool {
	if v.ctx.Err() == nil {
		return false
	}
	cut(w)
	return true
}

// spawnLocked starts a goroutine that Close stops by v.ctx and waits for; false
// after Close. The caller holds v.mu, so that no start can race with the wait.
func (v *vendor) spawnLocked(run func()) bool {
	if v.closed {
		return false
	}
	v.owned.Go(run)
	return true
}

// pushLocked starts the push of a message after a delay; what Close prevents
// counts as failed. The caller holds v.mu.
func (v *vendor) pushLocked(after time.Duration, m message) {
	v.spawnPushLocked(func() { v.pushes.deliver(after, m) })
}

// spawnPushLocked starts a push; one that comes after Close counts as failed. The
// caller holds v.mu.
func (v *vendor) spawnPushLocked(push func()) {
	v.pushes.opened()
	if !v.spawnLocked(func() { defer v.pushes.closed(); push() }) {
		v.pushes.closed()
		v.pushes.count(func(c *PushCounts) { c.Failed++ })
	}
}

// Requests returns how many requests came by path, the refused ones included. An
// id at the end of a path is left out.
func (v *vendor) Requests() map[string]int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return maps.Clone(v.requests)
}

func (v *vendor) countRequest(path string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.requests[path]++
}

// Pushes returns how the pushes went so far.
func (v *vendor) Pushes() PushCounts {
	var now PushCounts
	v.pushes.count(func(c *PushCounts) { now = *c })
	return now
}

// wait sleeps for d; false when ctx ended first.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
