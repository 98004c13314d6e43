// Package providers is the contract between callpacer and its voice vendors:
// what a vendor's adapter can do, and the one vocabulary in which it answers.
// A vendor's own codes never appear outside its adapter's folder.
package providers

import (
	"context"
	"io"
	"net/http"
	"time"
)

// Permit is the right to send one acting request. It is over when either
// clock says so, and the zero Permit never allows anything.
type Permit struct {
	// Until is compared on the monotonic clock: build it with
	// time.Now().Add(left), never from a stored time.
	Until time.Time
	// Wall is the same instant as Unix milliseconds of this machine's wall
	// clock, for machines whose monotonic clock stands still while suspended.
	Wall int64
}

// Line is a connection to a vendor that is dialled, shaken and idle: ready to
// carry exactly one acting request. Close is safe after Do, and more than once.
type Line interface {
	// Do sends the request and reads the whole answer. The first byte leaves only
	// while the permit holds. The error, where there is one, is a *TransportError.
	// ctx bounds the exchange.
	Do(ctx context.Context, req *http.Request, permit Permit) (Reply, error)
	// Stale says that the line has been idle too long to be trusted at now.
	Stale(now time.Time) bool
	Close() error
}

// Reply is a vendor's whole HTTP answer, its body within the cap.
type Reply struct {
	Status int
	Header http.Header
	Body   []byte
}

// Acting vendors dial ahead: the connection is ready before the right to send
// is asked for, so that a slow handshake cannot eat the permit.
type Acting interface {
	Ready(ctx context.Context) (Line, error)
}

// Notifier plays a message to one phone.
type Notifier interface {
	Acting
	// Notify makes one request and says what it came to. It signs at the moment
	// of the call and never sends twice.
	Notify(ctx context.Context, line Line, permit Permit, n Notification) Outcome
}

// Notification is what a Notifier sends.
type Notification struct {
	To       string   // normalised number, as the vendor wants it
	Template string   // the vendor's template (Jumdata) or file (ITNIO)
	Params   []string // template variables, in order
	Times    int      // how often to play, 1..3; 0: the vendor's default
	PushURL  string   // where the vendor reports; empty: no push wanted
	Ref      string   // "<job id>.<attempt>", echoed by vendors that can
}

// Connector connects two phones through a middle number.
type Connector interface {
	Acting
	// Connect makes one request and says what it came to, as Notify does.
	Connect(ctx context.Context, line Line, permit Permit, c Connection) Outcome
}

// Connection is what a Connector sends.
type Connection struct {
	From, To string // normalised numbers: the caller A and the callee B
	PushURL  string // where the vendor reports; empty: no push wanted
	Ref      string // "<job id>.<attempt>", echoed by vendors that can
}

// Binder makes and releases bindings of privacy numbers.
type Binder interface {
	Acting
	// Bind makes one request and says what it came to, as Notify does.
	Bind(ctx context.Context, line Line, permit Permit, b Binding) Outcome
	// Unbind makes one request. A binding that is not there counts as released
	// where it is Known.
	Unbind(ctx context.Context, line Line, permit Permit, u Unbinding) Outcome
}

// Mode is how a middle number X is bound.
type Mode string

// The modes.
const (
	ModeAXB Mode = "axb" // A and B reach each other through X
	ModeXA  Mode = "xa"  // whoever calls X reaches A
)

// Binding is what a Binder binds.
type Binding struct {
	Mode    Mode
	X, A, B string        // digits; B only in mode axb
	TTL     time.Duration // whole seconds; 0, in mode xa only: without end
	Record  bool
	Display string   // axb: "0,0".."1,1", xa: "0" or "1"; empty: X is shown
	Prompts []string // ids of announcements before the connection, as the vendor orders them
	// AnswerPrompts are ids of announcements after the connection: one, or one per side.
	AnswerPrompts []string
	UserData      string // of the application, echoed in reports
	Ref           string // the job's id, echoed in reports
	// RequestID is globally unique and the same in every request of the job.
	RequestID string
	// Repeated is true when an earlier request with this RequestID may have been heard.
	Repeated bool
}

// Unbinding names the binding to release.
type Unbinding struct {
	Mode     Mode
	X        string // mode xa
	VendorID string // mode axb: the binding at the vendor
	// Known is true when our own record says that the binding was made: that it is
	// not found then means that it is gone.
	Known bool
	// Repeated is true when an earlier request of the same job may have been heard.
	Repeated bool
}

// Poller asks a vendor how a call ended.
type Poller interface {
	Poll(ctx context.Context, q Query) PollResult
}

// Query names the call to ask about.
type Query struct {
	To        string // the number called; some vendors want it back; may be empty
	VendorID  string
	Submitted time.Time // when the vendor accepted it, by our clock; zero: not known
}

// RecordingFetcher downloads the audio of a call.
type RecordingFetcher interface {
	FetchRecording(ctx context.Context, q RecordingQuery) RecordingResult
}

// RecordingQuery names a recording.
type RecordingQuery struct {
	VendorID string // the call
	Path     string // as the call's report told it; empty: the vendor needs none
	// Ended is when the call ended, by our clock or the vendor's; zero: not known.
	// What is missing soon after it may still come.
	Ended time.Time
}

// RecordingResult is the answer to a recording query. Audio counts only with
// ClassOK, and its reader must close it. Only io.EOF says that all of it was read;
// any other error is a *TransportError. With ClassPending the recording may still
// come, with ClassRetryLater this query went wrong, and with ClassPermanent no
// query of it will bring audio. ClassHalted speaks of the account's reads.
type RecordingResult struct {
	Class      Class
	Halt       Halt
	RetryAfter time.Duration // least wait before the next query; 0: none given
	VendorCode string
	VendorText string
	Audio      io.ReadCloser
	Type       string // the audio's media type, by its first bytes
}

// AccountProber asks how an account stands.
type AccountProber interface {
	Probe(ctx context.Context) ProbeResult
}

// ProbeResult is what a vendor says of an account.
type ProbeResult struct {
	Class      Class
	Halt       Halt
	RetryAfter time.Duration // least wait before the next probe; 0: none given
	VendorCode string
	VendorText string
	// State is trial, active, suspended or closed; empty: not told.
	State string
	// Balance and Overdraft are decimal numbers in Currency (ISO 4217); empty: not told.
	Balance, Overdraft, Currency string
}

// PollResult is a query's answer. Report counts only with ClassOK.
//
// ClassRateLimited is about the account, not about this call: the vendor limits
// queries, and none of the account should be made for RetryAfter, which is then
// never 0. With ClassPending and ClassRetryLater only this item waits:
// pending means that the vendor answered and does not know the end yet. With
// ClassPermanent no query of this item will be answered. ClassHalted speaks of
// the account; what it says of calls that were placed is nothing.
type PollResult struct {
	Class      Class
	Halt       Halt
	RetryAfter time.Duration // least wait before the next query; 0: none given
	Report     Report
	VendorCode string
	VendorText string
}

// PushParser reads what a vendor pushes.
type PushParser interface {
	// ParsePush returns every report in the push, in order. An error means that
	// nothing could be read; it holds no byte of the push.
	ParsePush(p Push) ([]Report, error)
	// Ack is the answer that the vendor expects to a push.
	Ack() Ack
}

// PushBlanker takes out of a push what is nobody's business, before it is put aside
// because it could not be matched or read.
type PushBlanker interface {
	// BlankPush returns the push without any private letter.
	BlankPush(p Push) Push
}

// Push is one request from a vendor, as it came.
type Push struct {
	Method      string
	ContentType string
	RawQuery    string
	Body        []byte
}

// Ack is an answer to a push.
type Ack struct {
	Status      int
	ContentType string
	Body        string
}

// ClockWatcher sees how far a vendor's clock is from ours.
type ClockWatcher interface {
	// Skew is how far the vendor's clock was ahead of this machine's in its last
	// answer; negative: behind, 0: not known.
	Skew() time.Duration
}

// Traits are what a vendor's requests can carry, for those who check jobs
// before they reach an adapter.
type Traits struct {
	International  bool // numbers beyond 11-digit mainland mobiles
	Params         bool // templates take variables
	PollNeedsTo    bool // a query wants the number called
	MaxTimes       int  // of a message's repetition; 0: 3
	MaxNumberBytes int  // of a number in a binding; 0: 24
	// RecordingsKept is how long the vendor keeps a call's recording after its end;
	// 0: not told.
	RecordingsKept time.Duration
	AccountPush    bool // pushes go to one address, set on the vendor's side; else to one told with each call
}

// Settings is what an adapter is built from: an account's part of the
// configuration. An adapter applies its own defaults and checks what it uses.
type Settings struct {
	Account string
	BaseURL string
	// RecordingBaseURL is where recordings lie, for vendors with another host for them.
	RecordingBaseURL string
	// Credential returns a named credential ("app_id"), or "". It is a function
	// so that no printer can show one.
	Credential     func(name string) string
	Timeout        time.Duration // one request, from the first byte to the last of the answer
	AllowPlainHTTP bool          // http:// to a host that is not loopback
	// Switches are the account's per-vendor switches that were set
	// ("code_500": "retry"); unset ones keep the adapter's default.
	Switches map[string]string
	// LimitPatterns replace the adapter's lists of message patterns, by list
	// name; the patterns are regular expressions.
	LimitPatterns map[string][]string
	// Ack overrides the adapter's acknowledgement, field by field where set.
	Ack Ack
	// Now is the clock that stamps requests.
	Now func() time.Time
}
