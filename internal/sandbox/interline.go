package sandbox

import (
	"math/rand/v2"
	"net/http"
	"strings"
	"time"
)

// The paths of the platform's endpoints (云通信平台, 隐私业务-移动号码, 3.1 and 4).
// X follows InterlinePath after a slash; the paths of XA end in InterlineTransfer.
const (
	InterlineStatusPath    = "/api/v1/account/status"
	InterlinePath          = "/igw/service/uc/interline"
	InterlineTransfer      = "/transfer"
	InterlineRecordingPath = "/recording/"
)

// Interline is a simulated interline privacy-number platform: an http.Handler
// that checks requests as the vendor's document says, binds numbers, ends
// bindings by their ttl, plays calls to bound numbers, pushes what it knows of
// them and keeps evidence of everything. All methods are safe for concurrent use.
//
// Every answer with a JSON body has HTTP status 200 but the refusal of a
// signature, 401: the document tells all other codes in the body only.
//
// The function given to SetFault, and Attempts, see every authenticated request:
// TemplateID is the operation, Param the X or the subid, From is A, Mobile is B,
// Ref the reqid, CallID the subid of the binding it made.
type Interline struct {
	vendor
	shelf
	opts InterlineOptions

	outcome    InterlineOutcome
	account    InterlineAccount
	created    time.Time // the account
	changed    time.Time // the account's last business
	lastID     int64
	made       []*InterlineBinding
	active     []*InterlineBinding // may hold ended ones until the next look
	reqids     map[string]*interlineReqid
	requests   []InterlineRequest // beside the attempts of the same index
	unbinds    []InterlineUnbind
	calls      []InterlineCall
	recordings map[string]interlineRecording // by path
	recorded   []string                      // their paths, in order
	counts     InterlineCounts
}

var _ http.Handler = (*Interline)(nil)

// NewInterline makes a simulated platform. It panics on options that can only be
// a mistake: no credentials, an unknown mode. Under synctest it belongs inside
// the bubble.
func NewInterline(opts InterlineOptions) *Interline {
	opts = opts.withDefaults()
	v := &Interline{
		opts:    opts,
		account: InterlineAccount{State: 1, Role: "developer", Balance: 100},
		created: opts.Now(),
		changed: opts.Now(),
		// A random start, so that ids of two runs do not meet in one Redis.
		lastID:     1e17 + rand.Int64N(8e17),
		reqids:     map[string]*interlineReqid{},
		recordings: map[string]interlineRecording{},
	}
	v.counts.Codes = map[int]int{}
	v.open(opts.Now, pushOptions{
		client: opts.PushClient, copies: opts.PushCopies, retryBase: opts.PushRetryBase, forever: true, taken: takenByStatus,
	}, load{opts.Limiter, opts.Latency})
	return v
}

// ServeHTTP answers one request of a developer of the platform. Where the
// connection is to be cut and w cannot be hijacked, it panics with
// http.ErrAbortHandler, which an http.Server turns into a cut; a caller without
// a server must recover it.
func (v *Interline) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if v.gone(w) {
		return
	}
	audio := strings.HasPrefix(r.URL.Path, InterlineRecordingPath)
	if (!audio || v.opts.RecordingsNeedSignature) && !v.authentic(r.Header.Values("Authorization")) {
		v.refuseSignature(w)
		return
	}
	if audio {
		v.serveRecording(w, r)
		return
	}
	op, x := interlineRoute(r)
	if op == "" {
		v.mu.Lock()
		v.counts.Codes[interlineNoURL]++
		v.mu.Unlock()
		writeJSON(w, interlineRefusal(interlineNoURL))
		return
	}
	fields, err := form(w, r, http.MethodPut)
	seen := v.receive(op, x, r, fields)
	defer seen.end()
	index, fault := seen.index, seen.ask()
	answer := interlineRefusal(interlineParameter)
	switch {
	case fault.kind != faultNone && !fault.placed:
		v.note(index, fault.withoutPlacing())
	case err != nil:
		v.settle(index, answer, fault)
	default:
		if answer, fault, err = v.act(op, x, fields, index, fault); err != nil {
			cut(w) // closed while it was at work
			return
		}
	}
	v.deliver(w, r, seen, fault, answer)
}

// interlineRoute says which operation a request asks for, and on which X; an
// empty operation is one that the document does not have.
func interlineRoute(r *http.Request) (op InterlineOp, x string) {
	switch {
	case r.URL.Path == InterlineStatusPath && r.Method == http.MethodGet:
		return InterlineStatus, ""
	case r.URL.Path == InterlinePath && r.Method == http.MethodDelete:
		return InterlineUnbindAXB, ""
	}
	x, inside := strings.CutPrefix(r.URL.Path, InterlinePath+"/")
	x, transfer := strings.CutSuffix(x, InterlineTransfer)
	if !inside || x == "" || strings.Contains(x, "/") {
		return "", ""
	}
	switch {
	case r.Method == http.MethodPut && transfer:
		return InterlineBindXA, x
	case r.Method == http.MethodPut:
		return InterlineBindAXB, x
	case r.Method == http.MethodDelete && transfer:
		return InterlineUnbindXA, x
	default:
		return "", ""
	}
}
