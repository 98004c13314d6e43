package callbackrx

import (
	"context"
	"time"
)

// Journal keeps pushes on this machine's disk until Redis takes them.
type Journal interface {
	// Append returns nil when the entry is on the disk.
	Append(ctx context.Context, entry []byte) error
	// Pending says that Replay may find something.
	Pending() bool
	// Replay gives each entry to f, and drops those that f took.
	Replay(ctx context.Context, f func(ctx context.Context, entry []byte) error) (n int, err error)
}

const (
	replayEvery = 250 * time.Millisecond
	probeWithin = time.Second
)

// Run brings what the journal keeps to Redis, as soon as that answers, until ctx
// ends.
func (r *Receiver) Run(ctx context.Context) {
	tick := time.NewTicker(replayEvery)
	defer tick.Stop()
	for {
		r.replay(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// replay looks once.
func (r *Receiver) replay(ctx context.Context) {
	pending := r.Journal != nil && r.Journal.Pending()
	if !pending && !r.away.Load() {
		return
	}
	probe, cancel := context.WithTimeout(ctx, probeWithin)
	defer cancel()
	if _, err := r.Store.Now(probe); err != nil {
		r.away.Store(true)
		return
	}
	r.away.Store(false)
	if !pending {
		return
	}
	n, err := r.Journal.Replay(ctx, r.restore)
	if err != nil && ctx.Err() == nil {
		r.stuck(err)
	}
	r.told.Lock()
	defer r.told.Unlock()
	r.restored += n
	if err != nil || r.Journal.Pending() {
		return
	}
	r.Log.Infof("the journal of pushes is emptied; pushes brought to Redis: %d", r.restored)
	r.fallen, r.grieved, r.restored = false, false, 0
}

// fell says once that pushes go to the journal, until that is emptied.
func (r *Receiver) fell() {
	r.told.Lock()
	defer r.told.Unlock()
	if !r.fallen {
		r.fallen = true
		r.Log.Warn("Redis does not answer in time; pushes are kept in the journal on this machine until it does")
	}
}

// stuck says once that Redis answers and a replay fails all the same.
func (r *Receiver) stuck(err error) {
	r.away.Store(true)
	r.told.Lock()
	defer r.told.Unlock()
	if !r.grieved {
		r.grieved = true
		r.Log.WithError(err).Warn("the journal of pushes could not be emptied; it is tried again four times a second")
	}
}

// Close waits for what goes on behind the acknowledgements, some seconds at
// most. Pushes that come later are refused. Call it when the listener has closed
// and Run has ended.
func (r *Receiver) Close() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.running.Wait()
}
