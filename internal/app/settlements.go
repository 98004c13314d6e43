package app

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/callpacer/callpacer/internal/dispatch"
	"github.com/callpacer/callpacer/internal/journal"
)

// replayEvery is how often a lane looks whether results lie on the disk that Redis
// can be told by now.
const replayEvery = time.Second

// settlements begins the names of the lanes' journals.
const settlements = "settlements-"

// keepSettlements gives each lane a place on the disk for what Redis cannot be told,
// and tells it what lies there, before anybody takes the jobs for being in doubt. What
// comes later is told once watch was called: by then the lanes have to be complete.
func (a *App) keepSettlements(ctx context.Context, lanes []*dispatch.Lane) (watch func()) {
	kept := map[*dispatch.Lane]*journal.Journal{}
	for _, lane := range lanes {
		// One for each account, for another worker on this machine may have others.
		j, err := a.journal(settlements + lane.Account)
		if err != nil {
			if !errors.Is(err, errNoState) {
				a.log.WithError(err).Warn("vendors' answers that come while Redis is away are lost if this process dies: there is no journal on this machine")
			}
			continue
		}
		lane.Spool = j
		kept[lane] = j
		a.tellSettled(ctx, lane, j)
	}
	return func() { a.watchSettlements(kept) }
}

func (a *App) watchSettlements(kept map[*dispatch.Lane]*journal.Journal) {
	running, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for lane, j := range kept {
		wg.Go(func() {
			ticker := time.NewTicker(replayEvery)
			defer ticker.Stop()
			for {
				select {
				case <-ticker.C:
					a.tellSettled(running, lane, j)
				case <-running.Done():
					return
				}
			}
		})
	}
	// What lanes write down as they stop is told by the next worker.
	a.onStop("settlements", func() error {
		cancel()
		wg.Wait()
		return nil
	})
}

// tellSettled tells Redis what lies on the disk, if it answers; else another time.
func (a *App) tellSettled(ctx context.Context, lane *dispatch.Lane, j *journal.Journal) {
	if !j.Pending() || a.rdb.Ping(ctx).Err() != nil {
		return
	}
	if _, err := j.Replay(ctx, lane.Replay); err != nil && ctx.Err() == nil {
		lane.Log.WithError(err).Warn("results that were written down could not be told to Redis; they are kept")
	}
}
