package dingxin

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/providers/providertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	testKey     = "dxKey01"
	testSecret  = "dxSecretAbC"
	testCaller  = "13900139000"
	testCallee  = "13800138000"
	testSubid   = "04202107251831296890045359"
	testPushURL = "https://calls.example.com/callbacks/dingxin-main/g.01K5.1.abc"
	formType    = "application/x-www-form-urlencoded"
	jsonType    = "application/json"
)

// testNow is the clock of every adapter under test.
var testNow = providertest.Now()

func testSettings() providers.Settings {
	return providertest.Settings("dingxin-main", map[string]string{"app_key": testKey, "app_secret": testSecret})
}

func with(switches ...string) providers.Settings {
	s := testSettings()
	s.Switches = map[string]string{}
	for i := 0; i < len(switches); i += 2 {
		s.Switches[switches[i]] = switches[i+1]
	}
	return s
}

func newAdapter(t testing.TB, s providers.Settings) *Adapter {
	t.Helper()
	return providertest.Open(t, New, s)
}

// fakeVendor answers only requests that look as the vendor's document says. It
// writes the signed text by itself, in order, from want.
type fakeVendor struct {
	*providertest.FakeVendor

	method      string // empty: POST
	path        string // empty: the call's
	contentType string // of the request; empty: form
	want        map[string]string
	signed      string // the signed text; %d is the time
	stamp       int64  // the vendor's time; 0: testNow in milliseconds
}

func callVendor(status int, body string) *fakeVendor {
	return &fakeVendor{FakeVendor: providertest.Answering(status, body), want: map[string]string{"telA": testCaller, "telB": testCallee},
		signed: "appkey=" + testKey + "&appsecret=" + testSecret + "&tela=" + testCaller + "&telb=" + testCallee + "&timestamp=%d"}
}

func recordingVendor(status int, body string) *fakeVendor {
	return &fakeVendor{method: http.MethodGet, path: "/call/companyRecordDownlaod/" + testSubid, FakeVendor: providertest.Answering(status, body),
		want: map[string]string{}, signed: "appkey=" + testKey + "&appsecret=" + testSecret + "&subid=" + testSubid + "&timestamp=%d"}
}

func (f *fakeVendor) check(r *http.Request) error {
	method, path := f.method, f.path
	if method == "" {
		method, path = http.MethodPost, "/prod-api/axb/call/callByTelA"
	}
	if r.Method != method || r.URL.Path != path {
		return fmt.Errorf("%s %s, want %s %s", r.Method, r.URL.Path, method, path)
	}
	got, err := f.fields(r)
	if err != nil {
		return err
	}
	stamp := f.stamp
	if stamp == 0 {
		stamp = testNow.UnixMilli()
	}
	sum := md5.Sum(fmt.Appendf(nil, f.signed, stamp))
	want := map[string]string{"appKey": testKey, "appSecret": testSecret, "timestamp": fmt.Sprint(stamp), "sign": hex.EncodeToString(sum[:])}
	for name, value := range f.want {
		want[name] = value
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		return fmt.Errorf("fields %v, want %v", got, want)
	}
	return nil
}

// fields reads what was sent as it says that it was sent.
func (f *fakeVendor) fields(r *http.Request) (map[string]string, error) {
	got := map[string]string{}
	if r.Method == http.MethodPost {
		wanted := f.contentType
		if wanted == "" {
			wanted = formType
		}
		if ct := r.Header.Get("Content-Type"); ct != wanted || r.URL.RawQuery != "" {
			return nil, fmt.Errorf("Content-Type %q and query %q", ct, r.URL.RawQuery)
		}
	}
	if f.contentType == jsonType {
		return got, json.NewDecoder(r.Body).Decode(&got)
	}
	if err := r.ParseForm(); err != nil {
		return nil, err
	}
	for name, values := range r.Form {
		got[name] = strings.Join(values, " and ")
	}
	return got, nil
}

// adapter starts the vendor, both hosts in one, and builds an adapter for it.
func (f *fakeVendor) adapter(t *testing.T, s providers.Settings) *Adapter {
	t.Helper()
	url := f.Serve(t, f.check)
	s.BaseURL, s.RecordingBaseURL = url, url
	return newAdapter(t, s)
}

func minimal() providers.Connection {
	return providers.Connection{From: testCaller, To: testCallee, Ref: "g.01K5.1"}
}

func connect(t *testing.T, a *Adapter, c providers.Connection) providers.Outcome {
	t.Helper()
	return a.Connect(t.Context(), providertest.Ready(t.Context(), t, a), providertest.Lasting(), c)
}

func call(t *testing.T, s providers.Settings, status int, body string) providers.Outcome {
	t.Helper()
	v := callVendor(status, body)
	out := connect(t, v.adapter(t, s), minimal())
	if v.Requests() != 1 {
		t.Errorf("%d requests, want 1", v.Requests())
	}
	return out
}

func fetch(t *testing.T, a *Adapter) providers.RecordingResult {
	t.Helper()
	r := a.FetchRecording(t.Context(), providers.RecordingQuery{VendorID: testSubid})
	if (r.Class == providers.ClassOK) != (r.Audio != nil) || (r.Audio != nil) != (r.Type != "") {
		t.Errorf("audio beside class %s: %v, type %q", r.Class, r.Audio != nil, r.Type)
	}
	if r.Audio != nil {
		t.Cleanup(func() { _ = r.Audio.Close() })
	}
	return r
}
