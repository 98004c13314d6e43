package interline

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/providers/providertest"
)

const (
	testPath = "/recording/20231114/t-77.wav"
	wav      = "RIFF\x0d\x00\x00\x00WAVEfmt sound"
)

func fetch(t *testing.T, a *Adapter, q providers.RecordingQuery) providers.RecordingResult {
	t.Helper()
	r := a.FetchRecording(t.Context(), q)
	if (r.Class == providers.ClassOK) != (r.Audio != nil) || (r.Audio != nil) != (r.Type != "") {
		t.Errorf("audio beside class %s: %v, type %q", r.Class, r.Audio != nil, r.Type)
	}
	if r.Audio != nil {
		t.Cleanup(func() { _ = r.Audio.Close() })
	}
	return r
}

// elsewhere is an adapter whose recordings lie at another host than its API.
func elsewhere(t *testing.T, v *providertest.FakeVendor, check func(*http.Request) error) *Adapter {
	t.Helper()
	s := testSettings()
	s.RecordingBaseURL = v.Serve(t, check) + "/files"
	return newAdapter(t, s)
}

// L16: below base_url the request is signed, for the API's host knows us.
func TestL16RecordingAtTheAPIsHost(t *testing.T) {
	v := says(wav)
	a := v.adapter(t)
	r := fetch(t, a, providers.RecordingQuery{VendorID: testSub, Path: testPath})
	if r.Class != providers.ClassOK || r.Type != "audio/wav" {
		t.Fatalf("%+v", r)
	}
	if all, err := io.ReadAll(r.Audio); err != nil || string(all) != wav {
		t.Errorf("%q, %v", all, err)
	}
	if s := v.asked(); len(s) != 1 || s[0].method != "GET" || s[0].uri != testPath || s[0].body != "" || s[0].millis != testNow.UnixMilli() {
		t.Errorf("sent %+v", s)
	}
}

// L16: another host never sees a signature, which would open every request.
func TestL16SignatureStaysWithTheAPI(t *testing.T) {
	v := providertest.Answering(200, wav)
	a := elsewhere(t, v, func(r *http.Request) error {
		if r.Header.Get("Authorization") != "" || r.URL.RequestURI() != "/files"+testPath {
			return fmt.Errorf("%v with %d bytes of authorization", r.URL.RequestURI(), len(r.Header.Get("Authorization")))
		}
		return nil
	})
	if r := fetch(t, a, providers.RecordingQuery{Path: testPath}); r.Class != providers.ClassOK {
		t.Errorf("%+v", r)
	}
	for given, want := range map[[2]string]bool{
		{"https://a.test/api", ""}:                           true,
		{"https://a.test", "https://a.test/files"}:           true,
		{"https://a.test", "https://A.test:443"}:             true,
		{"https://a.test", "https://a.test:8443"}:            false,
		{"https://a.test", "https://rec.a.test"}:             false,
		{"https://a.test", "http://a.test"}:                  false,
		{"https://a.test", "http://a.test:443"}:              false,
		{"http://127.0.0.1:1", "http://127.0.0.1:2"}:         false,
		{"http://127.0.0.1:1", "http://localhost:1"}:         false,
		{"http://127.0.0.1:1/x", "http://127.0.0.1:1/files"}: true,
	} {
		s := testSettings()
		s.BaseURL, s.RecordingBaseURL, s.AllowPlainHTTP = given[0], given[1], true
		if got := newAdapter(t, s).recordings.signed; got != want {
			t.Errorf("%v: signed %v", given, got)
		}
	}
}

func TestRecordingBaseIsChecked(t *testing.T) {
	s := testSettings()
	s.RecordingBaseURL = "http://rec.example"
	if _, err := New(s); err == nil || !strings.Contains(err.Error(), "recording_base_url") || strings.Contains(err.Error(), "rec.example") {
		t.Errorf("got %v", err)
	}
}

// L16: an absolute address is another downloader's task, and nothing that a push
// told leads out of the base.
func TestL16RecordingPathMustBePlain(t *testing.T) {
	v := providertest.Answering(200, wav)
	a := elsewhere(t, v, func(r *http.Request) error {
		if !strings.HasPrefix(r.RequestURI, "/files/") {
			return fmt.Errorf("asked for %s", r.RequestURI)
		}
		return nil
	})
	for told, word := range map[string]string{
		"":                             "no recording was told",
		"https://rec.example/a.wav":    "absolute address",
		"HTTP://127.0.0.1/a.wav":       "absolute address",
		"/" + strings.Repeat("a", 512): "recording path is too long",
		"//rec.example/a.wav":          "plain", "/": "plain", "a/": "plain", "a//b": "plain", "..": "plain", "/../api/v1/account/status": "plain",
		"a/../../b": "plain", "a/./b": "plain", "a/..;/b": "plain", "%2e%2e/b": "plain", `a\..\b`: "plain", "a?b=c": "plain", "a#b": "plain",
		"a b": "plain", "a\r\nb": "plain", "a\x00b": "plain", "录音.wav": "plain", "ftp://a/b": "plain", "file:///etc/passwd": "plain", " /a": "plain",
	} {
		r := fetch(t, a, providers.RecordingQuery{VendorID: testSub, Path: told})
		if r.Class != providers.ClassPermanent || !strings.Contains(r.VendorText, word) {
			t.Errorf("%q: %+v", told, r)
		}
	}
	if v.Requests() != 0 {
		t.Errorf("%d requests", v.Requests())
	}
	good := []string{"a.wav", "/a.wav", "/a/...", "/a/..b", "/2023-11-14/A_b~c:1,2@x+y=$!&*.wav", strings.Repeat("a", 512)}
	for _, told := range good {
		if r := fetch(t, a, providers.RecordingQuery{Path: told}); r.Class != providers.ClassOK {
			t.Errorf("%q: %+v", told, r)
		}
	}
	if v.Requests() != len(good) {
		t.Errorf("%d requests", v.Requests())
	}
}

// FuzzRecordingPath: whatever a push tells, what is asked for lies below the base.
func FuzzRecordingPath(f *testing.F) {
	for _, told := range []string{testPath, "00!", "a/../b", "//h/x", "https://h/x", "a%2f..", "a?b", "", "a;b/.."} {
		f.Add(told)
	}
	s := testSettings()
	s.RecordingBaseURL = "https://rec.test/files"
	a := newAdapter(f, s)
	f.Fuzz(func(t *testing.T, told string) {
		path, word := fitPath(told)
		if (path == "") == (word == "") {
			t.Fatalf("%q: path %q, word %q", told, path, word)
		}
		if word != "" {
			return
		}
		// As a server reads it: a character may be written as %XX.
		got, err := url.Parse(a.recordings.http.URL(path).String())
		if err != nil {
			t.Fatal(err)
		}
		if want := "/files/" + strings.TrimPrefix(told, "/"); got.Host != "rec.test" || got.Path != want || got.RawQuery != "" || got.Fragment != "" {
			t.Errorf("%q: asks for %s, want %s of rec.test", told, got, want)
		}
	})
}

// recordingTable is what each code does to a download, but 1200 and 1300.
var recordingTable = map[int]providers.RecordingResult{
	0: {Class: "retry_later", RetryAfter: 10 * time.Minute}, 1000: {Class: "retry_later"},
	1001: {Class: "retry_later", RetryAfter: 10 * time.Minute}, 1002: {Class: "permanent"}, 1003: {Class: "permanent"}, 1004: {Class: "retry_later"},
	1100: {Class: "halted", Halt: "account"}, 1101: {Class: "halted", Halt: "auth"}, 1102: {Class: "halted", Halt: "account"},
	1103: {Class: "halted", Halt: "account"}, 1104: {Class: "halted", Halt: "account"}, 1105: {Class: "rate_limited", RetryAfter: 5 * time.Second},
	1110: {Class: "halted", Halt: "balance"}, 1201: {Class: "retry_later"}, 1301: {Class: "retry_later"}, 1302: {Class: "retry_later"},
	1200: {Class: "pending", RetryAfter: time.Minute}, 1300: {Class: "pending", RetryAfter: time.Minute},
	1400: {Class: "retry_later"}, 1401: {Class: "retry_later"}, 1500: {Class: "retry_later"},
	1501: {Class: "retry_later", RetryAfter: 5 * time.Minute}, 1502: {Class: "retry_later"}, 7777: {Class: "retry_later"},
}

func TestRecordingCodes(t *testing.T) {
	for code, want := range recordingTable {
		for _, status := range []int{200, 404, 500} {
			body := fmt.Sprintf(`{"error":%d,"reason":"说明"}`, code)
			v := vendor(providertest.Answer{Status: status, Header: map[string]string{"Content-Type": "audio/wav"}, Body: body})
			r := fetch(t, v.adapter(t), providers.RecordingQuery{Path: testPath})
			if r.Class != want.Class || r.Halt != want.Halt || r.RetryAfter != want.RetryAfter || r.VendorCode != fmt.Sprint(code) || r.VendorText == "" {
				t.Errorf("%d with HTTP %d: %+v", code, status, r)
			}
			// A host that was not told who asks says nothing about the account.
			other := elsewhere(t, providertest.Answering(status, body), func(*http.Request) error { return nil })
			if r := fetch(t, other, providers.RecordingQuery{Path: testPath}); r.Halt != "" || want.Halt != "" && r.Class != providers.ClassRetryLater {
				t.Errorf("%d with HTTP %d elsewhere: %+v", code, status, r)
			}
		}
	}
}

// What is missing may still come; how long that is believed depends on who says it.
func TestRecordingThatIsMissing(t *testing.T) {
	const day = 24 * time.Hour
	for _, tc := range []struct {
		age         time.Duration
		word, blank providers.Class
	}{
		{-time.Minute, providers.ClassPending, providers.ClassPending}, {10*time.Minute - 1, providers.ClassPending, providers.ClassPending},
		{10 * time.Minute, providers.ClassRetryLater, providers.ClassRetryLater}, {day - 1, providers.ClassRetryLater, providers.ClassRetryLater},
		{day, providers.ClassPermanent, providers.ClassRetryLater},
	} {
		q := providers.RecordingQuery{Path: testPath, Ended: testNow.Add(-tc.age)}
		for body, want := range map[string]providers.Class{`{"error":1300}`: tc.word, `{"error":1200}`: tc.word, "<html>": tc.blank, "": tc.blank} {
			r := fetch(t, vendor(providertest.Answer{Status: 404, Body: body}).adapter(t), q)
			if r.Class != want || r.Class != providers.ClassPermanent && r.RetryAfter < time.Minute {
				t.Errorf("%s after %v: %+v, want %s", body, tc.age, r, want)
			}
		}
	}
}

// A refused signature is written anew once, by the vendor's clock where it tells
// it, and halts only in the vendor's own words.
func TestRecordingIsSignedAnewOnce(t *testing.T) {
	refusal := providertest.Answer{Status: 401, Header: map[string]string{"Date": testNow.Add(time.Hour).UTC().Format(http.TimeFormat)}}
	v := vendor(refusal, providertest.Answer{Body: wav})
	a := v.adapter(t)
	if r := fetch(t, a, providers.RecordingQuery{Path: testPath}); r.Class != providers.ClassOK {
		t.Errorf("%+v", r)
	}
	if s := v.asked(); len(s) != 2 || s[1].millis < testNow.Add(59*time.Minute).UnixMilli() || a.refused.Load() {
		t.Errorf("sent %+v, the API's signatures refused: %v", s, a.refused.Load())
	}
	for _, tc := range []struct {
		answer providertest.Answer
		class  providers.Class
		halt   providers.Halt
	}{
		{providertest.Answer{Status: 401, Body: "<html>"}, providers.ClassRetryLater, ""},
		{providertest.Answer{Status: 401}, providers.ClassRetryLater, ""},
		{providertest.Answer{Status: 401, Body: wav}, providers.ClassRetryLater, ""},
		{providertest.Answer{Status: 401, Body: `{"error":1101}`}, providers.ClassHalted, providers.HaltAuth},
		{providertest.Answer{Body: `{"error":1101}`, Header: refusal.Header}, providers.ClassHalted, providers.HaltClockSkew},
	} {
		v := vendor(tc.answer)
		r := fetch(t, v.adapter(t), providers.RecordingQuery{Path: testPath})
		if r.Class != tc.class || r.Halt != tc.halt || len(v.asked()) != 2 || r.VendorCode == "" {
			t.Errorf("%+v: %+v after %d requests", tc.answer, r, len(v.asked()))
		}
	}
	other := providertest.Answering(401, `{"error":1101}`)
	r := fetch(t, elsewhere(t, other, func(*http.Request) error { return nil }), providers.RecordingQuery{Path: testPath})
	if r.Class != providers.ClassRetryLater || other.Requests() != 1 {
		t.Errorf("%+v after %d requests to a host that is not signed for", r, other.Requests())
	}
}

// The path of a recording may tell a number; no error repeats it.
func TestRecordingErrorsHoldNoSecret(t *testing.T) {
	path := "/" + testA + "/" + testKey + ".wav"
	var asked atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.Header().Set("Content-Length", "9999")
		_, _ = io.WriteString(w, "OggS sound")
	}))
	defer srv.Close()
	s := testSettings()
	s.BaseURL = srv.URL
	r := fetch(t, newAdapter(t, s), providers.RecordingQuery{Path: path})
	if r.Class != providers.ClassOK {
		t.Fatalf("%+v", r)
	}
	_, err := io.ReadAll(r.Audio)
	if err == nil || !strings.Contains(err.Error(), "truncated") || asked.Load() != 1 {
		t.Errorf("a cut download ended with %v after %d requests", err, asked.Load())
	}
	s.BaseURL = "http://127.0.0.1:1"
	lost := fetch(t, newAdapter(t, s), providers.RecordingQuery{Path: path})
	if lost.Class != providers.ClassRetryLater || lost.VendorText != "refused" {
		t.Errorf("%+v", lost)
	}
	bad := fetch(t, newAdapter(t, s), providers.RecordingQuery{Path: path + "?x"})
	for _, shown := range []string{fmt.Sprint(err), fmt.Sprintf("%+v", lost), fmt.Sprintf("%+v", bad)} {
		for _, hidden := range []string{testA, testKey, "127.0.0.1", ".wav"} {
			if strings.Contains(shown, hidden) {
				t.Errorf("%s shows %q", shown, hidden)
			}
		}
	}
}
