package sandbox

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// mostAgain is how often a duplicated push comes again at most.
const mostAgain = 3

// PushFaults is what goes wrong with the pushes that a vendor sends. The zero
// value is nothing, and the vendor's own way of repeating them.
type PushFaults struct {
	// Seed is of the dice: what becomes of a push depends on it and on the push's
	// place in the vendor's order alone, so a run can be had again.
	Seed uint64
	// Lose, Duplicate and Reorder are shares of the pushes, 0 to 1 each, drawn
	// independently. A lost push never leaves the vendor, which takes it for sent.
	// A duplicated one comes one to three times again, byte for byte, as if it had
	// not been acknowledged. A reordered one is held back behind later ones.
	Lose, Duplicate, Reorder float64
	// Again is the time between a push and its duplicates. Default 300 ms.
	Again time.Duration
	// Behind is how long a reordered push is held back. Default 2 s.
	Behind time.Duration
	// Tries is how often a push is sent until it is acknowledged, Pause the time
	// between two tries. Default: as the vendor's document or option says; 1 is a
	// push that comes once and never again.
	Tries int
	Pause time.Duration
}

// SetPushFaults has the pushes that become due from now on suffer these faults;
// the zero value ends them. It panics on what can only be a mistake.
func (v *vendor) SetPushFaults(f PushFaults) {
	for _, share := range []float64{f.Lose, f.Duplicate, f.Reorder} {
		if share < 0 || share > 1 {
			panic(fmt.Sprintf("sandbox: PushFaults: %v is no share between 0 and 1", share))
		}
	}
	if f.Tries < 0 {
		panic(fmt.Sprintf("sandbox: PushFaults.Tries is %d", f.Tries))
	}
	setDefault(&f.Again, briefly)
	setDefault(&f.Behind, 2*time.Second)
	v.pushes.mu.Lock()
	defer v.pushes.mu.Unlock()
	v.pushes.faults = f
}

// drawn is what becomes of the n-th push.
func (f PushFaults) drawn(n int) (lost, held bool, again int) {
	//nolint:gosec // G404, G115: dice for a test, not a secret; n counts from 1
	dice := rand.New(rand.NewPCG(f.Seed, uint64(n)))
	lost = dice.Float64() < f.Lose
	held = dice.Float64() < f.Reorder
	if dice.Float64() < f.Duplicate {
		again = 1 + dice.IntN(mostAgain)
	}
	return lost, held, again
}

// repeats is how often a push that is not acknowledged is tried and how long the
// pauses are. The vendor's own pauses double, and those of one that never gives up
// begin anew.
type repeats struct {
	tries int // 0: without end
	pause time.Duration
	fixed bool
	first time.Duration
}

func (p *pusher) repeatsLocked() repeats {
	r := repeats{tries: 1 + pushRetries, pause: p.retryBase, first: p.retryBase}
	if p.forever {
		r.tries = 0
	}
	if p.faults.Tries > 0 {
		r.tries = p.faults.Tries
	}
	if p.faults.Pause > 0 {
		r.pause, r.fixed = p.faults.Pause, true
	}
	return r
}

// next is the pause after the try-th try; false: there is no further try.
func (r *repeats) next(try int) (time.Duration, bool) {
	if r.tries > 0 && try >= r.tries {
		return 0, false
	}
	now := r.pause
	if !r.fixed {
		if r.pause *= 2; r.pause > r.first<<pushRetries {
			r.pause = r.first
		}
	}
	return now, true
}
