package configs

import (
	"net/netip"
	"time"

	"github.com/callpacer/callpacer/internal/secret"
)

// Account is one set of credentials at one vendor, with its rules.
type Account struct {
	Name   string
	Vendor string
	Group  string // accounts of one group share per-number counts and state
	// BaseURL and RecordingBaseURL have no slash at the end; the latter is empty
	// where the vendor serves recordings from BaseURL.
	BaseURL          string
	RecordingBaseURL string
	AllowPlainHTTP   bool
	AllowEndless     bool // bindings of mode xa without a ttl
	Credentials      map[string]secret.String
	Concurrency      int           // worker slots per process
	Timeout          time.Duration // one vendor request
	Retry            Retry
	Rules            Rules
	Poll             Poll
	// InDoubtDeadline is how long an attempt may stay in doubt before its job
	// ends unknown.
	InDoubtDeadline time.Duration
	Breaker         Breaker
	Push            Push
	// Pool holds the middle numbers that a binding may be given where it names
	// none: normalised digits (a foreign one behind a "+"), in the file's order,
	// each once. Empty: none.
	Pool   []string
	Probe  *Probe  // nil: the account is not probed
	Redial *Redial // nil: no call is made again
	// Switches are the per-vendor switches that were set ("code_500": "retry");
	// the adapter knows the defaults of the others.
	Switches map[string]string
	// LimitPatterns replace the adapter's lists of message patterns, by list name.
	LimitPatterns map[string][]string
}

// Credential returns a credential in clear, or "" when it is not set. Its
// shape is what the vendors' adapters ask for.
func (a *Account) Credential(name string) string { return a.Credentials[name].Reveal() }

// Retry says when an attempt that provably placed no call is made again.
type Retry struct {
	MaxAttempts int
	Backoff     []time.Duration // the last one repeats
}

// Poll says when a submitted call's outcome is asked for.
type Poll struct {
	First   time.Duration   // after the submission
	Backoff []time.Duration // between later polls; the last one repeats
	GiveUp  time.Duration   // after the submission: the job ends unknown
}

// Breaker closes a lane after consecutive failures and tries again later.
type Breaker struct {
	After   int           // failures in a row
	Open    time.Duration // the first pause; it grows
	MaxOpen time.Duration
}

// Push says how a vendor's pushes are received.
type Push struct {
	AllowCIDRs []netip.Prefix // empty: from anywhere
	Ack        Ack
}

// Ack overrides the answer to a vendor's push; zero fields keep the adapter's.
type Ack struct {
	Status      int
	ContentType string
	Body        string
}

// Rules are what an account must never break. They are complete: the vendor's
// defaults are merged in. A rule that is none was switched off by the word
// "off" or is none by the vendor's default; it never comes from a zero.
type Rules struct {
	Window *Window // nil: any time
	// PerNumber must all pass; empty: no quota per number.
	PerNumber   []PerNumber
	OneAtATime  bool
	Lockout     time.Duration // 0: none
	Rate        Rate
	QueryRate   Rate
	MaxInFlight int // 0: none
	DailyCap    int // 0: none
	// DayZone is where a calendar day begins and ends: the window's time zone,
	// or Asia/Shanghai where there is no window. Never nil.
	DayZone *time.Location
}

// Window is when calls may be placed: [Open, Close) on the wall clock of Zone.
type Window struct {
	// Open and Close are durations since midnight, Open below 24 h, Close up to
	// 24 h. Close before Open means that the window crosses midnight; it then
	// belongs to the day on which it opened. They are never equal.
	Open, Close time.Duration
	Zone        *time.Location
	// OpenGuard and EndGuard shorten the window at its two ends, together by
	// less than its length.
	OpenGuard, EndGuard time.Duration
	Blackout            []string       // days without calls, YYYY-MM-DD, sorted
	Weekdays            []time.Weekday // in the order given; empty: every day
}

// AlwaysOpen reports whether the window is 00:00–24:00, whose guards do not
// count. Blackout days and weekdays still do.
func (w *Window) AlwaysOpen() bool { return w.Open == 0 && w.Close == 24*time.Hour }

// Length is how long the window is open on one day, guards not taken off.
func (w *Window) Length() time.Duration {
	if w.Close > w.Open {
		return w.Close - w.Open
	}
	return 24*time.Hour - w.Open + w.Close
}

// PerNumber is a quota of calls to one number.
type PerNumber struct {
	Limit       int
	CalendarDay bool          // per day of Rules.DayZone; Per and Margin are 0
	Per         time.Duration // per rolling span
	Margin      time.Duration // added to Per, for clocks that disagree
}

// Rate is a rate for the whole fleet.
type Rate struct {
	Off       bool // no rate limit; the other fields are 0
	PerSecond float64
	Burst     int
}
