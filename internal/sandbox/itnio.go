package sandbox

import (
	"math/rand/v2"
	"net/http"
	"net/netip"
	"strings"
)

// The paths of the vendor's endpoints (ITNIO, sendGroup, recordGroup, whose voiceId
// follows, and getBalance).
const (
	ITNIOSendPath    = "/voice/sendGroup"
	ITNIORecordPath  = "/voice/recordGroup/"
	ITNIOBalancePath = "/sms/getBalance"
)

// ITNIO is a simulated ITNIO voice vendor: an http.Handler that checks requests
// as the vendor's documents say, calls groups of phones, answers their records,
// pushes voice reports and keeps evidence of everything. All methods are safe
// for concurrent use.
//
// Every answer with a JSON body has HTTP status 200: the documents tell statuses
// in the body only.
type ITNIO struct {
	vendor
	opts ITNIOOptions

	lastID   int64
	credit   int
	pushURL  string
	groups   int // accepted send requests
	calls    []*itnioCall
	callByID map[string]*itnioCall
	reports  []itnioReport // waiting for the next batch
	batching bool          // a batch is being collected
}

var _ http.Handler = (*ITNIO)(nil)

// NewITNIO makes a simulated vendor. It panics on options that can only be a
// mistake: no credentials, an unknown mode or status, a negative credit. Under
// synctest it belongs inside the bubble.
func NewITNIO(opts ITNIOOptions) *ITNIO {
	opts = opts.withDefaults()
	v := &ITNIO{
		opts: opts,
		// A random start, so that ids of two runs do not meet in one Redis.
		lastID:   1e17 + rand.Int64N(8e17),
		credit:   orNoLimit(opts.Credit, "ITNIOOptions.Credit"),
		pushURL:  opts.PushURL,
		callByID: map[string]*itnioCall{},
	}
	v.open(opts.Now, pushOptions{
		client: opts.PushClient, copies: opts.PushCopies, retryBase: opts.PushRetryBase, taken: takenByStatus,
	}, load{opts.Limiter, opts.Latency})
	return v
}

// SetCredit sets how many more calls the account can pay for, or NoLimit.
func (v *ITNIO) SetCredit(calls int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.credit = orNoLimit(&calls, "credit")
}

// SetPushURL sets where reports of calls that end from now on are pushed; empty
// for no pushes.
func (v *ITNIO) SetPushURL(address string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.pushURL = address
}

// ServeHTTP answers one request of a vendor's customer. Where the connection is
// to be cut and w cannot be hijacked, it panics with http.ErrAbortHandler, which
// an http.Server turns into a cut; a caller without a server must recover it.
func (v *ITNIO) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if v.gone(w) {
		return
	}
	path, method, serve := r.URL.Path, http.MethodGet, http.NotFound
	switch {
	case path == ITNIOSendPath:
		method, serve = http.MethodPost, v.serveSend
	case path == ITNIOBalancePath:
		serve = v.serveBalance
	case strings.HasPrefix(path, ITNIORecordPath):
		path, serve = ITNIORecordPath, v.serveRecord
	default:
		v.countRequest(path)
		serve(w, r)
		return
	}
	v.countRequest(path)
	if status := v.authenticate(r, method); status != itnioOK {
		writeJSON(w, itnioRefusal(status))
		return
	}
	serve(w, r)
}

// mayAsk says whether requests from an address are let in.
func (v *ITNIO) mayAsk(remote string) bool {
	if v.opts.AllowedIPs == nil {
		return true
	}
	from, err := netip.ParseAddrPort(remote)
	if err != nil {
		return false
	}
	for _, prefix := range v.opts.AllowedIPs {
		if prefix.Contains(from.Addr().Unmap()) {
			return true
		}
	}
	return false
}

// serveBalance is ITNIO, getBalance: both amounts are strings.
func (v *ITNIO) serveBalance(w http.ResponseWriter, r *http.Request) {
	if r.URL.RawQuery != "" {
		writeJSON(w, itnioRefusal(itnioParameter))
		return
	}
	v.mu.Lock()
	credit, halted := v.credit, v.halted
	v.mu.Unlock()
	switch {
	case halted == HaltAuth:
		writeJSON(w, itnioRefusal(itnioAccount))
		return
	case halted == HaltBalance:
		credit = 0
	case credit == NoLimit:
		credit = 1e6
	}
	writeJSON(w, itnioBalance{Status: itnioOK, Reason: itnioWords[itnioOK], Balance: itnioMoney(credit), Gift: "0.00"})
}
