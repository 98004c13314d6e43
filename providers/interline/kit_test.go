package interline

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/callpacer/callpacer/providers"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	testDev = "devel0000007"
	testKey = "ilAuthKey0001"
	testApp = "ilApplication9"
	testX   = "17000000001"
	testA   = "13900139000"
	testB   = "13800138000"
	testSub = "1922337203685477580"
	jobRef  = "interline.01K5ABCDEFGHJKMNPQRSTVWXYZ"

	accepted = `{"error":0,"reason":"成功","subid":"` + testSub + `"}`
)

// testNow is the clock of every adapter under test.
var testNow = time.UnixMilli(1700000000123)

var testCredentials = map[string]string{"dev_id": testDev, "auth_key": testKey, "app_id": testApp}

func testSettings() providers.Settings {
	return providers.Settings{
		Account:    "interline-main",
		BaseURL:    "https://interline.test",
		Credential: func(name string) string { return testCredentials[name] },
		Now:        func() time.Time { return testNow },
	}
}

func newAdapter(t testing.TB, s providers.Settings) *Adapter {
	t.Helper()
	a, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	return a
}

// seen is one request as it reached the fake vendor.
type seen struct {
	method, uri, auth string
	length            int64
	form              url.Values // of the body
	body              string
	millis            int64
}

// fakeVendor gives its answers one after the other, the last one for ever, and
// notes what it was asked. It judges signatures by its own code.
type fakeVendor struct {
	t       *testing.T
	answers []fakeAnswer

	mu   sync.Mutex
	seen []seen
}

type fakeAnswer struct {
	status int // 0: 200
	header map[string]string
	body   string
}

func vendor(answers ...fakeAnswer) *fakeVendor { return &fakeVendor{answers: answers} }

func says(body string) *fakeVendor { return vendor(fakeAnswer{body: body}) }

var keytimeHeader = regexp.MustCompile(`^Keytime ` + testDev + `,([0-9]{13}),([0-9a-f]{16})$`)

func (f *fakeVendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		f.t.Errorf("body: %v", err)
	}
	s := seen{method: r.Method, uri: r.RequestURI, auth: r.Header.Get("Authorization"), length: r.ContentLength, body: string(body)}
	if s.form, err = url.ParseQuery(s.body); err != nil {
		f.t.Errorf("form: %v", err)
	}
	if m := keytimeHeader.FindStringSubmatch(s.auth); m == nil {
		f.t.Errorf("Authorization %q", s.auth)
	} else {
		sum := sha256.Sum256(fmt.Appendf(nil, "%s%s", testKey, m[1]))
		if hex.EncodeToString(sum[12:20]) != m[2] {
			f.t.Errorf("signature of %q", s.auth)
		}
		s.millis, _ = strconv.ParseInt(m[1], 10, 64)
	}
	answer := f.answers[min(len(f.seen), len(f.answers)-1)]
	f.seen = append(f.seen, s)
	w.Header()["Date"] = nil // only where a test wants one
	for name, value := range answer.header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(max(answer.status, 200))
	_, _ = io.Copy(w, bytes.NewReader([]byte(answer.body)))
}

func (f *fakeVendor) requests() []seen {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]seen(nil), f.seen...)
}

// adapter starts the vendor and builds an adapter for it.
func (f *fakeVendor) adapter(t *testing.T) *Adapter {
	t.Helper()
	f.t = t
	srv := httptest.NewServer(f)
	t.Cleanup(srv.Close)
	s := testSettings()
	s.BaseURL = srv.URL
	return newAdapter(t, s)
}

func axb() providers.Binding {
	return providers.Binding{Mode: providers.ModeAXB, X: testX, A: testA, B: testB, TTL: time.Hour, Ref: jobRef, RequestID: "req-1"}
}

func xa() providers.Binding {
	return providers.Binding{Mode: providers.ModeXA, X: testX, A: testA, Ref: jobRef, RequestID: "req-1"}
}

func permit() providers.Permit {
	until := time.Now().Add(time.Minute)
	return providers.Permit{Until: until, Wall: until.UnixMilli()}
}

func bind(t *testing.T, a *Adapter, b providers.Binding) providers.Outcome {
	t.Helper()
	line, err := a.Ready(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = line.Close() }()
	return a.Bind(t.Context(), line, permit(), b)
}

func unbind(t *testing.T, a *Adapter, u providers.Unbinding) providers.Outcome {
	t.Helper()
	line, err := a.Ready(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = line.Close() }()
	return a.Unbind(t.Context(), line, permit(), u)
}

func fixture(t testing.TB, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
