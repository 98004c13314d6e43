package itnio

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/providers/providertest"
)

// I8: a record may not exist, or say nothing, right after the send.
func TestI8RecordAppearsLater(t *testing.T) {
	for name, body := range map[string]string{
		"null":            `{"status":"0","data":null}`,
		"a list":          `{"status":"0","data":[]}`,
		"an object":       `{"status":"0","data":{}}`,
		"a string":        `{"status":"0","data":""}`,
		"a word":          `{"status":"0","data":"none"}`,
		"absent":          `{"status":0}`,
		"no data":         `{"status":"-24"}`,
		"only called":     `{"status":"0","data":{"voiceId":"` + testVoice + `","callTime":"2022-01-18T14:42:45+08:00"}}`,
		"zero dates only": `{"status":"0","data":{"answerTime":"0000-00-00 00:00:00","ringingTime":0,"hangupTime":"-1"}}`,
	} {
		if got := poll(t, 200, body); got.Class != providers.ClassPending || got.Report != (providers.Report{}) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	for ago, want := range map[time.Duration]providers.Class{
		0: providers.ClassPending, -time.Second: providers.ClassPending, 2*time.Minute - time.Millisecond: providers.ClassPending,
		2 * time.Minute: providers.ClassPermanent, time.Hour: providers.ClassPermanent,
	} {
		a := recordVendor(200, `{"status":"-22","reason":"Parameter exception"}`).adapter(t, testSettings())
		if got := a.Poll(t.Context(), providers.Query{VendorID: testVoice, Submitted: testNow.Add(-ago)}); got.Class != want {
			t.Errorf("-22 after %v: %+v", ago, got)
		}
	}
	a := recordVendor(200, `{"status":"-22"}`).adapter(t, testSettings())
	if got := a.Poll(t.Context(), providers.Query{VendorID: testVoice}); got.Class != providers.ClassPermanent {
		t.Errorf("-22 for a call of unknown age: %+v", got)
	}
}

// I14: what stands in the query's path.
func TestI14VoiceIDInPath(t *testing.T) {
	v := recordVendor(200, `{"status":"-24"}`)
	a := v.adapter(t, testSettings())
	for _, id := range []string{"", "../1", "a/b", "a?b", "a%2Fb", "a b", "a\n", "张", strings.Repeat("a", 65)} {
		if got := a.Poll(t.Context(), providers.Query{VendorID: id}); got.Class != providers.ClassPermanent || v.Requests() != 0 {
			t.Errorf("%q: %+v after %d requests", id, got, v.Requests())
		}
	}
	for _, id := range []string{"a", "A-b_9", strings.Repeat("Z", 64)} {
		v.path = "/voice/recordGroup/" + id
		if got := a.Poll(t.Context(), providers.Query{VendorID: id}); got.Class != providers.ClassPending {
			t.Errorf("%q: %+v", id, got)
		}
	}
}

func TestRecordOfAnotherCallIsIgnored(t *testing.T) {
	for _, id := range []string{`"9"`, `9`, `"` + testVoice + `1"`, `"../x"`} {
		got := poll(t, 200, `{"status":"0","data":{"voiceId":`+id+`,"terminationCode":"0","callDuration":9}}`)
		if got.Class != providers.ClassRetryLater || got.Report != (providers.Report{}) {
			t.Errorf("%s: %+v", id, got)
		}
	}
	for _, id := range []string{testVoice, `""`, `null`} { // as a number; absent
		got := poll(t, 200, `{"status":"0","data":{"voiceId":`+id+`,"terminationCode":"0","callDuration":9}}`)
		if got.Class != providers.ClassOK || got.Report.VendorID != testVoice {
			t.Errorf("%s: %+v", id, got)
		}
	}
}

func TestReadsLearnTheClock(t *testing.T) {
	for name, ask := range map[string]func(*Adapter) providers.Class{
		"poll":  func(a *Adapter) providers.Class { return a.Poll(t.Context(), query()).Class },
		"probe": func(a *Adapter) providers.Class { return a.Probe(t.Context()).Class },
	} {
		v := recordVendor(200, `{"status":"-16"}`)
		if name == "probe" {
			v = balanceVendor(200, `{"status":"-16"}`)
		}
		v.Header = map[string]string{"Date": testNow.Add(time.Hour).UTC().Format(http.TimeFormat)}
		a := v.adapter(t, testSettings())
		if got := ask(a); got != providers.ClassRetryLater {
			t.Errorf("%s: %s", name, got)
		}
		v.stamp = testNow.Add(time.Hour).Truncate(time.Second).Unix()
		v.Body = map[string]string{"poll": providertest.Fixture(t, "record_ok.json"), "probe": providertest.Fixture(t, "balance_ok.json")}[name]
		if got := ask(a); got != providers.ClassOK {
			t.Errorf("%s with the learned clock: %s", name, got)
		}
	}
}

func TestProbe(t *testing.T) {
	got := balanceVendor(200, providertest.Fixture(t, "balance_ok.json")).adapter(t, testSettings()).Probe(t.Context())
	want := providers.ProbeResult{Class: providers.ClassOK, VendorCode: "0", VendorText: "success", Balance: "99.990000", Overdraft: "10"}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// The balance's page is unverified: whatever comes of it, no lane closes.
func TestProbeNeverHalts(t *testing.T) {
	for _, body := range []string{`{"status":"-1"}`, `{"status":"-2"}`, `{"status":"-13"}`, `{"status":"-16"}`, `{"status":"-18"}`,
		`{"status":"0"}`, `{"status":"0","balance":"much"}`, `{"status":"7"}`, `<html>`} {
		for _, status := range []int{200, 302, 401, 403, 404, 500} {
			got := balanceVendor(status, body).adapter(t, testSettings()).Probe(t.Context())
			if got.Class != providers.ClassRetryLater || got.Halt != providers.HaltNone || got.Balance != "" || got.VendorCode == "" {
				t.Errorf("%d %s: %+v", status, body, got)
			}
		}
	}
	v := balanceVendor(429, "")
	v.Header = map[string]string{"Retry-After": "30"}
	if got := v.adapter(t, testSettings()).Probe(t.Context()); got.Class != providers.ClassRateLimited || got.RetryAfter != 30*time.Second {
		t.Errorf("429: %+v", got)
	}
}

// -16: the clock is corrected once. Where the vendor goes on refusing it, a
// person must look.
func TestClockIsCorrectedOnce(t *testing.T) {
	v := recordVendor(200, `{"status":"-16"}`)
	v.Header = map[string]string{"Date": testNow.Add(time.Hour).UTC().Format(http.TimeFormat)}
	a := v.adapter(t, testSettings())
	if got := a.Poll(t.Context(), query()); got.Class != providers.ClassRetryLater || got.Halt != providers.HaltNone {
		t.Errorf("first: %+v", got)
	}
	v.stamp = testNow.Add(time.Hour).Truncate(time.Second).Unix()
	if got := a.Poll(t.Context(), query()); got.Class != providers.ClassHalted || got.Halt != providers.HaltClockSkew {
		t.Errorf("second: %+v", got)
	}
}
