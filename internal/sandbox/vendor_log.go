package sandbox

import (
	"slices"
	"sync"
	"time"
)

// SetFault has f decide for each authenticated send request what goes wrong
// with it; nil ends that. A fault takes the place of the number's behaviour in
// how the request is answered, not in how a placed call ends. f may use the
// vendor's other methods and must not block for long.
func (v *vendor) SetFault(f func(SendAttempt) Fault) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.fault = f
}

// loggedRequest is a request in the log while it is served.
type loggedRequest struct {
	index   int           // its place in the log
	ask     func() Fault  // asks, without the lock, what is to go wrong with it
	latency time.Duration // how long its answer is held back
	end     func()        // the vendor has nothing more to do with it; may be called again
}

// logLocked puts an authenticated request into the log. The caller ends it.
func (v *vendor) logLocked(seen SendAttempt) loggedRequest {
	v.attempts = append(v.attempts, Attempt{
		Kind: seen.Kind, From: seen.From, Mobile: seen.Mobile, Ref: seen.Ref, At: seen.At, Method: seen.Method,
		LockedNumber: seen.LockedNumber, Result: "under way",
	})
	seen.Seq = len(v.attempts)
	v.seenMobile[seen.Mobile]++
	seen.SeenMobile = v.seenMobile[seen.Mobile]
	if seen.Ref != "" {
		v.seenRef[seen.Ref]++
		seen.SeenRef = v.seenRef[seen.Ref]
	}
	end := func() {}
	if seen.Kind == Acts {
		v.serving++
		v.mostServing = max(v.mostServing, v.serving)
		end = sync.OnceFunc(func() {
			v.mu.Lock()
			defer v.mu.Unlock()
			v.serving--
		})
	}
	fault, outage := v.fault, v.outage
	return loggedRequest{index: seen.Seq - 1, latency: v.latency, end: end, ask: func() Fault {
		switch {
		case outage != OutageNone && seen.Kind != Reads:
			return outage.fault()
		case fault == nil:
			return Fault{}
		default:
			return fault(seen)
		}
	}}
}

// onceLocked is the fault the first time for a number or reqid, nothing after that.
func (v *vendor) onceLocked(key string, f Fault) Fault {
	if v.onceDone[key] {
		return Fault{}
	}
	v.onceDone[key] = true
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
