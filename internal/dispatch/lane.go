// Package dispatch executes jobs: it is the only package that knows both jobs
// and vendors. One file per kind of task, one table from a vendor's outcome to
// what becomes of the job.
package dispatch

import (
	"context"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
	"golang.org/x/time/rate"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/ratelimit"
)

// Lane is an account's way to its vendor, with everything that its handlers
// need. Its fields are set once, before the first handler runs.
type Lane struct {
	Account, Group string
	Vendor         any // the adapter; its capabilities are found by assertion
	Store          *record.Store
	Admission      *ratelimit.Admission
	Pace           *rate.Limiter // acting requests of this process
	QueryPace      *rate.Limiter // queries of this process
	Log            logrus.FieldLogger

	Concurrency   int           // dispatch slots
	Timeout       time.Duration // of one vendor request
	InDoubtFor    time.Duration // until an attempt in doubt ends unknown
	Lockout       time.Duration // after a vendor's lock; 0: its lock is not kept
	MaxAttempts   int
	RetryBackoff  []time.Duration
	PollFirst     time.Duration // after the acceptance
	PollBackoff   []time.Duration
	GiveUp        time.Duration // after the acceptance, without a result
	Retention     time.Duration // of a record that this lane has to make
	PushRetention time.Duration // of a push that was read

	// PushURL returns where the vendor shall report about an attempt; nil: no
	// receiver is configured, and only polls tell how calls end.
	PushURL func(id string, attempt int) string
	// Verify says what a push's token stands for.
	Verify func(token string) (Source, bool)

	skew     skewWarning
	drain    drain
	inFlight sync.WaitGroup // requests that passed the point of no return
}

// Source is what a push's token stands for: one attempt of a job, or with the
// zero Source the whole account.
type Source struct {
	ID      string
	Attempt int
}

// drain tells waiting handlers to give their job back.
type drain struct {
	once   sync.Once
	mu     sync.Mutex      // between the last departure and the drain
	ctx    context.Context //nolint:containedctx // it is the signal itself
	cancel context.CancelFunc
}

func (d *drain) signal() context.Context {
	d.once.Do(func() { d.ctx, d.cancel = context.WithCancel(context.Background()) })
	return d.ctx
}

// Drain lets go of every handler that has not taken a permit, at once.
func (l *Lane) Drain() {
	l.drain.signal()
	l.drain.mu.Lock()
	defer l.drain.mu.Unlock()
	l.drain.cancel()
}

func (l *Lane) draining() bool { return l.drain.signal().Err() != nil }

// depart counts a request as in flight; false: the lane drains, nothing departs.
func (l *Lane) depart() bool {
	l.drain.mu.Lock()
	defer l.drain.mu.Unlock()
	if l.draining() {
		return false
	}
	l.inFlight.Add(1)
	return true
}

// Wait returns when every request in flight is settled, or ctx ends.
func (l *Lane) Wait(ctx context.Context) error {
	done := make(chan struct{})
	go func() { l.inFlight.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// waitable returns a context that also ends when the lane drains.
func (l *Lane) waitable(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(l.drain.signal(), cancel)
	return ctx, func() { stop(); cancel() }
}

// pick returns the n-th step of a backoff, the last one for all beyond it.
func pick(backoff []time.Duration, n int) time.Duration {
	if len(backoff) == 0 {
		return time.Minute
	}
	return backoff[min(max(n, 0), len(backoff)-1)]
}
