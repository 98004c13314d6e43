package sandbox

import (
	"context"
	"maps"
	"net/http"
	"slices"
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
	onceDone   map[string]bool // numbers whose one-time failure has happened
}

func (v *vendor) open(now func() time.Time, push pushOptions) {
	v.now = now
	v.ctx, v.cancel = context.WithCancel(context.Background())
	v.pushes = &pusher{pushOptions: push, ctx: v.ctx}
	v.seenRef, v.seenMobile = map[string]int{}, map[string]int{}
	v.requests, v.onceDone = map[string]int{}, map[string]bool{}
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
	if !v.spawnLocked(func() { v.pushes.deliver(after, m) }) {
		v.pushes.count(func(c *PushCounts) { c.Failed++ })
	}
}

// SetFault has f decide for each authenticated send request what goes wrong
// with it; nil ends that. A fault takes the place of the number's behaviour in
// how the request is answered, not in how a placed call ends. f may use the
// vendor's other methods and must not block for long.
func (v *vendor) SetFault(f func(SendAttempt) Fault) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.fault = f
}

// logLocked puts an authenticated send request into the log. It answers the
// request's place there, and a function that asks, without the lock, what is to
// go wrong with it.
func (v *vendor) logLocked(seen SendAttempt) (index int, ask func() Fault) {
	v.attempts = append(v.attempts, Attempt{
		From: seen.From, Mobile: seen.Mobile, Ref: seen.Ref, At: seen.At, Method: seen.Method,
		LockedNumber: seen.LockedNumber, Result: "under way",
	})
	seen.Seq = len(v.attempts)
	v.seenMobile[seen.Mobile]++
	seen.SeenMobile = v.seenMobile[seen.Mobile]
	if seen.Ref != "" {
		v.seenRef[seen.Ref]++
		seen.SeenRef = v.seenRef[seen.Ref]
	}
	fault := v.fault
	return seen.Seq - 1, func() Fault {
		if fault == nil {
			return Fault{}
		}
		return fault(seen)
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

// onceLocked is the fault the first time for a number, nothing after that.
func (v *vendor) onceLocked(number string, f Fault) Fault {
	if v.onceDone[number] {
		return Fault{}
	}
	v.onceDone[number] = true
	return f
}

func (v *vendor) note(index int, result string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.attempts[index].Result = result
}

// Attempts returns every authenticated send request in the order of arrival.
func (v *vendor) Attempts() []Attempt {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.attempts)
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
