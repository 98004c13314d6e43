package sandbox

import (
	"math/rand/v2"
	"net/http"
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
	vendor
	opts JumdataOptions

	lastID      int64
	calls       []*placedCall
	callByID    map[string]*placedCall
	placed      map[string][]time.Time // per number: placements of the last Day, for the limit
	lockedUntil map[string]time.Time
	queries     []time.Time // result queries of the last second
}

var _ http.Handler = (*Jumdata)(nil)

// NewJumdata makes a simulated vendor. It panics on options that can only be a
// mistake: no credentials, a limit of 0, an impossible window, an unknown push
// mode. Under synctest it belongs inside the bubble.
func NewJumdata(opts JumdataOptions) *Jumdata {
	opts = opts.withDefaults()
	j := &Jumdata{
		opts: opts,
		// A random start, so that ids of two runs do not meet in one Redis.
		lastID:      1e17 + rand.Int64N(8e17),
		callByID:    map[string]*placedCall{},
		placed:      map[string][]time.Time{},
		lockedUntil: map[string]time.Time{},
	}
	j.open(opts.Now, pushOptions{
		client: opts.PushClient, copies: opts.PushCopies, retryBase: opts.PushRetryBase, taken: takenByWord,
	}, load{opts.Limiter, opts.Latency})
	return j
}

// ServeHTTP answers one request of a vendor's customer. Where the connection is
// to be cut and w cannot be hijacked, it panics with http.ErrAbortHandler, which
// an http.Server turns into a cut; a caller without a server must recover it.
func (j *Jumdata) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if j.gone(w) {
		return
	}
	j.countRequest(r.URL.Path)
	switch r.URL.Path {
	case JumdataSendPath:
		j.serveSend(w, r)
	case JumdataResultPath:
		j.serveResult(w, r)
	default:
		writeAnswer(w, refusal(codeNotFound, msgNotFound))
	}
}
