package sandbox

import (
	"net/http"
	"net/netip"
	"time"
)

// ITNIOMissing is what a query for a record that does not exist yet answers.
type ITNIOMissing string

// The answers for a missing record.
const (
	ITNIONotFound  ITNIOMissing = "-24"
	ITNIOBadID     ITNIOMissing = "-22"
	ITNIONullData  ITNIOMissing = "null"  // status 0 and data null
	ITNIOEmptyData ITNIOMissing = "empty" // status 0 and data {}
)

// ITNIOPush is how voice reports are pushed.
type ITNIOPush string

// The ways to push: one report each (pushVoiceReport), several in one array
// (pushVoiceReportBatch), or none.
const (
	ITNIOPushSingle ITNIOPush = "single"
	ITNIOPushBatch  ITNIOPush = "batch"
	ITNIOPushNone   ITNIOPush = "none"
)

// ITNIOSuccess is the terminationCode of a call that was answered: the vendor's
// pages name three.
type ITNIOSuccess string

// The codes of an answered call.
const (
	ITNIOSuccess1000 ITNIOSuccess = "1000"
	ITNIOSuccess0    ITNIOSuccess = "0"
	ITNIOSuccess200  ITNIOSuccess = "200"
)

// ITNIOOptions configure a simulated ITNIO. The zero value of a field means its
// default; APIKey, APISecret and AppID have none.
type ITNIOOptions struct {
	APIKey, APISecret string
	// AppID is the voice application that send requests must name.
	AppID string

	// Now is the vendor's clock. Default time.Now. It should move at the pace of
	// real time (inside synctest: the bubble's), because pushes are sent by timers.
	Now func() time.Time
	// Location is the zone of a record's times. Default +08:00.
	Location *time.Location

	// AllowedIPs are the addresses that may ask; others get status -2. Default: all.
	AllowedIPs []netip.Prefix
	// TimestampTolerance is how far a request's Timestamp may be off. Default 5 min.
	TimestampTolerance time.Duration
	// MaxCallees is how many callees a request may name, MaxLoops its highest
	// loopCount: the vendor's pages differ. Default 200 and 3.
	MaxCallees, MaxLoops int
	// Credit is how many calls the account can pay for; then -10. Default NoLimit.
	Credit *int

	// Limiter is how many acting requests are taken per second. More answer
	// HTTP 429: the documents have no status for it. Default: any number.
	Limiter Limiter
	// Latency is how long answers to acting requests are held back.
	Latency time.Duration

	// RingFor is how long a callee's phone rings, TalkFor how long an answered
	// call lasts after that. Default 300 ms each.
	RingFor, TalkFor time.Duration
	// Behave says what becomes of calls to a callee. Default ITNIOBehaviourOf. It
	// is called from many goroutines at once, with whatever came as callee.
	Behave func(callee string) Behaviour

	// RecordDelay is how long after a call was placed there is no record of it.
	// Default 300 ms; negative for none.
	RecordDelay time.Duration
	// Missing is what a query for no record answers. Default ITNIONotFound.
	Missing ITNIOMissing
	// Success is the terminationCode of answered calls in records and reports.
	// Default ITNIOSuccess1000.
	Success ITNIOSuccess
	// Currency of the quotation, with which the settlement fields are filled.
	// Default: US dollars, which leave those fields out.
	Currency string

	// PushURL is where all reports of the account go. Default: nowhere.
	PushURL string
	// Push is how they are pushed. Default ITNIOPushSingle.
	Push ITNIOPush
	// BatchEvery is how long a batch collects reports. Default 300 ms.
	BatchEvery time.Duration
	// PushClient sends pushes. Default: an own client with timeouts that connects
	// to loopback addresses only, uses no proxy and follows no redirect.
	PushClient *http.Client
	// PushCopies is how often each push is sent, all at once. Default 1.
	PushCopies int
	// PushDelay is the time between a call's end and its push.
	PushDelay time.Duration
	// PushRetryBase is the wait before the first repetition of a push that was
	// not acknowledged by HTTP 200; the second waits twice, the third four times
	// as long. Default 1 s.
	PushRetryBase time.Duration
}

// withDefaults fills what is unset, and panics on what can only be a mistake of
// the program that sets it.
func (o ITNIOOptions) withDefaults() ITNIOOptions {
	if o.APIKey == "" || o.APISecret == "" || o.AppID == "" {
		panic("sandbox: ITNIOOptions needs APIKey, APISecret and AppID")
	}
	oneOf(&o.Missing, "ITNIOOptions.Missing", ITNIONotFound, ITNIOBadID, ITNIONullData, ITNIOEmptyData)
	oneOf(&o.Push, "ITNIOOptions.Push", ITNIOPushSingle, ITNIOPushBatch, ITNIOPushNone)
	oneOf(&o.Success, "ITNIOOptions.Success", ITNIOSuccess1000, ITNIOSuccess0, ITNIOSuccess200)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Location == nil {
		o.Location = shanghai()
	}
	if o.Behave == nil {
		o.Behave = ITNIOBehaviourOf
	}
	if o.PushClient == nil {
		o.PushClient = loopbackClient()
	}
	if o.MaxCallees == 0 {
		o.MaxCallees = 200
	}
	if o.MaxLoops == 0 {
		o.MaxLoops = 3
	}
	o.PushCopies = max(o.PushCopies, 1)
	setDefault(&o.RingFor, briefly)
	setDefault(&o.TalkFor, briefly)
	setDefault(&o.RecordDelay, briefly)
	setDefault(&o.BatchEvery, briefly)
	setDefault(&o.TimestampTolerance, 5*time.Minute)
	setDefault(&o.PushRetryBase, time.Second)
	return o
}
