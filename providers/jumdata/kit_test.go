package jumdata

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"go.uber.org/goleak"

	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/providers/providertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	testID     = "jmAppId0001"
	testSecret = "jmSecretXYZ0002"
	testMobile = "13800138000"
)

// testNow is the clock of every adapter under test.
var testNow = providertest.Now()

func testSettings() providers.Settings {
	return providertest.Settings("jumdata-main", map[string]string{"app_id": testID, "app_secret": testSecret})
}

func newAdapter(t testing.TB, s providers.Settings) *Adapter {
	t.Helper()
	return providertest.Open(t, New, s)
}

// fakeVendor answers only requests that look as the vendor's document says. It
// builds its own signature.
type fakeVendor struct {
	*providertest.FakeVendor

	method string
	path   string
	want   url.Values // without appId, timestamp and sign
	stamp  int64      // milliseconds; 0: testNow
}

func (f *fakeVendor) check(r *http.Request) error {
	if r.Method != f.method || r.URL.Path != f.path {
		return fmt.Errorf("%s %s, want %s %s", r.Method, r.URL.Path, f.method, f.path)
	}
	if f.method == http.MethodPost {
		if got := r.Header.Get("Content-Type"); got != "application/x-www-form-urlencoded" {
			return fmt.Errorf("Content-Type %q", got)
		}
		if r.URL.RawQuery != "" {
			return fmt.Errorf("a query string besides the form")
		}
	}
	if err := r.ParseForm(); err != nil {
		return err
	}
	stamp := f.stamp
	if stamp == 0 {
		stamp = testNow.UnixMilli()
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s%s%d", testID, testSecret, stamp))
	want := url.Values{"appId": {testID}, "timestamp": {fmt.Sprint(stamp)}, "sign": {hex.EncodeToString(sum[:])}}
	for name, value := range f.want {
		want[name] = value
	}
	if got := r.Form.Encode(); got != want.Encode() {
		return fmt.Errorf("fields %s, want %s", got, want.Encode())
	}
	return nil
}

// adapter starts the vendor and builds an adapter for it.
func (f *fakeVendor) adapter(t *testing.T, s providers.Settings) *Adapter {
	t.Helper()
	s.BaseURL = f.Serve(t, f.check)
	return newAdapter(t, s)
}

func sendVendor(status int, body string) *fakeVendor {
	return &fakeVendor{method: http.MethodPost, path: "/voice-notify/send", FakeVendor: providertest.Answering(status, body),
		want: url.Values{"mobile": {testMobile}, "templateId": {"JM01"}}}
}

func resultVendor(status int, body string) *fakeVendor {
	return &fakeVendor{method: http.MethodGet, path: "/voice-notify/result", FakeVendor: providertest.Answering(status, body),
		want: url.Values{"mobile": {testMobile}, "callId": {"YYTZ1"}}}
}

func minimal() providers.Notification {
	return providers.Notification{To: testMobile, Template: "JM01"}
}

func notify(t *testing.T, a *Adapter, n providers.Notification) providers.Outcome {
	t.Helper()
	return a.Notify(t.Context(), providertest.Ready(t.Context(), t, a), providertest.Lasting(), n)
}

func send(t *testing.T, s providers.Settings, status int, body string) providers.Outcome {
	t.Helper()
	v := sendVendor(status, body)
	out := notify(t, v.adapter(t, s), minimal())
	if v.Requests() != 1 {
		t.Errorf("%d requests, want 1", v.Requests())
	}
	return out
}

func poll(t *testing.T, status int, body string) providers.PollResult {
	t.Helper()
	return resultVendor(status, body).adapter(t, testSettings()).
		Poll(t.Context(), providers.Query{To: testMobile, VendorID: "YYTZ1"})
}
