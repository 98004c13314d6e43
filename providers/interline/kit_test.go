package interline

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/providers/providertest"
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
var testNow = providertest.Now()

var testCredentials = map[string]string{"dev_id": testDev, "auth_key": testKey, "app_id": testApp}

func testSettings() providers.Settings {
	s := providertest.Settings("interline-main", testCredentials)
	s.BaseURL = "https://interline.test"
	return s
}

func newAdapter(t testing.TB, s providers.Settings) *Adapter {
	t.Helper()
	return providertest.Open(t, New, s)
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
	*providertest.FakeVendor

	answers []providertest.Answer

	mu   sync.Mutex
	seen []seen
}

func vendor(answers ...providertest.Answer) *fakeVendor {
	return &fakeVendor{FakeVendor: &providertest.FakeVendor{}, answers: answers}
}

func says(body string) *fakeVendor { return vendor(providertest.Answer{Body: body}) }

var keytimeHeader = regexp.MustCompile(`^Keytime ` + testDev + `,([0-9]{13}),([0-9a-f]{16})$`)

func (f *fakeVendor) check(r *http.Request) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return fmt.Errorf("body: %w", err)
	}
	s := seen{method: r.Method, uri: r.RequestURI, auth: r.Header.Get("Authorization"), length: r.ContentLength, body: string(body)}
	if s.form, err = url.ParseQuery(s.body); err != nil {
		return fmt.Errorf("form: %w", err)
	}
	m := keytimeHeader.FindStringSubmatch(s.auth)
	if m == nil {
		return fmt.Errorf("the header Authorization is %q", s.auth)
	}
	if sum := sha256.Sum256(fmt.Appendf(nil, "%s%s", testKey, m[1])); hex.EncodeToString(sum[12:20]) != m[2] {
		return fmt.Errorf("signature of %q", s.auth)
	}
	if s.millis, err = strconv.ParseInt(m[1], 10, 64); err != nil {
		return err
	}
	f.Answer = f.answers[min(len(f.seen), len(f.answers)-1)]
	f.seen = append(f.seen, s)
	return nil
}

func (f *fakeVendor) asked() []seen {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]seen(nil), f.seen...)
}

// adapter starts the vendor and builds an adapter for it.
func (f *fakeVendor) adapter(t *testing.T) *Adapter {
	t.Helper()
	s := testSettings()
	s.BaseURL = f.Serve(t, f.check)
	return newAdapter(t, s)
}

func axb() providers.Binding {
	return providers.Binding{Mode: providers.ModeAXB, X: testX, A: testA, B: testB, TTL: time.Hour, Ref: jobRef, RequestID: "req-1"}
}

func xa() providers.Binding {
	return providers.Binding{Mode: providers.ModeXA, X: testX, A: testA, Ref: jobRef, RequestID: "req-1"}
}

func bind(t *testing.T, a *Adapter, b providers.Binding) providers.Outcome {
	t.Helper()
	return a.Bind(t.Context(), providertest.Ready(t.Context(), t, a), providertest.Lasting(), b)
}

func unbind(t *testing.T, a *Adapter, u providers.Unbinding) providers.Outcome {
	t.Helper()
	return a.Unbind(t.Context(), providertest.Ready(t.Context(), t, a), providertest.Lasting(), u)
}
