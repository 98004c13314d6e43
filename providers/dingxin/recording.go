package dingxin

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"regexp"
	"time"

	"github.com/callpacer/callpacer/internal/vendorhttp"
	"github.com/callpacer/callpacer/internal/vendorwire"
	"github.com/callpacer/callpacer/providers"
)

// recordingPath is misspelt at the vendor; it is the real one.
const recordingPath = "/call/companyRecordDownlaod/"

// maxRefusal caps what came in the place of audio.
const maxRefusal = 1 << 20

// recordingLimits are generous: two hours as uncompressed telephone audio are
// about 115 MB.
var recordingLimits = vendorhttp.StreamLimits{MaxBody: 256 << 20, Idle: 30 * time.Second, Whole: 15 * time.Minute}

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
	begin, err := sniff(stream.Body)
	if err == nil && stream.Status == http.StatusOK && begin.media != "" {
		a.recordings.signatures.count(codeOK)
		return providers.RecordingResult{Class: providers.ClassOK, Type: begin.media, Audio: audio{begin.all, stream.Body}}
	}
	defer func() { _ = stream.Body.Close() }() // the refusal is known by then
	if err != nil {
		return lost(err)
	}
	return a.refusal(stream, begin, used)
}

// refusal reads an answer that is no audio: the vendor answers 200 to its
// refusals, too.
func (a *Adapter) refusal(stream vendorhttp.Stream, begin beginning, used time.Duration) providers.RecordingResult {
	body, err := io.ReadAll(io.LimitReader(begin.all, maxRefusal))
	if err != nil {
		return lost(err)
	}
	ans, ok := parseAnswer(body)
	if !ok {
		status := providers.QueryStatus(stream.Status, vendorhttp.RetryAfter(stream.Header, a.recordings.clock.Ours()))
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
	if r.Halt == providers.HaltClockSkew &&
		a.recordings.clock.Learn(providers.Reply{Status: stream.Status, Header: stream.Header}, used) {
		r.Class, r.Halt = providers.ClassRetryLater, providers.HaltNone
	}
	return r
}

// lost is a download whose transport failed.
func lost(err error) providers.RecordingResult {
	return providers.RecordingResult{Class: providers.ClassRetryLater, VendorText: vendorwire.Transport(err).Reason}
}

// audio is a body that begins with the bytes that were looked at.
type audio struct {
	io.Reader
	io.Closer
}

// beginning is what the first bytes of a body tell.
type beginning struct {
	media string        // the audio's type; "" where this is no audio
	all   *bufio.Reader // the whole body, the first bytes included
}

// sniff looks at the first bytes. A body that ends within them is no error.
func sniff(body io.Reader) (beginning, error) {
	all := bufio.NewReader(body)
	head, err := all.Peek(signatureBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return beginning{}, err
	}
	return beginning{media: mediaType(head), all: all}, nil
}
