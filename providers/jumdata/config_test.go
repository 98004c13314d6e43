package jumdata

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/callpacer/callpacer/providers"
)

func TestDefaultBaseURL(t *testing.T) {
	a := newAdapter(t, testSettings())
	if got := a.http.URL(sendPath).String(); got != "https://api.jumdata.com/voice-notify/send" {
		t.Error(got)
	}
	if got := a.http.URL(resultPath).String(); got != "https://api.jumdata.com/voice-notify/result" {
		t.Error(got)
	}
}

func TestNewRefuses(t *testing.T) {
	only := func(name string) func(*providers.Settings) {
		return func(s *providers.Settings) {
			s.Credential = func(n string) string {
				if n == name {
					return testSecret
				}
				return ""
			}
		}
	}
	for name, tc := range map[string]struct {
		change func(*providers.Settings)
		names  []string
	}{
		"no credentials":    {func(s *providers.Settings) { s.Credential = nil }, []string{"app_id"}},
		"no app_id":         {only("app_secret"), []string{"app_id"}},
		"no app_secret":     {only("app_id"), []string{"app_secret"}},
		"plain HTTP":        {func(s *providers.Settings) { s.BaseURL = "http://api.jumdata.com" }, []string{"jumdata", "allow_plain_http"}},
		"unknown switch":    {func(s *providers.Settings) { s.Switches = map[string]string{"sign_case": "upper"} }, []string{"sign_case"}},
		"auth_mode":         {func(s *providers.Settings) { s.Switches = map[string]string{"auth_mode": "appcode"} }, []string{"auth_mode", "appcode"}},
		"bad notify data":   {func(s *providers.Settings) { s.Switches = map[string]string{"send_notify_data": "maybe"} }, []string{"send_notify_data", "maybe"}},
		"bad code_500":      {func(s *providers.Settings) { s.Switches = map[string]string{"code_500": "ignore"} }, []string{"code_500", "ignore"}},
		"unknown list":      {func(s *providers.Settings) { s.LimitPatterns = map[string][]string{"locks": {"x"}} }, []string{"locks"}},
		"bad pattern":       {func(s *providers.Settings) { s.LimitPatterns = map[string][]string{"window": {"ok", "(("}} }, []string{"window", "(("}},
		"ack of a failure":  {func(s *providers.Settings) { s.Ack.Status = 500 }, []string{"ack.status"}},
		"negative time-out": {func(s *providers.Settings) { s.Timeout = -1 }, []string{"jumdata"}},
	} {
		s := testSettings()
		tc.change(&s)
		a, err := New(s)
		if err == nil || a != nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		for _, word := range tc.names {
			if !strings.Contains(err.Error(), word) {
				t.Errorf("%s: %v does not name %s", name, err, word)
			}
		}
		if strings.Contains(err.Error(), testSecret) {
			t.Errorf("%s: the error shows a credential", name)
		}
	}
}

func TestAuthModeSignIsAccepted(t *testing.T) {
	s := testSettings()
	s.Switches = map[string]string{"auth_mode": "sign"}
	newAdapter(t, s)
}

func TestScrub(t *testing.T) {
	c := newAdapter(t, testSettings()).cfg
	for in, want := range map[string]string{
		"号码13800138000被限制":              "号码***被限制",
		"123456":                        "123456",
		"1234567":                       "***",
		"138 0013-8000":                 "***",
		"１３８００１３８０００":                   "***",
		"see https://x.test/?k=1 now":   "see *** now",
		"key " + testSecret + " bad":    "key *** bad",
		testID:                          "***",
		strings.Repeat("abcd0123", 8):   "***",
		"a\x00b\nc\xff":                 "a b c\ufffd",
		strings.Repeat("张", 300):        strings.Repeat("张", 200),
		strings.Repeat("a", 1<<20):      "***",
		strings.Repeat("中1", 1<<19)[:9]: "中1中1\ufffd",
	} {
		if got := c.words.Text(in); got != want {
			t.Errorf("%.40q: %.80q, want %.80q", in, got, want)
		}
	}
}

// What an outcome says of the vendor's words is fit to be shown.
func TestVendorWordsAreScrubbed(t *testing.T) {
	got := send(t, testSettings(), 200, `{"code":999,"msg":"`+testMobile+` `+testSecret+` https://a.test/`+testMobile+`"}`)
	shown := fmt.Sprintf("%+v", got)
	for _, secret := range []string{testMobile, testSecret, "a.test"} {
		if strings.Contains(shown, secret) {
			t.Errorf("shows %q: %s", secret, shown)
		}
	}
	if got.VendorText == "" || !utf8.ValidString(got.VendorText) {
		t.Errorf("text %q", got.VendorText)
	}
}
