package providers

import (
	"net/http"
	"time"
)

// Stage is how far a request came before its transport failed.
type Stage string

// The stages.
const (
	StageDial    Stage = "dial"    // name, connection, handshake
	StageRefused Stage = "refused" // the permit was over before the first byte
	StageWrite   Stage = "write"   // while writing
	StageRead    Stage = "read"    // after the request was written
	StageBody    Stage = "body"    // the answer was too large or cut short
)

// TransportError is a request that brought no usable HTTP answer. It carries
// no URL, no secret and no number.
type TransportError struct {
	Stage Stage
	// Written is true unless it is proven that no byte of the request left.
	Written bool
	// Reason is a short fixed word: timeout, canceled, refused, reset, eof, dns,
	// tls, too_large, truncated, permit_over, network.
	Reason string
}

// Error implements error.
func (e *TransportError) Error() string {
	sent := "nothing was sent"
	if e.Written {
		sent = "the request may have arrived"
	}
	return "vendor " + string(e.Stage) + ": " + e.Reason + " (" + sent + ")"
}

// ActingTransport is the outcome of an acting request whose transport failed.
func ActingTransport(e *TransportError) Outcome {
	o := Outcome{Class: ClassUncertain, Placed: PlacedMaybe, VendorText: e.Reason}
	if !e.Written {
		o.Class, o.Placed, o.Unsent = ClassRetryLater, PlacedNo, true
	}
	return o
}

// ActingStatus is the outcome of an acting request that was answered without
// the vendor's own JSON: the HTTP status alone has to do. A 200 whose body
// says nothing is uncertain, and so is every 5xx: a gateway answers those
// after the vendor was reached, too.
func ActingStatus(status int) Outcome {
	o := Outcome{VendorCode: "http_" + itoa(status), Placed: PlacedNo}
	switch {
	case status == http.StatusTooManyRequests:
		o.Class, o.Signal = ClassRateLimited, SignalTooFrequent
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusProxyAuthRequired:
		o.Class, o.Halt = ClassHalted, HaltAuth
	case status == http.StatusNotFound, status == http.StatusMethodNotAllowed:
		o.Class, o.Halt = ClassHalted, HaltConfig
	case status >= 300 && status < 400:
		o.Class, o.Halt, o.Placed = ClassHalted, HaltConfig, PlacedMaybe
	case status >= 400 && status < 500:
		o.Class, o.Cause = ClassPermanent, CausePlatform
	default:
		o.Class, o.Placed = ClassUncertain, PlacedMaybe
	}
	return o
}

// QueryLimited is the wait where a vendor limits queries and names no time.
const QueryLimited = 30 * time.Second

// QueryStatus is the class of a query answered without the vendor's own JSON;
// asked is the wait that its Retry-After header asks for, 0 where it asks for
// none. A read never halts a lane: only this item waits, or with
// ClassRateLimited the account's queries.
func QueryStatus(status int, asked time.Duration) PollResult {
	r := PollResult{Class: ClassRetryLater, RetryAfter: asked, VendorCode: "http_" + itoa(status)}
	if status == http.StatusTooManyRequests {
		r.Class = ClassRateLimited
		if asked <= 0 {
			r.RetryAfter = QueryLimited
		}
	}
	return r
}

func itoa(n int) string {
	if n < 0 || n > 999 {
		return "other"
	}
	return string([]byte{byte('0' + n/100), byte('0' + n/10%10), byte('0' + n%10)})
}
