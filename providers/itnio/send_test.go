package itnio

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/providers/providertest"
)

func halted(h providers.Halt) providers.Outcome {
	return providers.Outcome{Class: providers.ClassHalted, Placed: providers.PlacedNo, Halt: h}
}

func permanent(c providers.Cause) providers.Outcome {
	return providers.Outcome{Class: providers.ClassPermanent, Placed: providers.PlacedNo, Cause: c}
}

func accepted(id string) providers.Outcome {
	return providers.Outcome{Class: providers.ClassOK, Placed: providers.PlacedYes, VendorID: id}
}

var uncertain = doubtful("")

// doubtful is a call that may exist, under this id.
func doubtful(id string) providers.Outcome {
	return providers.Outcome{Class: providers.ClassUncertain, Placed: providers.PlacedMaybe, VendorID: id}
}

// wantSend compares all but the vendor's words.
func wantSend(t *testing.T, name string, got, want providers.Outcome) {
	t.Helper()
	if got.VendorCode == "" {
		t.Errorf("%s: the vendor's code is not told", name)
	}
	got.VendorCode, got.VendorText = "", ""
	if got != want {
		t.Errorf("%s: got %+v, want %+v", name, got, want)
	}
}

// rows is the answer of a send whose data is these rows.
func rows(rows string) string { return `{"status":"0","reason":"success","data":` + rows + `}` }

// row is a row about the minimal notification's callee.
func row(code string) string {
	return rows(`[{"voiceId":"V1","callee":"` + testCallee + `","terminationCode":` + code + `,"terminationReason":"why"}]`)
}

// I13: one callee a request, the attempt's reference in calledInfo, and no
// field for where to push.
func TestI13NotifySendsEveryField(t *testing.T) {
	v := sendVendor(200, providertest.Fixture(t, "send_ok.json"))
	v.want = sent(map[string]any{"loopCount": 2.0, "calledInfo": "itnio.01K5.1", "displayNum": "1008122211"})
	s := testSettings()
	s.Switches = map[string]string{"display_num": "1008122211"}
	n := providers.Notification{To: testMobile, Template: "file1.mp3", Times: 2, Ref: "itnio.01K5.1",
		PushURL: "https://calls.example.com/callbacks/a/t"}
	want := accepted(testVoice)
	want.VendorCode, want.VendorText = "0", "success"
	if got := notify(t, v.adapter(t, s), n); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestNotifyOmitsWhatIsEmpty(t *testing.T) {
	if got := send(t, 200, providertest.Fixture(t, "send_ok.json")); got.Class != providers.ClassOK {
		t.Errorf("got %+v", got)
	}
}

func TestNumbersOfAnyCountry(t *testing.T) {
	for to, callee := range map[string]string{
		"13800138000": "8613800138000", "+8613800138000": "8613800138000", "+91856321412": "91856321412",
		"+1234567": "1234567", "+123456789012345": "123456789012345",
	} {
		v := sendVendor(200, rows(`[{"voiceId":"V1","callee":"`+callee+`","terminationCode":"0"}]`))
		v.want["callee"] = callee
		n := minimal()
		n.To = to
		wantSend(t, to, notify(t, v.adapter(t, testSettings()), n), accepted("V1"))
	}
}

// I12: the narrower limits of the vendor's pages.
func TestI12UnfitNotificationsAreNotSent(t *testing.T) {
	to := func(number string) func(*providers.Notification) {
		return func(n *providers.Notification) { n.To = number }
	}
	for name, change := range map[string]func(*providers.Notification){
		"landline":            to("02112345678"),
		"no plus":             to("8613800138000"),
		"two callees":         to("13800138000,13900139000"),
		"six digits":          to("+123456"),
		"sixteen digits":      to("+1234567890123456"),
		"country 0":           to("+0123456789"),
		"nobody":              to(""),
		"no file":             func(n *providers.Notification) { n.Template = " " },
		"variables":           func(n *providers.Notification) { n.Params = []string{"a"} },
		"four times":          func(n *providers.Notification) { n.Times = 4 },
		"minus one time":      func(n *providers.Notification) { n.Times = -1 },
		"reference of 65":     func(n *providers.Notification) { n.Ref = strings.Repeat("a", 65) },
		"reference not ASCII": func(n *providers.Notification) { n.Ref = "张" },
	} {
		v := sendVendor(200, providertest.Fixture(t, "send_ok.json"))
		n := minimal()
		change(&n)
		got := notify(t, v.adapter(t, testSettings()), n)
		if got.Class != providers.ClassPermanent || got.Placed != providers.PlacedNo || !got.Unsent || got.Cause == "" || got.VendorText == "" {
			t.Errorf("%s: %+v", name, got)
		}
		if (got.Cause == providers.CauseInvalidNumber) != (n.To != testMobile) {
			t.Errorf("%s: cause %s", name, got.Cause)
		}
		if v.Requests() != 0 {
			t.Errorf("%s: sent", name)
		}
	}
	for times := 1; times <= 3; times++ {
		v := sendVendor(200, providertest.Fixture(t, "send_ok.json"))
		v.want["loopCount"] = float64(times)
		n := minimal()
		n.Times = times
		if got := notify(t, v.adapter(t, testSettings()), n); got.Class != providers.ClassOK {
			t.Errorf("%d times: %+v", times, got)
		}
	}
}

// A refused timestamp corrects the clock once; each attempt is signed anew.
func TestClockIsLearnedOnce(t *testing.T) {
	v := sendVendor(200, `{"status":"-16","reason":"Timestamp expires"}`)
	vendorTime := testNow.Add(90 * time.Second).Truncate(time.Second)
	v.Header = map[string]string{"Date": vendorTime.UTC().Format(http.TimeFormat)}
	a := v.adapter(t, testSettings())
	wantSend(t, "first", notify(t, a, minimal()), providers.Outcome{Class: providers.ClassRetryLater, Placed: providers.PlacedNo})
	v.stamp = vendorTime.Unix()
	wantSend(t, "second", notify(t, a, minimal()), halted(providers.HaltClockSkew))
	v.Body = providertest.Fixture(t, "send_ok.json")
	wantSend(t, "with the learned clock", notify(t, a, minimal()), accepted(testVoice))
}

func TestClockWithoutUsableDateHalts(t *testing.T) {
	for name, date := range map[string]string{
		"none": "", "garbage": "yesterday", "our time": testNow.Add(time.Second).UTC().Format(http.TimeFormat),
	} {
		v := sendVendor(200, `{"status":"-16"}`)
		v.Header = map[string]string{"Date": date}
		a := v.adapter(t, testSettings())
		for range 2 {
			wantSend(t, name, notify(t, a, minimal()), halted(providers.HaltClockSkew))
		}
	}
}

func TestTooManyRequestsHonoursRetryAfter(t *testing.T) {
	v := sendVendor(429, "slow down")
	v.Header = map[string]string{"Retry-After": "90"}
	want := providers.Outcome{Class: providers.ClassRateLimited, Placed: providers.PlacedNo, Signal: providers.SignalTooFrequent, RetryAfter: 90 * time.Second}
	wantSend(t, "429", notify(t, v.adapter(t, testSettings()), minimal()), want)
}

// replayLine keeps the request instead of sending it.
type replayLine struct{ req *http.Request }

func (l *replayLine) Do(_ context.Context, req *http.Request, _ providers.Permit) (providers.Reply, error) {
	l.req = req
	return providers.Reply{Status: http.StatusOK}, nil
}

func (l *replayLine) Stale(time.Time) bool { return false }

func (l *replayLine) Close() error { return nil }

// Go resends a request by itself where it can get its body again.
func TestSendCannotBeReplayed(t *testing.T) {
	l := &replayLine{}
	wantSend(t, "an empty 200", newAdapter(t, testSettings()).Notify(t.Context(), l, providers.Permit{}, minimal()), uncertain)
	if l.req == nil || l.req.GetBody != nil || l.req.Method != http.MethodPost {
		t.Errorf("request %+v", l.req)
	}
}
