package interline

import (
	"fmt"
	"strings"
	"testing"

	"github.com/callpacer/callpacer/providers"
)

func TestNewRefuses(t *testing.T) {
	without := func(name, value string) func(*providers.Settings) {
		return func(s *providers.Settings) {
			s.Credential = func(n string) string {
				if n == name {
					return value
				}
				return testCredentials[n]
			}
		}
	}
	for name, tc := range map[string]struct {
		change func(*providers.Settings)
		names  string
	}{
		"no base_url":       {func(s *providers.Settings) { s.BaseURL = "" }, "base_url"},
		"no credentials":    {func(s *providers.Settings) { s.Credential = nil }, "dev_id"},
		"no dev_id":         {without("dev_id", ""), "dev_id"},
		"no auth_key":       {without("auth_key", " "), "auth_key"},
		"no app_id":         {without("app_id", ""), "app_id"},
		"dev_id with comma": {without("dev_id", "s3cret,1"), "dev_id"},
		"dev_id of a line":  {without("dev_id", "s3cret\r\nX: y"), "dev_id"},
		"unknown switch":    {func(s *providers.Settings) { s.Switches = map[string]string{"sign_case": "upper"} }, "sign_case"},
		"unknown list":      {func(s *providers.Settings) { s.LimitPatterns = map[string][]string{"window": {"x"}} }, "window"},
		"ack of a failure":  {func(s *providers.Settings) { s.Ack.Status = 500 }, "ack.status"},
		"negative time-out": {func(s *providers.Settings) { s.Timeout = -1 }, "negative"},
	} {
		s := testSettings()
		tc.change(&s)
		a, err := New(s)
		if err == nil || a != nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		if !strings.HasPrefix(err.Error(), "interline: ") || !strings.Contains(err.Error(), tc.names) {
			t.Errorf("%s: %v does not name %s", name, err, tc.names)
		}
		for _, secret := range []string{"s3cret", testKey, testDev, testApp} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%s: the error shows a credential", name)
			}
		}
	}
}

// L19: HTTP needs the vendor's list of addresses, and our operator's word.
func TestL19PlainHTTP(t *testing.T) {
	s := testSettings()
	s.BaseURL = "http://interline.test"
	if _, err := New(s); err == nil || !strings.Contains(err.Error(), "allow_plain_http") {
		t.Errorf("got %v, want an error that names allow_plain_http", err)
	}
	s.AllowPlainHTTP = true
	newAdapter(t, s)
}

func TestTraits(t *testing.T) {
	if want := (providers.Traits{International: true, MaxNumberBytes: 24, AccountPush: true}); Traits != want {
		t.Errorf("got %+v", Traits)
	}
}

func TestAck(t *testing.T) {
	want := providers.Ack{Status: 200, ContentType: "application/json", Body: `{"error":0,"reason":"success"}`}
	if got := newAdapter(t, testSettings()).Ack(); got != want {
		t.Errorf("default: %+v", got)
	}
	s := testSettings()
	s.Ack = providers.Ack{Status: 202, ContentType: "text/plain", Body: "ok"}
	if got := newAdapter(t, s).Ack(); got != s.Ack {
		t.Errorf("as configured: %+v", got)
	}
}

// What an outcome says of the vendor's words is fit to be shown.
func TestVendorWordsAreScrubbed(t *testing.T) {
	v := says(`{"error":1002,"reason":"` + testA + " " + testKey + " " + testDev + " " + testApp + ` https://a.test/` + testB + `"}`)
	got := bind(t, v.adapter(t), axb())
	shown := fmt.Sprintf("%+v", got)
	for _, secret := range []string{testA, testB, testKey, testDev, testApp, "a.test"} {
		if strings.Contains(shown, secret) {
			t.Errorf("shows %q: %s", secret, shown)
		}
	}
	if got.VendorCode != "1002" || got.VendorText == "" {
		t.Errorf("code %q, text %q", got.VendorCode, got.VendorText)
	}
}
