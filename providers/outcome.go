package providers

import "time"

// Class says what callpacer must do about an answer. The set is closed: it is
// also the metric label.
type Class string

// The classes.
const (
	// ClassOK: the vendor accepted the request (acting) or answered it (query).
	ClassOK Class = "ok"
	// ClassPending: a query's answer is not known yet; ask again later.
	ClassPending Class = "pending"
	// ClassRetryLater: nothing was placed; the same job may be sent again later.
	ClassRetryLater Class = "retry_later"
	// ClassRateLimited: nothing was placed; this number or lane asked too often.
	// Outcome.Signal says which.
	ClassRateLimited Class = "rate_limited"
	// ClassPermanent: nothing would come of another attempt; this job fails.
	// Nothing was placed, or with PlacedMaybe: the line was dialled and failed, and
	// somebody's phone may have rung.
	ClassPermanent Class = "permanent"
	// ClassHalted: nothing was placed, and no other job of the account fares
	// better until somebody acts. Outcome.Halt says why.
	ClassHalted Class = "halted"
	// ClassUncertain: the call may exist. Never sent again by itself.
	ClassUncertain Class = "uncertain"
)

// Placed says whether the phone action may have happened.
type Placed string

// The three answers to "was somebody called?".
const (
	PlacedNo    Placed = "no"
	PlacedYes   Placed = "yes"
	PlacedMaybe Placed = "maybe"
)

// Signal is a vendor's word about its own limits, found in a refusal.
type Signal string

// The signals. The empty signal is none.
const (
	SignalNone Signal = ""
	// SignalNumberLock: the vendor locked the number; its charge stands.
	SignalNumberLock Signal = "number_lock"
	// SignalWindow: the vendor says that this is not a time of day to call.
	SignalWindow Signal = "window"
	// SignalTooFrequent: the vendor says that the account asks too often.
	SignalTooFrequent Signal = "too_frequent"
	// SignalLineBusy: one of the phones is in a call through the vendor.
	SignalLineBusy Signal = "line_busy"
	// SignalSuppressed: the vendor blacklists the number.
	SignalSuppressed Signal = "suppressed"
)

// Halt is why an account can send nothing. The empty halt is none.
type Halt string

// The halts.
const (
	HaltNone      Halt = ""
	HaltAuth      Halt = "auth"
	HaltBalance   Halt = "balance"
	HaltAccount   Halt = "account" // disabled, not opened, not permitted
	HaltConfig    Halt = "config"  // wrong base URL or method, a redirect
	HaltClockSkew Halt = "clock_skew"
)

// Outcome is what one acting request came to. The zero Outcome is not valid.
type Outcome struct {
	Class  Class
	Placed Placed
	Signal Signal
	Halt   Halt
	// Cause is set for permanent outcomes, and empty otherwise.
	Cause Cause
	// RetryAfter is the least time to wait before the next attempt; 0 leaves it
	// to the account's retry.backoff.
	RetryAfter time.Duration
	// MaxTries bounds how many attempts of a job may end like this one before it
	// ends; 0 leaves it to the account's retry.max_attempts.
	MaxTries int
	// Repeatable is true when the very same request may be sent again though this
	// one may have been heard: the vendor knows it by its request id, or doing it
	// twice is the same as doing it once.
	Repeatable bool
	// OtherX is true where only this middle number is refused: another one may be bound.
	OtherX bool
	// Unsent is true when it is proven that no byte of the request left this
	// process; such an attempt is not counted.
	Unsent bool
	// AwaitDial is set with ClassOK where nobody's phone rings before the caller
	// dials the middle number X.
	AwaitDial bool
	// VendorID names the call or binding at the vendor (Jumdata callId, Dingxin
	// and interline subid, ITNIO voiceId), also one that only may exist; TaskNo is
	// the vendor's request number; X the middle number that the vendor chose. Each
	// may be empty.
	VendorID, TaskNo, X string
	// VendorCode and VendorText are the vendor's own words, or for transport
	// trouble a short fixed word such as "timeout". They hold no phone number,
	// no secret and no URL, and at most 200 characters.
	VendorCode, VendorText string
}

// Report is evidence about one call, from a push or a query.
type Report struct {
	VendorID string // the call or binding at the vendor; empty only where Ref is not
	Ref      string // our reference, echoed; empty where the vendor did not
	// Task names one call where VendorID stands for several, and is unique only
	// together with it: interline's taskid of a call over a binding, or the start of
	// a connection's call in Unix seconds (Dingxin, where B may call back over X
	// under the same subid). Every report of one call bears the same Task, from its
	// beginning to its CDR and however often it is repeated. Empty: the vendor knows
	// one call per VendorID, or this report does not tell which one it is about. At
	// most 64 bytes.
	Task string
	Kind ReportKind
	// State is empty when this report changes nothing (a value we don't know).
	State    State
	Cause    Cause
	Evidence Evidence
	// VendorCode and VendorText are the vendor's raw words (as in Outcome).
	VendorCode, VendorText string
	SIP, Q850              int            // 0: none
	Duration               *time.Duration // of the talk; nil: not told
	Billed                 *time.Duration // what the vendor charges for; nil: not told
	Billable               *bool          // nil: not told
	// Cost is a decimal number in Currency (ISO 4217); empty: not told.
	Cost, Currency string
	DTMF           string // keys pressed; empty: none
	HangupBy       string // "caller", "callee" or "platform"; empty: not told
	// Recording is where the audio lies: a URL, or a path at the vendor.
	Recording string
	// UserData is what the application gave with a binding, echoed.
	UserData string
	// From and To are the parties of a call over a binding, in clear.
	From, To string
	// Began, Answered and Released are the vendor's times of the call; zero: not told.
	Began, Answered, Released time.Time
	// Conflict is true where the vendor's own fields contradict each other.
	Conflict bool
}

// ReportKind says what a report is about.
type ReportKind string

// The kinds of reports.
const (
	ReportCall  ReportKind = ""           // how a call stands, or ended
	ReportStart ReportKind = "call_start" // a call over a binding begins
	// ReportSMS: somebody sent a message to a middle number. Its content is
	// dropped by the adapter: it is a private letter.
	ReportSMS ReportKind = "sms"
)

// State is a call's state as a vendor's evidence can give it.
type State string

// The states that evidence can bring.
const (
	StateRinging    State = "ringing"
	StateInProgress State = "in_progress"
	StateCompleted  State = "completed"
	StateBusy       State = "busy"
	StateNoAnswer   State = "no_answer"
	StateRejected   State = "rejected"
	StateCanceled   State = "canceled" // the caller gave up before an answer
	StateFailed     State = "failed"
)

// Evidence orders reports: of two final ones of equal rank the stronger stays.
type Evidence int

// From weak to strong.
const (
	EvidenceTimeout  Evidence = 1 // no answer in time
	EvidencePush     Evidence = 2 // a push that tells a status and no duration
	EvidenceQuery    Evidence = 3 // a poll's answer
	EvidenceDuration Evidence = 4 // a CDR with a duration
)

// Cause says why a call ended as it did, in one vocabulary for all vendors.
type Cause string

// The causes.
const (
	CauseAnswered        Cause = "answered"
	CauseEarlyHangup     Cause = "early_hangup"
	CauseBusy            Cause = "busy"
	CauseNoAnswer        Cause = "no_answer"
	CauseRejected        Cause = "rejected"
	CauseUnreachable     Cause = "unreachable"
	CausePowerOff        Cause = "power_off"
	CauseOutOfService    Cause = "out_of_service"
	CauseInvalidNumber   Cause = "invalid_number"
	CauseNumberChanged   Cause = "number_changed"
	CauseBarred          Cause = "barred"
	CauseCallerHangup    Cause = "caller_hangup"
	CauseCongestion      Cause = "congestion"
	CauseNetworkFailure  Cause = "network_failure"
	CauseNoRoute         Cause = "no_route"
	CauseProtocolError   Cause = "protocol_error"
	CauseRingTimeout     Cause = "ring_timeout"
	CauseIncompatible    Cause = "incompatible"
	CauseSelfCall        Cause = "self_call"
	CausePolicyWindow    Cause = "policy_window"
	CausePolicyFrequency Cause = "policy_frequency"
	CauseSuppressed      Cause = "suppressed"
	CauseBindingMissing  Cause = "binding_missing"
	CauseBindingConflict Cause = "binding_conflict"
	CauseAccount         Cause = "account"
	CausePlatform        Cause = "platform"
	CauseUnknown         Cause = "unknown"
)
