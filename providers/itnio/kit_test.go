package itnio

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"reflect"
	"strconv"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/providers/providertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	testKey    = "itKey0001"
	testSecret = "itSecretXYZ0002"
	testApp    = "itAppId3"
	testMobile = "13800138000"
	testCallee = "8613800138000"
	testVoice  = "2203031113381000002"
)

// testNow is the clock of every adapter under test.
var testNow = providertest.Now()

func testCredentials() map[string]string {
	return map[string]string{"api_key": testKey, "api_secret": testSecret, "app_id": testApp}
}

func testSettings() providers.Settings {
	return providertest.Settings("itnio-main", testCredentials())
}

func newAdapter(t testing.TB, s providers.Settings) *Adapter {
	t.Helper()
	return providertest.Open(t, New, s)
}

// fakeVendor answers only requests that look as the vendor's pages say. It
// builds its own signature.
type fakeVendor struct {
	*providertest.FakeVendor

	method string
	path   string
	want   map[string]any // of the JSON body; nil: no body
	stamp  int64          // seconds; 0: testNow
	last   http.Header
}

func (f *fakeVendor) check(r *http.Request) error {
	f.last = r.Header.Clone()
	if r.Method != f.method || r.URL.RequestURI() != f.path {
		return fmt.Errorf("%s %s, want %s %s", r.Method, r.URL.RequestURI(), f.method, f.path)
	}
	stamp := f.stamp
	if stamp == 0 {
		stamp = testNow.Unix()
	}
	sum := md5.Sum(fmt.Appendf(nil, "%s%s%d", testKey, testSecret, stamp))
	for name, want := range map[string]string{
		"Content-Type": "application/json;charset=UTF-8", "Api-Key": testKey,
		"Timestamp": strconv.FormatInt(stamp, 10), "Sign": hex.EncodeToString(sum[:]),
	} {
		if got := r.Header.Values(name); len(got) != 1 || got[0] != want {
			return fmt.Errorf("header %s is %q, want %q", name, got, want)
		}
	}
	raw, err := io.ReadAll(r.Body)
	if err != nil || (f.want == nil) != (len(raw) == 0) {
		return fmt.Errorf("body of %d bytes, %w", len(raw), err)
	}
	if f.want == nil {
		return nil
	}
	var got map[string]any
	if err := json.Unmarshal(raw, &got); err != nil {
		return err
	}
	if !reflect.DeepEqual(got, f.want) { // as maps: the order of fields is free
		return fmt.Errorf("body %v, want %v", got, f.want)
	}
	return nil
}

// adapter starts the vendor and builds an adapter for it.
func (f *fakeVendor) adapter(t *testing.T, s providers.Settings) *Adapter {
	t.Helper()
	s.BaseURL = f.Serve(t, f.check) + s.BaseURL
	return newAdapter(t, s)
}

func sendVendor(status int, body string) *fakeVendor {
	return &fakeVendor{method: http.MethodPost, path: "/voice/sendGroup", FakeVendor: providertest.Answering(status, body), want: sent(nil)}
}

func recordVendor(status int, body string) *fakeVendor {
	return &fakeVendor{method: http.MethodGet, path: "/voice/recordGroup/" + testVoice, FakeVendor: providertest.Answering(status, body)}
}

func balanceVendor(status int, body string) *fakeVendor {
	return &fakeVendor{method: http.MethodGet, path: "/sms/getBalance", FakeVendor: providertest.Answering(status, body)}
}

func minimal() providers.Notification {
	return providers.Notification{To: testMobile, Template: "file1.mp3"}
}

// sent is the body of minimal, with more.
func sent(more map[string]any) map[string]any {
	body := map[string]any{"appId": testApp, "callee": testCallee, "fileId": "file1.mp3"}
	maps.Copy(body, more)
	return body
}

func notify(t *testing.T, a *Adapter, n providers.Notification) providers.Outcome {
	t.Helper()
	return a.Notify(t.Context(), providertest.Ready(t.Context(), t, a), providertest.Lasting(), n)
}

func send(t *testing.T, status int, body string) providers.Outcome {
	t.Helper()
	v := sendVendor(status, body)
	out := notify(t, v.adapter(t, testSettings()), minimal())
	if v.Requests() != 1 {
		t.Errorf("%d requests, want 1", v.Requests())
	}
	return out
}

func query() providers.Query {
	return providers.Query{VendorID: testVoice, Submitted: testNow.Add(-time.Hour)}
}

func poll(t *testing.T, status int, body string) providers.PollResult {
	t.Helper()
	return recordVendor(status, body).adapter(t, testSettings()).Poll(t.Context(), query())
}

// record polls a record of these fields.
func record(t *testing.T, fields string) providers.PollResult {
	t.Helper()
	return poll(t, 200, `{"status":"0","reason":"success","data":{"voiceId":"`+testVoice+`",`+fields+`}}`)
}

// pushed reads a push of a record of these fields.
func pushed(t *testing.T, fields string) providers.Report {
	t.Helper()
	return parse(t, providers.Push{Method: "POST", Body: []byte(`{"voiceId":"` + testVoice + `",` + fields + `}`)})[0]
}

func parse(t *testing.T, p providers.Push) []providers.Report {
	t.Helper()
	reports, err := newAdapter(t, testSettings()).ParsePush(p)
	if err != nil {
		t.Fatal(err)
	}
	return reports
}
