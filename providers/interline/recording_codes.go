package interline

import (
	"net/http"
	"time"

	"github.com/callpacer/callpacer/internal/vendorhttp"
	"github.com/callpacer/callpacer/providers"
)

const (
	// settling is how long after a call its recording may be on its way.
	settling = 10 * time.Minute
	// missingFor is when the vendor's word that there is none is believed.
	missingFor = 24 * time.Hour
	waitReady  = time.Minute
	waitSeldom = 10 * time.Minute
)

// recordingRefusal classifies what came in the place of audio. The document has
// no codes for downloads; those of the API are read, whatever the HTTP status. An
// address that is not mapped (1001) speaks of one path, which a push told, and
// not of the account.
//
// 云通信平台, 1 错误码定义.
func (a *Adapter) recordingRefusal(reply providers.Reply, ans answer, parsed bool, ended time.Time) providers.RecordingResult {
	now := a.clock.Ours()
	asked := vendorhttp.RetryAfter(reply.Header, now)
	if !parsed {
		return bareRefusal(reply, asked, ended, now)
	}
	r := providers.RecordingResult{Class: providers.ClassRetryLater,
		VendorCode: a.cfg.words.Code(ans.raw), VendorText: a.cfg.words.Text(ans.reason)}
	switch ans.code {
	case codeOK:
		r.VendorText, r.RetryAfter = "success without audio", waitSeldom
	case codeNoTask, codeNoResource:
		r.Class, r.RetryAfter = notThere(ended, now)
	case codeParameter, codeVerification:
		r.Class = providers.ClassPermanent
	case codeNoURL:
		r.RetryAfter = waitSeldom
	case codeNoAccount, codeDisabled, codeNotPermitted, codeACL, codeNoBalance:
		if a.recordings.signed { // no other listener knows who asks
			r.Class, r.Halt = providers.ClassHalted, accountHalt(ans.code)
		}
	case codeRate:
		r.Class, r.RetryAfter = providers.ClassRateLimited, waitTooFrequent
	case codeMaintenance:
		r.RetryAfter = waitMaintenance
	}
	r.RetryAfter = max(r.RetryAfter, asked)
	return r
}

// bareRefusal has the HTTP status alone. A file that is not found is not there
// yet, or recording_base_url is wrong: nobody gives it up for that.
func bareRefusal(reply providers.Reply, asked time.Duration, ended, now time.Time) providers.RecordingResult {
	status := providers.QueryStatus(reply.Status, asked)
	r := providers.RecordingResult{Class: status.Class, VendorCode: status.VendorCode, RetryAfter: status.RetryAfter}
	switch {
	case reply.Status == http.StatusNotFound:
		class, wait := notThere(ended, now)
		if class == providers.ClassPermanent {
			class, wait = providers.ClassRetryLater, waitSeldom
		}
		r.Class, r.RetryAfter = class, max(wait, asked)
	case len(reply.Body) == 0:
		r.VendorText = "empty"
	case reply.Status == http.StatusOK:
		r.VendorText = "not audio"
	}
	return r
}

// notThere is what it means that there is no recording of a call that ended at a
// time; the zero time is one that nobody knows.
func notThere(ended, now time.Time) (providers.Class, time.Duration) {
	switch age := now.Sub(ended); {
	case ended.IsZero(), age < settling:
		return providers.ClassPending, waitReady
	case age < missingFor:
		return providers.ClassRetryLater, waitSeldom
	}
	return providers.ClassPermanent, 0
}

// recordingUnauthorized is a refused signature. It halts only in the vendor's own
// words and at the API's host. The refusals of the API are counted apart, for
// recordings may be guarded in another way.
func (a *Adapter) recordingUnauthorized(reply providers.Reply, ans answer, parsed bool, signed stamp) providers.RecordingResult {
	r := providers.RecordingResult{Class: providers.ClassRetryLater, VendorCode: "http_401",
		RetryAfter: max(waitSeldom, vendorhttp.RetryAfter(reply.Header, a.clock.Ours()))}
	if parsed {
		r.VendorCode, r.VendorText = a.cfg.words.Code(ans.raw), a.cfg.words.Text(ans.reason)
	}
	if !a.recordings.signed {
		return r
	}
	a.clock.Learn(reply, signed.offset)
	if !parsed {
		return r
	}
	r.Class, r.Halt, r.RetryAfter = providers.ClassHalted, providers.HaltAuth, 0
	if date, err := http.ParseTime(reply.Header.Get("Date")); err == nil && date.Sub(a.clock.Ours()).Abs() > tolerance {
		r.Halt = providers.HaltClockSkew
	}
	return r
}
