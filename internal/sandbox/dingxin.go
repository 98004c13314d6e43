package sandbox

import (
	"math/rand/v2"
	"net/http"
	"strings"
	"time"
)

// The paths of the vendor's endpoints (Dingxin, 接口文档, 拨打电话, and 获取录音文件,
// whose subid follows; the second is misspelt by the vendor). In the document they
// are on two hosts; here both are served, so one listener can be either.
const (
	DingxinCallPath      = "/prod-api/axb/call/callByTelA"
	DingxinRecordingPath = "/call/companyRecordDownlaod/"
)

// Dingxin is a simulated Dingxin 106 vendor: an http.Handler that checks
// requests as the vendor's document says, connects two phones, pushes the CDRs,
// hands out recordings and keeps evidence of everything. All methods are safe
// for concurrent use.
//
// Every answer with a JSON body has HTTP status 200: the document tells codes
// in the body only.
type Dingxin struct {
	vendor
	shelf
	opts DingxinOptions

	lastID     int64
	credit     int
	calls      []*dingxinCall
	callByID   map[string]*dingxinCall
	busyUntil  map[string]time.Time // per phone: until when it is in a call
	boundUntil map[[2]string]time.Time
}

var _ http.Handler = (*Dingxin)(nil)

// NewDingxin makes a simulated vendor. It panics on options that can only be a
// mistake: no credentials, an unknown variant or mode, a negative credit. Under
// synctest it belongs inside the bubble.
func NewDingxin(opts DingxinOptions) *Dingxin {
	opts = opts.withDefaults()
	d := &Dingxin{
		opts: opts,
		// A random start, so that ids of two runs do not meet in one Redis.
		lastID:     1e11 + rand.Int64N(8e11),
		credit:     orNoLimit(opts.Credit, "DingxinOptions.Credit"),
		callByID:   map[string]*dingxinCall{},
		busyUntil:  map[string]time.Time{},
		boundUntil: map[[2]string]time.Time{},
	}
	d.open(opts.Now, pushOptions{
		client: opts.PushClient, copies: opts.PushCopies, retryBase: opts.PushRetryBase, taken: takenByStatus,
	}, load{opts.Limiter, opts.Latency})
	return d
}

// SetCredit sets how many more calls the account can pay for, or NoLimit.
func (d *Dingxin) SetCredit(calls int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.credit = orNoLimit(&calls, "credit")
}

// ServeHTTP answers one request of a vendor's customer. Where the connection is
// to be cut and w cannot be hijacked, it panics with http.ErrAbortHandler, which
// an http.Server turns into a cut; a caller without a server must recover it.
func (d *Dingxin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if d.gone(w) {
		return
	}
	if subid, ok := strings.CutPrefix(r.URL.Path, DingxinRecordingPath); ok {
		d.countRequest(DingxinRecordingPath)
		d.serveRecording(w, r, subid)
		return
	}
	if strings.HasPrefix(r.URL.Path, DingxinDownloadPath) {
		d.serveDownload(w, r)
		return
	}
	d.countRequest(r.URL.Path)
	if r.URL.Path == DingxinCallPath {
		d.serveCall(w, r)
		return
	}
	http.NotFound(w, r)
}
