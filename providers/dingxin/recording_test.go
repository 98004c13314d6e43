package dingxin

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/providers/providertest"
)

const wav = "RIFF\x0d\x00\x00\x00WAVEfmt sound"

// D8, D9: the misspelt path, credentials and signature in the query string, and
// the id signed but sent in the path alone.
func TestD9RecordingIsSignedWithItsID(t *testing.T) {
	for _, tc := range []struct {
		settings providers.Settings
		signed   string
		stamp    int64
	}{
		{testSettings(), "", 0},
		{with("sign_variant", "v3"), "appKey=dxKey01&appSecret=dxSecretAbC&subid=" + testSubid + "&timestamp=%d", 0},
		{with("timestamp_unit", "s"), "", testNow.Unix()},
	} {
		v := recordingVendor(200, wav)
		if tc.signed != "" {
			v.signed = tc.signed
		}
		v.stamp = tc.stamp
		r := fetch(t, v.adapter(t, tc.settings))
		if r.Class != providers.ClassOK || r.Type != "audio/wav" {
			t.Fatalf("%v: %+v", tc.settings.Switches, r)
		}
		if all, err := io.ReadAll(r.Audio); err != nil || string(all) != wav {
			t.Errorf("%q, %v", all, err)
		}
		if v.Requests() != 1 {
			t.Errorf("%d requests", v.Requests())
		}
	}
}

// D10: app_key is what the document's chapter 4 calls 公司账号的appId.
func TestD10RecordingUsesTheSameCredentials(t *testing.T) {
	v := recordingVendor(200, wav) // its check wants app_key as appKey
	if r := fetch(t, v.adapter(t, testSettings())); r.Class != providers.ClassOK {
		t.Errorf("got %+v", r)
	}
}

// D20: neither the status nor the declared type is believed.
func TestD20Sniff(t *testing.T) {
	pad := strings.Repeat("\x00", 5000)
	for body, want := range map[string]string{
		wav: "audio/wav", "ID3\x04" + pad: "audio/mpeg", "\xff\xfb\x90\x00" + pad: "audio/mpeg", "\xff\xe3" + pad: "audio/mpeg",
		"\xff\xf3": "audio/mpeg", "\xff\xfd" + pad: "audio/mpeg", "\xff\xf1\x50" + pad: "audio/aac", "\xff\xf9\x50": "audio/aac",
		"OggS" + pad: "audio/ogg", "#!AMR\n": "audio/amr", "#!AMR-WB\n" + pad: "audio/amr",
		"\xff\xfe{\x00}\x00": "", "\xff\xff\xff": "", "\xff\xe9": "", "\xff\xeb": "", "\xff\xe1": "", "\xff": "", "\xff\x0b": "", "RIF": "", "Ogg": "",
		"<html>502</html>": "", "not a word": "", pad: "", " RIFF": "", "[]": "", "{": "",
	} {
		for _, declared := range []string{"application/octet-stream", "text/html; charset=UTF-8", "application/json", ""} {
			v := recordingVendor(200, body)
			v.Header = map[string]string{"Content-Type": declared}
			r := fetch(t, v.adapter(t, testSettings()))
			if r.Type != want || (r.Class == providers.ClassOK) != (want != "") {
				t.Errorf("%.12q as %q: %s %q, want %q", body, declared, r.Class, r.Type, want)
			}
			if want == "" && (r.Class != providers.ClassRetryLater || r.VendorText != "not audio" || r.VendorCode != "http_200") {
				t.Errorf("%.12q: %+v", body, r)
			}
		}
	}
}

// recordingTable is what comes in the place of audio, with HTTP 200 too.
var recordingTable = []struct {
	name, body string
	class      providers.Class
	halt       providers.Halt
}{
	{"200 without audio", `{"code":200,"msg":"请求成功","data":{"url":"https://x.test/a.mp3"}}`, providers.ClassRetryLater, ""},
	{"1002", `{"code":1002}`, providers.ClassHalted, providers.HaltConfig},
	{"1003", `{"code":1003}`, providers.ClassPermanent, ""},
	{"1004", `{"code":1004}`, providers.ClassRetryLater, ""},
	{"1005", `{"code":1005}`, providers.ClassHalted, providers.HaltAuth},
	{"1006", `{"code":1006}`, providers.ClassHalted, providers.HaltClockSkew},
	{"2000", `{"code":2000}`, providers.ClassRetryLater, ""},
	{"2001", `{"code":2001}`, providers.ClassRetryLater, ""},
	{"2002", `{"code":2002,"msg":"没有更多数据了"}`, providers.ClassPending, ""},
	{"2003", `{"code":"2003","msg":"暂无数据"}`, providers.ClassPending, ""},
	{"2003 with BOM", "\xef\xbb\xbf\n" + `{"code":2003,"data":[]}`, providers.ClassPending, ""},
	{"3001", `{"code":3001}`, providers.ClassRetryLater, ""},
	{"3999", `{"code":3999}`, providers.ClassRetryLater, ""},
	{"7001", `{"code":7001}`, providers.ClassRetryLater, ""},
	{"9001", `{"code":9001}`, providers.ClassHalted, providers.HaltBalance},
	{"unknown", `{"code":4242}`, providers.ClassRetryLater, ""},
}

func TestD20RecordingCodes(t *testing.T) {
	for _, tc := range recordingTable {
		for _, status := range []int{200, 404, 500} {
			v := recordingVendor(status, tc.body)
			v.Header = map[string]string{"Content-Type": "application/octet-stream", "Date": testNow.UTC().Format(http.TimeFormat)}
			r := fetch(t, v.adapter(t, testSettings()))
			if wait := map[bool]time.Duration{true: time.Minute}[tc.class == providers.ClassPending]; r.RetryAfter < wait {
				t.Errorf("%s: asked again after %v", tc.name, r.RetryAfter)
			}
			if r.Class != tc.class || r.Halt != tc.halt || r.VendorCode == "" || strings.Contains(r.VendorText, "x.test") {
				t.Errorf("%s with HTTP %d: %+v", tc.name, status, r)
			}
		}
	}
}

// A recording that is not there is waited for as long as the vendor keeps it.
func TestRecordingIsAwaitedForThirtyDays(t *testing.T) {
	const day = 24 * time.Hour
	for _, code := range []string{"2002", "2003"} {
		a := recordingVendor(200, `{"code":`+code+`}`).adapter(t, testSettings())
		for _, tc := range []struct {
			age   time.Duration
			class providers.Class
			wait  time.Duration
		}{
			{-time.Hour, providers.ClassPending, time.Minute}, {0, providers.ClassPending, time.Minute},
			{day - 1, providers.ClassPending, time.Minute}, {day, providers.ClassRetryLater, time.Hour},
			{30*day - 1, providers.ClassRetryLater, time.Hour}, {30 * day, providers.ClassPermanent, 0},
		} {
			q := providers.RecordingQuery{VendorID: testSubid, Ended: testNow.Add(-tc.age)}
			if r := a.FetchRecording(t.Context(), q); r.Class != tc.class || r.RetryAfter != tc.wait || r.VendorCode != code {
				t.Errorf("%s after %v: %+v", code, tc.age, r)
			}
		}
	}
	if Traits.RecordingsKept != 30*day {
		t.Errorf("kept for %v", Traits.RecordingsKept)
	}
}

// An old call's audio is taken all the same, if it is there.
func TestRecordingAfterThirtyDays(t *testing.T) {
	a := recordingVendor(200, wav).adapter(t, testSettings())
	q := providers.RecordingQuery{VendorID: testSubid, Ended: testNow.AddDate(-1, 0, 0)}
	r := a.FetchRecording(t.Context(), q)
	if r.Class != providers.ClassOK {
		t.Fatalf("%+v", r)
	}
	_ = r.Audio.Close()
}

func TestRecordingWithoutAnyCode(t *testing.T) {
	for _, tc := range []struct {
		status int
		body   string
		want   providers.Class
		text   string
	}{
		{200, "", providers.ClassRetryLater, "empty"}, {404, "", providers.ClassRetryLater, "empty"}, {500, wav, providers.ClassRetryLater, ""},
		{206, wav, providers.ClassRetryLater, ""}, {302, "", providers.ClassRetryLater, "empty"}, {401, "<html>", providers.ClassRetryLater, ""},
		{429, "slow", providers.ClassRateLimited, ""}, {200, `{"code":`, providers.ClassRetryLater, "not audio"},
		// More than is looked at: the rest is left, and the connection with it.
		{200, strings.Repeat("\x00", 8<<20), providers.ClassRetryLater, "not audio"},
	} {
		v := recordingVendor(tc.status, tc.body)
		v.Header = map[string]string{"Retry-After": "7", "Location": "/elsewhere"}
		r := fetch(t, v.adapter(t, testSettings()))
		if r.Class != tc.want || r.VendorText != tc.text || r.Halt != "" || r.RetryAfter != 7*time.Second || v.Requests() != 1 {
			t.Errorf("%d %.9q: %+v after %d requests", tc.status, tc.body, r, v.Requests())
		}
	}
}

// The recording's signature may be read in another way than the call's: each
// counts its own refusals.
func TestD9SignaturesOfTheHostsAreCountedApart(t *testing.T) {
	v := recordingVendor(200, `{"code":1004}`)
	a := v.adapter(t, testSettings())
	for i, want := range []providers.Class{providers.ClassRetryLater, providers.ClassRetryLater, providers.ClassHalted} {
		if r := fetch(t, a); r.Class != want || (r.Halt == providers.HaltAuth) != (want == providers.ClassHalted) {
			t.Errorf("refusal %d: %+v", i+1, r)
		}
	}
	if a.calls.signatures.count(codeBadSignature) {
		t.Error("the call's signature counts as wrong")
	}
	v.Body = wav
	if r := fetch(t, a); r.Class != providers.ClassOK {
		t.Fatalf("got %+v", r)
	}
	v.Body = `{"code":1004}`
	if r := fetch(t, a); r.Class != providers.ClassRetryLater {
		t.Errorf("a refusal after audio: %+v", r)
	}
}

func TestRecordingClockIsLearned(t *testing.T) {
	v := recordingVendor(200, `{"code":1006}`)
	vendorTime := testNow.Add(-time.Hour).Truncate(time.Second)
	v.Header = map[string]string{"Date": vendorTime.UTC().Format(http.TimeFormat)}
	a := v.adapter(t, testSettings())
	if r := fetch(t, a); r.Class != providers.ClassRetryLater || r.Halt != "" {
		t.Fatalf("first refusal: %+v", r)
	}
	v.stamp = vendorTime.UnixMilli()
	if r := fetch(t, a); r.Class != providers.ClassHalted || r.Halt != providers.HaltClockSkew {
		t.Fatalf("second refusal: %+v", r)
	}
	if _, used := a.calls.clock.Now(); used != 0 {
		t.Errorf("the other host's clock moved by %v", used)
	}
}

// A call's id stands in a path and in a signed text: nothing may be smuggled in.
func TestRecordingIDMustBeSafe(t *testing.T) {
	v := recordingVendor(200, wav)
	a := v.adapter(t, testSettings())
	for _, id := range []string{"", "..", "../x", "a/b", "a?b", "a&sign=x", "a=b", "a b", "é", "a%2Fb", strings.Repeat("1", 65)} {
		r := a.FetchRecording(t.Context(), providers.RecordingQuery{VendorID: id})
		if r.Class != providers.ClassPermanent || r.Audio != nil {
			t.Errorf("%q: %+v", id, r)
		}
	}
	if v.Requests() != 0 {
		t.Errorf("%d requests", v.Requests())
	}
}

// D19: where a pushed record says that its recording lies is not followed.
func TestD19DownloadURLIsNotFollowed(t *testing.T) {
	var asked int
	trap := &fakeVendor{FakeVendor: providertest.Answering(0, "")}
	trapped := trap.adapter(t, testSettings())
	v := recordingVendor(200, wav)
	a := v.adapter(t, testSettings())
	for _, path := range []string{trapped.calls.http.URL("/a.mp3").String(), "http://169.254.169.254/", "file:///etc/passwd", "/other"} {
		asked++
		r := a.FetchRecording(t.Context(), providers.RecordingQuery{VendorID: testSubid, Path: path})
		if r.Class != providers.ClassOK {
			t.Fatalf("%s: %+v", path, r)
		}
		_ = r.Audio.Close()
	}
	if trap.Requests() != 0 || v.Requests() != asked {
		t.Errorf("%d requests to the pushed URL, %d to the vendor", trap.Requests(), v.Requests())
	}
}

// D22: the secret stands in the URL of every download.
func TestD22RecordingErrorsHoldNoSecret(t *testing.T) {
	hidden := []string{testSecret, testKey, testSubid, "127.0.0.1", "companyRecord"}
	v := recordingVendor(200, wav)
	a := v.adapter(t, testSettings())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := a.FetchRecording(ctx, providers.RecordingQuery{VendorID: testSubid})
	if r.Class != providers.ClassRetryLater || r.VendorText != "canceled" || r.Audio != nil {
		t.Errorf("canceled: %+v", r)
	}
	wantHidden(t, r, hidden)
	s := testSettings()
	s.RecordingBaseURL = "http://127.0.0.1:1"
	r = newAdapter(t, s).FetchRecording(t.Context(), providers.RecordingQuery{VendorID: testSubid})
	if r.Class != providers.ClassRetryLater || r.VendorText != "refused" {
		t.Errorf("refused: %+v", r)
	}
	wantHidden(t, r, hidden)
	v.Body = `{"code":1003,"msg":"/call/x?appSecret=` + testSecret + `&appKey=` + testKey + `&sign=` + strings.Repeat("ab", 16) + `"}`
	r = fetch(t, a)
	wantHidden(t, r, append(hidden[:2:2], "abab"))
	v.Body, v.Header = wav, map[string]string{"Content-Length": "9999"}
	r = fetch(t, a)
	if r.Class != providers.ClassOK {
		t.Fatalf("cut later: %+v", r)
	}
	_, err := io.ReadAll(r.Audio)
	if err == nil || !strings.Contains(err.Error(), "truncated") {
		t.Errorf("a cut download ended with %v", err)
	}
	wantHidden(t, err, hidden)
}
