package app

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/callpacer/callpacer/internal/dispatch"
	"github.com/callpacer/callpacer/internal/recordings"
	"github.com/callpacer/callpacer/providers/all"
)

const (
	sweepFirst = time.Minute
	sweepEvery = time.Hour
)

// keepRecordings gives the lanes a place for the audio of their calls, fetches it, and
// deletes what is older than recordings.retention. Nothing without a recordings section.
func (a *App) keepRecordings(ctx context.Context, lanes []*dispatch.Lane, groups map[string]bool) error {
	c := a.config.Recordings
	if c == nil {
		return nil
	}
	store, err := recordings.Open(ctx, c.URL, recordings.Options{Now: a.clock})
	if err != nil {
		return fmt.Errorf("recordings.url: %w", err)
	}
	a.onStop("recordings", store.Close)
	if err := store.Writable(ctx); err != nil {
		return fmt.Errorf("recordings.url: %w", err)
	}
	downloader, err := recordings.NewDownloader(recordings.DownloaderOptions{Hosts: c.AllowedHosts, Now: a.clock})
	if err != nil {
		return fmt.Errorf("recordings.allowed_hosts: %w", err)
	}
	byAccount := map[string]*dispatch.Lane{}
	for i, lane := range lanes {
		lane.Recordings = &dispatch.Recordings{
			Store: store, Downloader: downloader, Kept: all.Traits(lane.VendorName).RecordingsKept,
		}
		byAccount[lane.Account] = lanes[i]
	}
	running, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for group := range groups {
		f := &dispatch.Fetcher{Group: group, Store: a.store, Lanes: byAccount, Log: a.log}
		wg.Go(func() { f.Run(running) })
	}
	wg.Go(func() { a.sweep(running, store, c.Retention) })
	a.onStop("fetching of recordings", func() error {
		cancel()
		wg.Wait()
		return nil
	})
	return nil
}

// sweep deletes recordings whose time is over, once an hour.
func (a *App) sweep(ctx context.Context, store *recordings.Store, retention time.Duration) {
	for wait := sweepFirst; ; wait = sweepEvery {
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		n, err := store.Sweep(ctx, a.clock().Add(-retention))
		if err != nil && ctx.Err() == nil {
			a.log.WithError(err).Warn("old recordings could not all be deleted; it is tried again in an hour")
		}
		if n > 0 {
			a.log.Infof("%d recordings older than recordings.retention were deleted", n)
		}
	}
}
