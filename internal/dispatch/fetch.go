package dispatch

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/providers"
)

// Fetcher fetches the recordings of a group's calls, those first that their vendor
// keeps for the shortest time.
type Fetcher struct {
	Group string
	Store *record.Store
	Lanes map[string]*Lane // of this process, by account
	Log   logrus.FieldLogger
}

const (
	fetchEvery = 500 * time.Millisecond
	fetchSlots = 4
	// fetchWithin is how long one download may take, with its storing.
	fetchWithin = 5 * time.Minute
	// fetchFirst is how long after the news of a call its recording is asked for.
	fetchFirst = 2 * time.Second
	// fetchKept is for how long recordings are asked for whose vendor does not say how
	// long it keeps them.
	fetchKept = 30 * 24 * time.Hour
)

// Run fetches until ctx ends, and returns when what was under way has ended, too.
func (f *Fetcher) Run(ctx context.Context) {
	var work sync.WaitGroup
	defer work.Wait()
	slots := make(chan struct{}, fetchSlots)
	ticker := time.NewTicker(fetchEvery)
	defer ticker.Stop()
	for {
		if free := cap(slots) - len(slots); free > 0 {
			leases, err := f.Store.ClaimFetches(ctx, f.Group, free, fetchLease)
			if err != nil && ctx.Err() == nil {
				f.Log.WithField("group", f.Group).WithError(err).Warn("due recordings could not be claimed; it is tried again")
			}
			for _, l := range leases {
				slots <- struct{}{}
				work.Go(func() {
					defer func() { <-slots }()
					if err := f.fetch(ctx, l); err != nil && ctx.Err() == nil {
						f.Log.WithField("job", l.Member).WithError(err).Warn("a recording could not be fetched; it is tried again")
					}
				})
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// fetch is one try.
func (f *Fetcher) fetch(ctx context.Context, lease record.Lease) error {
	rec, err := f.Store.Get(ctx, lease.Member)
	if err != nil || rec == nil {
		return err
	}
	l := f.Lanes[rec.Account]
	if l == nil || l.Recordings == nil {
		return f.again(ctx, lease, time.Minute, "this worker does not serve its account, or keeps no recordings")
	}
	var file *record.File
	var told providers.RecordingResult
	lease = f.holding(ctx, lease, func(ctx context.Context) {
		file, told = l.recording(ctx, rec, providers.RecordingQuery{VendorID: rec.VendorID, Path: rec.Recording, Ended: rec.EndedAt})
	})
	if file == nil && ctx.Err() != nil {
		// The worker stops; the next one need not wait for the lease's end.
		return f.again(context.WithoutCancel(ctx), lease, time.Second, "the worker stopped")
	}
	switch {
	case file != nil:
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), persistFor)
		defer cancel()
		if _, err := f.Store.Stored(ctx, rec.ID, *file); err != nil {
			return fmt.Errorf("record where the recording is: %w", err)
		}
		l.Log.WithField("job", rec.ID).Infof("its recording of %d bytes is stored", file.Size)
		return nil
	case told.Class == providers.ClassPermanent:
		l.Log.WithField("job", rec.ID).Warnf("its recording is lost: %s", wordsOf(told))
		return f.Store.FetchLost(ctx, lease, wordsOf(told))
	}
	return f.again(ctx, lease, max(pick(fetchBackoff, rec.File.Tries), told.RetryAfter), wordsOf(told))
}

var fetchBackoff = []time.Duration{
	10 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour,
}

func (f *Fetcher) again(ctx context.Context, l record.Lease, in time.Duration, why string) error {
	ctx, cancel := context.WithTimeout(ctx, persistFor)
	defer cancel()
	state, err := f.Store.FetchAgain(ctx, l, in, why)
	if err == nil && state == record.FetchLost {
		f.Log.WithField("job", l.Member).Warnf("its recording is lost: its vendor keeps it no longer (%s)", why)
	}
	return err
}
