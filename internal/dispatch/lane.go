// Package dispatch executes jobs: it is the only package that knows both jobs
// and vendors. One file per kind of task, one table from a vendor's outcome to
// what becomes of the job.
package dispatch

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/ratelimit"
	"github.com/callpacer/callpacer/tasks"
)

// Lane is an account's way to its vendor, with everything that its handlers
// need. Its fields are set once, before the first handler runs.
type Lane struct {
	Account, Group string
	VendorName     string
	Vendor         any           // the adapter; its capabilities are found by assertion
	Offer          tasks.Account // what its workers publish; jobs that come in their tasks are held against it
	Store          *record.Store
	Shared         *ratelimit.Lane // what the fleet shares about the account
	Admission      *ratelimit.Admission
	Pace           *ratelimit.Pacer // slots of calls and bindings
	FreePace       *ratelimit.Pacer // slots of the same rate for what no gate stops
	QueryPace      *ratelimit.Pacer // slots of queries
	// Gated is told when an answer shut the lane; nil: nobody is.
	Gated       func()
	Suppression Suppression // nil: what a vendor blacklists is not kept
	Recordings  *Recordings // nil: none are kept
	Spool       Spool       // nil: an answer that Redis cannot be told is lost with the process
	Log         logrus.FieldLogger

	Concurrency   int                 // dispatch slots
	Timeout       time.Duration       // of one vendor request
	InDoubtFor    time.Duration       // until an attempt in doubt ends unknown
	Lockout       time.Duration       // after a vendor's lock; 0: its lock is not kept
	Redial        *ratelimit.Redial   // nil: nobody is called again
	Pool          []record.PoolNumber // middle numbers that may be chosen for a binding
	Probing       *Probing            // nil: the account is not asked how it stands
	MaxAttempts   int
	RetryBackoff  []time.Duration
	Breaker       record.Breaker
	PollFirst     time.Duration // after the acceptance
	PollBackoff   []time.Duration
	GiveUp        time.Duration // after the acceptance, without a result
	Retention     time.Duration // of a record that this lane has to make
	PushRetention time.Duration // of a push that was read

	Tells bool // the applications hear of their jobs' changes

	// PushURL returns where the vendor shall report about an attempt; nil: no
	// receiver is configured, and only polls tell how calls end.
	PushURL func(id string, attempt int) string
	// Verify says what a push's token stands for.
	Verify func(token string) (Source, bool)

	skew     skewWarning
	acting   drain          // of the handlers that call and bind
	follow   drain          // of those that run whatever the lane is shut for
	inFlight sync.WaitGroup // requests that passed the point of no return
	asking   atomic.Int32   // queries that wait for their slot or their answer
	waiting  atomic.Int32   // handlers that wait for another call to their number to end
}

// Source is what a push's token stands for: one attempt of a job, or with the
// zero Source the whole account.
type Source struct {
	ID      string
	Attempt int
}

// pick returns the n-th step of a backoff, the last one for all beyond it.
func pick(backoff []time.Duration, n int) time.Duration {
	if len(backoff) == 0 {
		return time.Minute
	}
	return backoff[min(max(n, 0), len(backoff)-1)]
}
