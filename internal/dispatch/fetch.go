package dispatch

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/recordings"
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

// Recordings is where a lane's recordings are kept, and how those are had whose
// address a report named.
type Recordings struct {
	Store      *recordings.Store
	Downloader *recordings.Downloader // nil: such an address is not followed
	Kept       time.Duration          // by the vendor; 0: it does not say
}

func (r *Recordings) fetch() *record.Fetch {
	keep := r.Kept
	if keep <= 0 {
		keep = fetchKept
	}
	return &record.Fetch{After: fetchFirst, Keep: keep}
}

// recording downloads the recording of a call and stores it. Without a file, told says
// whether it may be had later.
func (l *Lane) recording(ctx context.Context, rec *record.Record, q providers.RecordingQuery) (file *record.File, told providers.RecordingResult) {
	ctx, cancel := context.WithTimeout(ctx, fetchWithin)
	defer cancel()
	fetcher, ok := l.Vendor.(providers.RecordingFetcher)
	if !ok {
		return nil, providers.RecordingResult{Class: providers.ClassPermanent, VendorText: "the account's vendor has no recordings"}
	}
	told = fetcher.FetchRecording(ctx, q)
	if told.Class == providers.ClassPermanent && l.Recordings.Downloader != nil && l.Recordings.Downloader.Allowed(q.Path) == nil {
		told = l.downloaded(ctx, q.Path)
	}
	if told.Class != providers.ClassOK {
		return nil, told
	}
	defer told.Audio.Close() // what was read of it counts
	saved, err := l.Recordings.Store.Save(ctx, recordings.Recording{
		Job: rec.ID, Group: l.Group, At: rec.CreatedAt, Type: told.Type,
	}, told.Audio)
	if err != nil {
		l.Log.WithField("job", rec.ID).WithError(err).Warn("a recording could not be stored")
		return nil, notStored(err)
	}
	return &record.File{URL: saved.URL, SHA256: saved.SHA256, Size: saved.Size, Type: saved.Type}, told
}

// notStored is what follows where audio came and could not be kept.
func notStored(err error) providers.RecordingResult {
	var transport *providers.TransportError
	if errors.Is(err, recordings.ErrTooLarge) || errors.As(err, &transport) && transport.Reason == "too_large" {
		return providers.RecordingResult{Class: providers.ClassPermanent, VendorText: "it is larger than a recording may be"}
	}
	return providers.RecordingResult{Class: providers.ClassRetryLater, VendorText: "it could not be stored whole"}
}

// downloaded is a recording from the address that a report named.
func (l *Lane) downloaded(ctx context.Context, address string) providers.RecordingResult {
	audio, media, err := l.Recordings.Downloader.Get(ctx, address)
	if err == nil {
		return providers.RecordingResult{Class: providers.ClassOK, Audio: audio, Type: media}
	}
	out := providers.RecordingResult{Class: providers.ClassRetryLater, VendorText: "download failed"}
	var why *recordings.DownloadError
	if errors.As(err, &why) {
		out.VendorText, out.RetryAfter = why.Why, why.RetryAfter
	}
	if errors.Is(err, recordings.ErrNotAllowed) || errors.Is(err, recordings.ErrTooLarge) {
		out.Class = providers.ClassPermanent
	}
	return out
}

func wordsOf(r providers.RecordingResult) string {
	words := detailOf(providers.Outcome{VendorCode: r.VendorCode, VendorText: r.VendorText})
	if words == "" {
		return string(r.Class)
	}
	return words
}
