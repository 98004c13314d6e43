package dispatch

import (
	"context"
	"time"

	"github.com/callpacer/callpacer/internal/record"
)

const (
	// fetchLease is how long the recordings wait that a killed worker had in hand. Who
	// is at work on one renews its lease in time, for a download may take minutes.
	fetchLease = 30 * time.Second
	fetchRenew = 10 * time.Second
)

// holding does something under a lease, which it renews meanwhile, and returns the
// lease as it is then. Work whose lease is lost has its context ended: the recording
// is another worker's, or is done with.
func (f *Fetcher) holding(ctx context.Context, lease record.Lease, work func(context.Context)) record.Lease {
	working, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		work(working)
	}()
	ticker := time.NewTicker(fetchRenew)
	defer ticker.Stop()
	renewed := time.Now()
	for {
		select {
		case <-ended:
			return lease
		case <-ticker.C:
		}
		since := time.Since(renewed)
		later, held, err := f.renew(working, lease, since)
		switch {
		case err != nil && ctx.Err() == nil:
			f.Log.WithField("job", lease.Member).WithError(err).Warn("the lease of a recording could not be renewed; it is tried again")
		case err == nil && !held:
			cancel()
			<-ended
			return lease
		case err == nil:
			lease, renewed = later, renewed.Add(since)
		}
	}
}

func (f *Fetcher) renew(ctx context.Context, lease record.Lease, by time.Duration) (record.Lease, bool, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchRenew/2)
	defer cancel()
	return f.Store.RenewFetch(ctx, lease, by)
}
