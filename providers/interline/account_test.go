package interline

import (
	"fmt"
	"testing"
	"time"

	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/providers/providertest"
)

func TestProbeRequest(t *testing.T) {
	v := says(providertest.Fixture(t, "account.json"))
	got := v.adapter(t).Probe(t.Context())
	want := providers.ProbeResult{Class: providers.ClassOK, VendorCode: "0", VendorText: "成功", State: "active",
		Balance: "1234.50", Overdraft: "0.0", Currency: "CNY"}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	s := v.asked()[0]
	if s.method != "GET" || s.uri != "/api/v1/account/status" || s.body != "" || s.millis != testNow.UnixMilli() {
		t.Errorf("sent %+v", s)
	}
}

func TestProbeStates(t *testing.T) {
	for body, want := range map[string]providers.ProbeResult{
		`{"error":0,"state":0}`:                                   {Class: "ok", State: "trial"},
		`{"error":0,"state":"1"}`:                                 {Class: "ok", State: "active"},
		`{"error":0,"state":2}`:                                   {Class: "halted", Halt: "account", State: "suspended"},
		`{"error":0,"state":3}`:                                   {Class: "halted", Halt: "account", State: "closed"},
		`{"error":0,"state":4}`:                                   {Class: "ok"},
		`{"error":0}`:                                             {Class: "ok"},
		`{"error":0,"state":1,"balance":0.0}`:                     {Class: "ok", State: "active", Balance: "0.0", Currency: "CNY"},
		`{"error":0,"state":1,"balance":-5.25,"overdraft":5.25}`:  {Class: "ok", State: "active", Balance: "-5.25", Overdraft: "5.25", Currency: "CNY"},
		`{"error":0,"state":1,"balance":1.0E7,"overdraft":""}`:    {Class: "ok", State: "active", Balance: "10000000", Currency: "CNY"},
		`{"error":0,"balance":"1.25e-3","overdraft":null}`:        {Class: "ok", Balance: "0.00125", Currency: "CNY"},
		`{"error":0,"balance":1e999999999,"overdraft":"plenty"}`:  {Class: "ok"},
		`{"error":0,"balance":0.1000000000000000055511151231257}`: {Class: "ok"},
	} {
		want.VendorCode = "0"
		if got := says(body).adapter(t).Probe(t.Context()); got != want {
			t.Errorf("%s: %+v, want %+v", body, got, want)
		}
	}
}

// L3: the account's times are in milliseconds, and nothing rests on them.
func TestL3AccountTimesAreIgnored(t *testing.T) {
	got := says(`{"error":0,"state":1,"createTime":"soon","updateTime":[]}`).adapter(t).Probe(t.Context())
	if got.Class != providers.ClassOK || got.State != "active" {
		t.Errorf("got %+v", got)
	}
}

func probeHalt(h providers.Halt) providers.ProbeResult {
	return providers.ProbeResult{Class: providers.ClassHalted, Halt: h}
}

var (
	probeWait = providers.ProbeResult{Class: providers.ClassRetryLater}
	// probeTable is what each code, but success, does to a probe.
	probeTable = map[int]providers.ProbeResult{
		1000: probeWait, 1001: probeHalt("config"), 1002: {Class: "permanent"}, 1003: probeWait, 1004: probeWait,
		1100: probeHalt("account"), 1101: {Class: "retry_later", RetryAfter: time.Second}, 1102: probeHalt("account"),
		1103: probeHalt("account"), 1104: probeHalt("account"), 1105: {Class: "rate_limited", RetryAfter: 5 * time.Second},
		1110: probeHalt("balance"), 1200: probeWait, 1201: probeWait, 1300: probeWait, 1301: probeWait, 1302: probeWait,
		1400: probeWait, 1401: probeWait, 1500: probeWait, 1501: {Class: "retry_later", RetryAfter: 5 * time.Minute},
		1502: probeWait, 7777: probeWait,
	}
)

func TestProbeCodes(t *testing.T) {
	for code, want := range probeTable {
		want.VendorCode, want.VendorText = fmt.Sprint(code), "说明"
		if got := says(fmt.Sprintf(`{"error":%d,"reason":"说明"}`, code)).adapter(t).Probe(t.Context()); got != want {
			t.Errorf("%d: %+v, want %+v", code, got, want)
		}
	}
}

// What is not the vendor's own answer halts nothing: a read only waits.
func TestProbeWithoutTheVendorsJSON(t *testing.T) {
	for _, status := range []int{200, 302, 400, 401, 403, 404, 405, 429, 500, 502} {
		v := vendor(providertest.Answer{Status: status, Body: "<html>", Header: map[string]string{"Retry-After": "9"}})
		a := v.adapter(t)
		for range 3 {
			got := a.Probe(t.Context())
			want := providers.ProbeResult{Class: providers.ClassRetryLater, RetryAfter: 9 * time.Second, VendorCode: fmt.Sprintf("http_%d", status)}
			if status == 429 {
				want.Class = providers.ClassRateLimited
			}
			if got != want {
				t.Errorf("%d: %+v, want %+v", status, got, want)
			}
		}
	}
	s := testSettings()
	s.BaseURL = "http://127.0.0.1:1" // nobody listens there
	if got := newAdapter(t, s).Probe(t.Context()); got.Class != providers.ClassRetryLater || got.VendorText == "" {
		t.Errorf("no connection: %+v", got)
	}
}

// A refusal in the vendor's own words, twice in a row, halts.
func TestProbeAuth(t *testing.T) {
	a := vendor(providertest.Answer{Status: 401, Body: `{"error":1101}`}).adapter(t)
	for i, want := range []providers.ProbeResult{{Class: "retry_later"}, {Class: "halted", Halt: "auth"}} {
		if got := a.Probe(t.Context()); got.Class != want.Class || got.Halt != want.Halt {
			t.Errorf("probe %d: %+v", i+1, got)
		}
	}
}
