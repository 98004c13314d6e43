package dispatch

import (
	"context"
	"errors"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/recordings"
	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/ratelimit"
)

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
	told = l.askForAudio(ctx, fetcher, q)
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

// askForAudio asks the vendor in the turn of the account's queries, behind those that
// want to know how a call ended.
func (l *Lane) askForAudio(ctx context.Context, fetcher providers.RecordingFetcher, q providers.RecordingQuery) providers.RecordingResult {
	later, err := l.queryTurn(ctx, ratelimit.RankBulk)
	if err != nil || later > 0 {
		return providers.RecordingResult{Class: providers.ClassRetryLater, RetryAfter: later, VendorText: "it waits for a slot of query_rate"}
	}
	told := fetcher.FetchRecording(ctx, q)
	if told.Class == providers.ClassRateLimited {
		if err := l.restQueries(ctx, told.RetryAfter); err != nil {
			l.Log.WithError(err).Warn("the vendor is asked too often, and not all workers could be told")
		}
	}
	return told
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
