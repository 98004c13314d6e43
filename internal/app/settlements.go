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
// and tells it what lies there, before anybody takes the jobs for being in doubt.
func (a *App) keepSettlements(ctx context.Context, lanes []*dispatch.Lane) {
	running, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
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
		a.tellSettled(ctx, lane, j)
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
	// Lanes stop before, and write down what they cannot tell.
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
