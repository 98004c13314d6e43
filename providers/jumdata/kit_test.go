package jumdata

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/callpacer/callpacer/providers"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	testID     = "jmAppId0001"
	testSecret = "jmSecretXYZ0002"
	testMobile = "13800138000"
)

// testNow is the clock of every adapter under test.
var testNow = time.UnixMilli(1700000000123)

func testSettings() providers.Settings {
	return providers.Settings{
		Account:    "jumdata-main",
		Credential: func(name string) string { return map[string]string{"app_id": testID, "app_secret": testSecret}[name] },
		Now:        func() time.Time { return testNow },
	}
}

func newAdapter(t *testing.T, s providers.Settings) *Adapter {
	t.Helper()
	a, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	return a
}

// fakeVendor answers only requests that look as the vendor's document says. It
// builds its own signature.
type fakeVendor struct {
	t      *testing.T
	method string
	path   string
	want   url.Values // without appId, timestamp and sign
	stamp  int64      // milliseconds; 0: testNow
	status int
	header map[string]string
	body   string

	mu   sync.Mutex
	seen int
}

func (f *fakeVendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen++
	if err := f.check(r); err != nil {
		f.t.Errorf("request %d: %v", f.seen, err)
		w.WriteHeader(http.StatusTeapot)
		return
	}
	for name, value := range f.header {
		w.Header().Set(name, value)
	}
	if f.status != 0 {
		w.WriteHeader(f.status)
	}
	_, _ = w.Write([]byte(f.body))
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

func (f *fakeVendor) requests() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.seen
}

// adapter starts the vendor and builds an adapter for it.
func (f *fakeVendor) adapter(t *testing.T, s providers.Settings) *Adapter {
	t.Helper()
	f.t = t
	srv := httptest.NewServer(f)
	t.Cleanup(srv.Close)
	s.BaseURL = srv.URL
	return newAdapter(t, s)
}

func sendVendor(status int, body string) *fakeVendor {
	return &fakeVendor{method: http.MethodPost, path: "/voice-notify/send", status: status, body: body,
		want: url.Values{"mobile": {testMobile}, "templateId": {"JM01"}}}
}

func resultVendor(status int, body string) *fakeVendor {
	return &fakeVendor{method: http.MethodGet, path: "/voice-notify/result", status: status, body: body,
		want: url.Values{"mobile": {testMobile}, "callId": {"YYTZ1"}}}
}

func minimal() providers.Notification {
	return providers.Notification{To: testMobile, Template: "JM01"}
}

func notify(t *testing.T, a *Adapter, n providers.Notification) providers.Outcome {
	t.Helper()
	line, err := a.Ready(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = line.Close() }()
	until := time.Now().Add(time.Minute)
	return a.Notify(t.Context(), line, providers.Permit{Until: until, Wall: until.UnixMilli()}, n)
}

func send(t *testing.T, s providers.Settings, status int, body string) providers.Outcome {
	t.Helper()
	v := sendVendor(status, body)
	out := notify(t, v.adapter(t, s), minimal())
	if v.requests() != 1 {
		t.Errorf("%d requests, want 1", v.requests())
	}
	return out
}

func poll(t *testing.T, status int, body string) providers.PollResult {
	t.Helper()
	return resultVendor(status, body).adapter(t, testSettings()).
		Poll(t.Context(), providers.Query{To: testMobile, VendorID: "YYTZ1"})
}

func fixture(t testing.TB, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
