package dingxin

import (
	"context"
	"net/http"
	"regexp"
	"time"

	"github.com/callpacer/callpacer/internal/vendorhttp"
	"github.com/callpacer/callpacer/internal/vendorwire"
	"github.com/callpacer/callpacer/providers"
)

// recordingPath is misspelt at the vendor; it is the real one.
const recordingPath = "/call/companyRecordDownlaod/"

var recordingLimits = vendorhttp.StreamLimits{MaxBody: vendorwire.MaxAudio, Idle: 30 * time.Second, Whole: 15 * time.Minute}

const (
	// keptFor is how long the vendor keeps records of calls ("最多保存30天"); of
	// recordings the document says nothing else.
	keptFor = 30 * 24 * time.Hour
	// settling is how long a recording may be on its way by all accounts.
	settling   = 24 * time.Hour
	waitReady  = time.Minute
	waitSeldom = time.Hour // it hardly comes any more, and costs little to ask
)

// A call's id becomes part of a path and of a signed text.
var pathSafe = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// FetchRecording implements providers.RecordingFetcher. The path that a report
// told is not followed: whoever forged a push would choose our requests, and
// the download by the call's id needs none.
//
// Dingxin, 4.获取录音文件. "Subid 也要参与签名", though it stands in the path;
// credentials and signature are the query string.
func (a *Adapter) FetchRecording(ctx context.Context, q providers.RecordingQuery) providers.RecordingResult {
	if !pathSafe.MatchString(q.VendorID) {
		return providers.RecordingResult{Class: providers.ClassPermanent, VendorText: "query without a call id of this vendor"}
	}
	now, used := a.recordings.clock.Now()
	u := a.recordings.http.URL(recordingPath + q.VendorID)
	u.RawQuery = values(a.cfg.signed(map[string]string{}, map[string]string{"subid": q.VendorID}, now)).Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return providers.RecordingResult{Class: providers.ClassPermanent, VendorText: "request cannot be built"}
	}
	stream, err := a.recordings.http.Stream(ctx, req, recordingLimits)
	if err != nil {
		return lost(err)
	}
	audio, refusal, err := vendorwire.Recording(stream.Status, stream.Body)
	switch {
	case err != nil:
		return lost(err)
	case audio != nil:
		a.recordings.signatures.count(codeOK)
		return providers.RecordingResult{Class: providers.ClassOK, Type: audio.Type, Audio: audio}
	}
	return a.refused(stream, refusal, used, q.Ended)
}

// lost is a download whose transport failed. What is larger than the cap will be
// so the next time.
func lost(err error) providers.RecordingResult {
	r := providers.RecordingResult{Class: providers.ClassRetryLater, VendorText: vendorwire.Transport(err).Reason}
	if r.VendorText == "too_large" {
		r.Class = providers.ClassPermanent
	}
	return r
}

// refused reads an answer that is no audio: the vendor answers 200 to its
// refusals, too.
func (a *Adapter) refused(stream vendorhttp.Stream, body []byte, used time.Duration, ended time.Time) providers.RecordingResult {
	now := a.recordings.clock.Ours()
	asked := vendorhttp.RetryAfter(stream.Header, now)
	ans, ok := parseAnswer(body)
	if !ok {
		status := providers.QueryStatus(stream.Status, asked)
		r := providers.RecordingResult{Class: status.Class, VendorCode: status.VendorCode, RetryAfter: status.RetryAfter}
		switch {
		case len(body) == 0:
			r.VendorText = "empty"
		case stream.Status == http.StatusOK:
			r.VendorText = "not audio"
		}
		return r
	}
	r := a.cfg.recordingRefusal(ans, a.recordings.signatures.count(ans.code))
	if r.Class == providers.ClassPending {
		r.Class, r.RetryAfter = missing(ended, now)
	}
	if r.Halt == providers.HaltClockSkew &&
		a.recordings.clock.Learn(providers.Reply{Status: stream.Status, Header: stream.Header}, used) {
		r.Class, r.Halt = providers.ClassRetryLater, providers.HaltNone
	}
	r.RetryAfter = max(r.RetryAfter, asked)
	return r
}

// recordingRefusal classifies the vendor's words in the place of audio.
func (c config) recordingRefusal(a answer, wrongSignature bool) providers.RecordingResult {
	r := providers.RecordingResult{Class: providers.ClassRetryLater,
		VendorCode: c.words.Code(a.raw), VendorText: c.words.Text(a.msg)}
	switch {
	case a.code == codeOK:
		// The document promises a file (文件流). A link in the place of one is not
		// followed, and a wrapper around one is not described.
		r.RetryAfter, r.VendorText = waitSeldom, "success without audio"
	case a.code == codeNoMoreData, a.code == codeNoData:
		r.Class = providers.ClassPending
	case a.code == codeBadParameter:
		r.Class = providers.ClassPermanent
	case a.code == codeBadSignature && !wrongSignature:
	case haltOf(a.code) != providers.HaltNone:
		r.Class, r.Halt = providers.ClassHalted, haltOf(a.code)
	}
	return r
}

// missing is what it means that there is no data (yet) for a call that ended at a
// time; the zero time is one that nobody knows.
func missing(ended, now time.Time) (providers.Class, time.Duration) {
	switch age := now.Sub(ended); {
	case ended.IsZero(), age < settling:
		return providers.ClassPending, waitReady
	case age < keptFor:
		return providers.ClassRetryLater, waitSeldom
	}
	return providers.ClassPermanent, 0
}
