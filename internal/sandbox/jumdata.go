package sandbox

import (
	"context"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// The paths of the vendor's endpoints (Jumdata, 语音通知-随机主叫, 发送API, and
// 语音通知-查询通话状态).
const (
	JumdataSendPath   = "/voice-notify/send"
	JumdataResultPath = "/voice-notify/result"
)

// Jumdata is a simulated Jumdata voice-notify vendor: an http.Handler that
// checks requests as the vendor's document says, lets calls ring and end, pushes
// their results and keeps evidence of everything. All methods are safe for
// concurrent use.
//
// Every answer with a JSON body has HTTP status 200: the document tells codes
// in the body only.
type Jumdata struct {
	opts JumdataOptions

	ctx    context.Context
	cancel context.CancelFunc
	owned  sync.WaitGroup

	mu          sync.Mutex
	closed      bool
	fault       func(SendAttempt) Fault
	lastID      int64
	calls       []*placedCall
	callByID    map[string]*placedCall
	attempts    []Attempt
	seenRef     map[string]int
	seenMobile  map[string]int
	placed      map[string][]time.Time // per number: placements of the last Day, for the limit
	lockedUntil map[string]time.Time
	onceDone    map[string]bool // numbers whose one-time failure has happened
	queries     []time.Time     // result queries of the last second
	pushes      PushCounts
}

var _ http.Handler = (*Jumdata)(nil)

// NewJumdata makes a simulated vendor. It panics on options that can only be a
// mistake: no credentials, a limit of 0, an impossible window, an unknown push
// mode. Under synctest it belongs inside the bubble.
func NewJumdata(opts JumdataOptions) *Jumdata {
	ctx, cancel := context.WithCancel(context.Background())
	return &Jumdata{
		opts:   opts.withDefaults(),
		ctx:    ctx,
		cancel: cancel,
		// A random start, so that ids of two runs do not meet in one Redis.
		lastID:      1e17 + rand.Int64N(8e17),
		callByID:    map[string]*placedCall{},
		seenRef:     map[string]int{},
		seenMobile:  map[string]int{},
		placed:      map[string][]time.Time{},
		lockedUntil: map[string]time.Time{},
		onceDone:    map[string]bool{},
	}
}

// Close releases hanging requests, stops every call timer and push and waits
// for them. Pushes it cuts off count as failed. The evidence stays readable.
// Close the vendor before the server that serves it: a server waits for its
// hanging requests.
func (j *Jumdata) Close() {
	j.mu.Lock()
	j.closed = true
	j.mu.Unlock()
	j.cancel()
	j.owned.Wait()
}

// ServeHTTP answers one request of a vendor's customer. Where the connection is
// to be cut and w cannot be hijacked, it panics with http.ErrAbortHandler, which
// an http.Server turns into a cut; a caller without a server must recover it.
func (j *Jumdata) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if j.ctx.Err() != nil {
		cut(w) // a vendor that is gone answers nothing
		return
	}
	switch r.URL.Path {
	case JumdataSendPath:
		j.serveSend(w, r)
	case JumdataResultPath:
		j.serveResult(w, r)
	default:
		writeAnswer(w, refusal(codeNotFound, msgNotFound))
	}
}

// spawnLocked starts a goroutine that Close stops by j.ctx and waits for; false
// after Close. The caller holds j.mu, so that no start can race with the wait.
func (j *Jumdata) spawnLocked(run func()) bool {
	if j.closed {
		return false
	}
	j.owned.Go(run)
	return true
}

// wait sleeps for d; false when ctx ended first.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
