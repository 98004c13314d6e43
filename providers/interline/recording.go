package interline

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/callpacer/callpacer/internal/vendorhttp"
	"github.com/callpacer/callpacer/internal/vendorwire"
	"github.com/callpacer/callpacer/providers"
)

var recordingLimits = vendorhttp.StreamLimits{MaxBody: vendorwire.MaxAudio, Idle: 30 * time.Second, Whole: 15 * time.Minute}

// recordings is where the audio of calls lies. The document tells a path (下载路径)
// and neither its host nor how to sign in there.
type recordings struct {
	http *vendorhttp.Client
	// signed: it is the API's own host, which knows our signature. To any other
	// one the signature is a secret: for three minutes it opens every request.
	signed bool
}

func newRecordings(s providers.Settings, api *vendorhttp.Client) (recordings, error) {
	base := s.RecordingBaseURL
	if base == "" {
		base = s.BaseURL
	}
	client, err := vendorhttp.New(vendorhttp.Options{
		BaseURL: base, AllowPlainHTTP: s.AllowPlainHTTP, Timeout: s.Timeout, Now: s.Now,
	})
	if err != nil {
		return recordings{}, err
	}
	return recordings{http: client, signed: sameOrigin(client.URL(""), api.URL(""))}, nil
}

// sameOrigin says that two addresses are one listener, reached in one way.
func sameOrigin(a, b *url.URL) bool {
	port := func(u *url.URL) string {
		if u.Port() == "" {
			return map[string]string{"http": "80", "https": "443"}[u.Scheme]
		}
		return u.Port()
	}
	return a.Scheme == b.Scheme && strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}

const maxRecordingPath = 512

// A part of a path that every server reads alike: nothing escaped, no parameters
// behind a semicolon, no query.
var pathPart = regexp.MustCompile(`^[A-Za-z0-9._~@:+=,!$&*-]+$`)

// fitPath is the path of a recording as it is asked for below the base, or in a
// fixed word why it is not. It came with a push: whoever forged that must not
// choose our requests.
func fitPath(told string) (path, word string) {
	lower := strings.ToLower(told)
	switch {
	case told == "":
		return "", "no recording was told"
	case strings.HasPrefix(lower, "https://"), strings.HasPrefix(lower, "http://"):
		return "", "absolute address"
	case len(told) > maxRecordingPath:
		return "", "recording path is too long"
	}
	told = strings.TrimPrefix(told, "/")
	for part := range strings.SplitSeq(told, "/") {
		if part == "." || part == ".." || !pathPart.MatchString(part) {
			return "", "recording path is not a plain one"
		}
	}
	return "/" + told, ""
}

// FetchRecording implements providers.RecordingFetcher: one GET of the path that
// the call's CDR told, below recording_base_url (base_url where that is not set),
// and a second one where the signature of the first was refused. An absolute
// address is not asked for here.
//
// 云通信平台, 5.1 话单回调参数定义, recording.
func (a *Adapter) FetchRecording(ctx context.Context, q providers.RecordingQuery) providers.RecordingResult {
	path, word := fitPath(q.Path)
	if word != "" {
		return providers.RecordingResult{Class: providers.ClassPermanent, VendorText: word}
	}
	r, refused := a.download(ctx, path, q.Ended)
	if refused && a.recordings.signed {
		r, _ = a.download(ctx, path, q.Ended)
	}
	return r
}

// download makes one request. refused: the signature was, and where the host is
// the API's the vendor's clock was learned from it.
func (a *Adapter) download(ctx context.Context, path string, ended time.Time) (r providers.RecordingResult, refused bool) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.recordings.http.URL(path).String(), nil)
	if err != nil {
		return providers.RecordingResult{Class: providers.ClassPermanent, VendorText: "request cannot be built"}, false
	}
	var signed stamp
	if a.recordings.signed {
		signed = a.authorize(req)
	}
	stream, err := a.recordings.http.Stream(ctx, req, recordingLimits)
	if err != nil {
		return recordingLost(err), false
	}
	audio, refusal, err := vendorwire.Recording(stream.Status, stream.Body)
	switch {
	case err != nil:
		return recordingLost(err), false
	case audio != nil:
		return providers.RecordingResult{Class: providers.ClassOK, Type: audio.Type, Audio: audio}, false
	}
	reply := providers.Reply{Status: stream.Status, Header: stream.Header, Body: refusal}
	ans, parsed := parseAnswer(refusal)
	if !refusesSignature(reply, ans, parsed) {
		return a.recordingRefusal(reply, ans, parsed, ended), false
	}
	return a.recordingUnauthorized(reply, ans, parsed, signed), true
}

// recordingLost is a download whose transport failed. What is larger than the cap
// will be so the next time.
func recordingLost(err error) providers.RecordingResult {
	r := providers.RecordingResult{Class: providers.ClassRetryLater, VendorText: vendorwire.Transport(err).Reason}
	if r.VendorText == "too_large" {
		r.Class = providers.ClassPermanent
	}
	return r
}
