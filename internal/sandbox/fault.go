package sandbox

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"
)

type faultKind string

const (
	faultNone      faultKind = ""
	faultCut       faultKind = "cut"
	faultHang      faultKind = "hang"
	faultSlow      faultKind = "slow"
	faultAnswer    faultKind = "answer"
	faultStatus    faultKind = "status"
	faultGarbage   faultKind = "garbage"
	faultTruncated faultKind = "truncated"
	faultOversize  faultKind = "oversize"
	faultRedirect  faultKind = "redirect"
)

// Fault is what goes wrong with one send request; the zero Fault is nothing.
// "Placed" means that the vendor first acts on the request as always, by its
// rules; an unplaced fault touches neither counts nor locks.
type Fault struct {
	kind     faultKind
	placed   bool
	delay    time.Duration // of a slow answer; of a 429: the wait it asks for
	code     int
	msg      string
	location string
}

// FaultCut resets the connection instead of answering.
func FaultCut(placed bool) Fault { return Fault{kind: faultCut, placed: placed} }

// FaultHang answers nothing until the client leaves or the vendor is closed.
func FaultHang(placed bool) Fault { return Fault{kind: faultHang, placed: placed} }

// FaultSlow acts at once and answers after d.
func FaultSlow(d time.Duration) Fault { return Fault{kind: faultSlow, placed: true, delay: d} }

// FaultAnswer answers a code and message in the vendor's JSON; nothing is placed.
func FaultAnswer(code int, msg string) Fault { return Fault{kind: faultAnswer, code: code, msg: msg} }

// faultAnswerPlaced acts on the request and then answers a code that says it failed.
func faultAnswerPlaced(code int, msg string) Fault {
	return Fault{kind: faultAnswer, placed: true, code: code, msg: msg}
}

// FaultStatus answers an HTTP status with a page that is not JSON.
func FaultStatus(status int, placed bool) Fault {
	return Fault{kind: faultStatus, placed: placed, code: status}
}

// FaultTooMany answers HTTP 429 with a Retry-After in whole seconds, begun ones
// counted; nothing is placed.
func FaultTooMany(retryAfter time.Duration) Fault {
	return Fault{kind: faultStatus, code: http.StatusTooManyRequests, delay: retryAfter}
}

// FaultGarbage answers HTTP 200 with bytes that are not JSON.
func FaultGarbage(placed bool) Fault { return Fault{kind: faultGarbage, placed: placed} }

// FaultTruncated answers HTTP 200 with the first half of the true JSON answer.
func FaultTruncated() Fault { return Fault{kind: faultTruncated, placed: true} }

// FaultOversize answers with 2 MiB of valid JSON whose ids come last.
func FaultOversize() Fault { return Fault{kind: faultOversize, placed: true} }

// FaultRedirect answers 307 to location; an empty one is the address that was
// asked, so a client that follows it sends again.
func FaultRedirect(location string, placed bool) Fault {
	return Fault{kind: faultRedirect, placed: placed, location: location}
}

// FaultRate is a fault and the share of requests, 0 to 1, that it happens to.
type FaultRate struct {
	Rate  float64
	Fault Fault
}

// RandomFaults is a function for SetFault that draws a fault for each request by
// the given rates, whose sum is at most 1. The draw depends on the seed and the
// request's Seq alone, so a run can be had again.
func RandomFaults(seed uint64, rates ...FaultRate) func(SendAttempt) Fault {
	return func(a SendAttempt) Fault {
		//nolint:gosec // G404, G115: dice for a test, not a secret; Seq counts from 1
		drawn := rand.New(rand.NewPCG(seed, uint64(a.Seq))).Float64()
		for _, r := range rates {
			if drawn < r.Rate {
				return r.Fault
			}
			drawn -= r.Rate
		}
		return Fault{}
	}
}

// withoutPlacing says in words what an unplaced fault did to a request.
func (f Fault) withoutPlacing() string {
	if f.kind == faultAnswer {
		return fmt.Sprintf("refused: %d %s", f.code, f.msg)
	}
	return fmt.Sprintf("%s, nothing placed", f.kind)
}

// SendAttempt is a send request as SetFault's function sees it: its fields as
// they came, before they are checked. Fields that a vendor does not have are
// empty.
type SendAttempt struct {
	// Seq counts authenticated send requests from 1.
	Seq          int
	Kind         RequestKind
	Method       string
	From         string // the caller, where the request names one that is a phone
	Mobile       string // the callee or callees
	Ref          string // "<job>.<attempt>", or whatever came in its place
	TemplateID   string // the template or the voice file
	Param        string
	PlayTimes    string
	NotifyURL    string
	At           time.Time
	SeenRef      int // how often this Ref came, this time included; 0 without one
	SeenMobile   int // how often this Mobile came, this time included
	LockedNumber bool
}
