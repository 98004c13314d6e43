package record_test

import (
	"time"

	"github.com/callpacer/callpacer/internal/record"
)

// held is a recording that somebody fetches, and since when.
type held struct {
	record.Lease
	since time.Time
}

// fetched is a fetcher's turn, or what is left of one that froze.
func (a *tale) fetched() {
	if a.rng.IntN(12) == 0 { // a recording job that ends by itself
		a.storedBy("g.other", "stored by its own job")
		return
	}
	if len(a.fetch) == 0 || a.rng.IntN(4) == 0 {
		leases, err := a.store.ClaimFetches(a.ctx, "g", 2, 30*time.Second)
		a.must(err)
		for _, l := range leases {
			a.fetch = append(a.fetch, held{l, a.now})
		}
		return
	}
	i := max(0, len(a.fetch)-1-a.rng.IntN(3))
	l := a.fetch[i]
	switch a.rng.IntN(6) {
	case 0:
		a.must(a.store.FetchLost(a.ctx, l.Lease, "no such file"))
		if rec := a.record(l.Member); rec != nil {
			a.seen["fetch "+string(rec.File.Fetch)]++
		}
	case 1:
		a.storedBy(l.Member, "fetch stored")
	case 2, 3:
		later, still, err := a.store.RenewFetch(a.ctx, l.Lease, a.now.Sub(l.since))
		a.must(err)
		if still {
			a.fetch[i] = held{later, a.now}
			a.seen["fetch renewed"]++
		}
	default:
		state, err := a.store.FetchAgain(a.ctx, l.Lease, pickOf(a.rng, time.Second, time.Minute, 3*time.Hour), "not yet")
		a.must(err)
		if state == "" {
			state = "moved"
			a.fetch = append(a.fetch[:i], a.fetch[i+1:]...)
		}
		a.seen["fetch "+string(state)]++
	}
}

// storedBy says that the job's recording is stored, which only one of all may say first.
func (a *tale) storedBy(id, how string) {
	before := a.record(id)
	first, err := a.store.Stored(a.ctx, id, aFile)
	a.must(err)
	if want := before != nil && before.File.Fetch != record.FetchStored; first != want {
		a.t.Errorf("%s was stored first: %v, want %v", id, first, want)
	}
	if first {
		a.seen[how]++
	}
}
