package itnio

import (
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/callpacer/callpacer/internal/vendorwire"
	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/providers/providertest"
)

// I3: two families of base URLs, with and without the path's first part.
func TestI3BaseURLs(t *testing.T) {
	for base, want := range map[string]string{
		"":                                  "https://api.itniotech.com",
		"https://api.itniotech.com":         "https://api.itniotech.com",
		"https://api.itniotech.com/":        "https://api.itniotech.com",
		"https://api.itniotech.com/voice":   "https://api.itniotech.com",
		"https://api.itniotech.com/voice/":  "https://api.itniotech.com",
		"https://api.itniotech.com//voice/": "https://api.itniotech.com",
		"https://api.onbuka.com/v3":         "https://api.onbuka.com/v3",
		"https://api.onbuka.com/v3/":        "https://api.onbuka.com/v3",
		"https://api.laaffic.com/v3/voice/": "https://api.laaffic.com/v3",
		"https://voice":                     "https://voice",
		"https://api.example.com/myvoice":   "https://api.example.com/myvoice",
	} {
		s := testSettings()
		s.BaseURL = base
		a := newAdapter(t, s)
		for path, wanted := range map[string]string{
			sendPath: "/voice/sendGroup", recordPath + "1": "/voice/recordGroup/1", balancePath: "/sms/getBalance",
		} {
			if got := a.http.URL(path).String(); got != want+wanted {
				t.Errorf("%q: %s, want %s", base, got, want+wanted)
			}
		}
	}
}

// I3: and so on the wire.
func TestI3BaseURLOnTheWire(t *testing.T) {
	for _, base := range []string{"/v3", "/v3/", "/v3/voice", "/v3/voice/"} {
		v := sendVendor(200, providertest.Fixture(t, "send_ok.json"))
		v.path = "/v3/voice/sendGroup"
		s := testSettings()
		s.BaseURL = base
		if got := notify(t, v.adapter(t, s), minimal()); got.Class != providers.ClassOK {
			t.Errorf("%s: %+v", base, got)
		}
	}
}

// I10: the vendor's PHP sample trusts any certificate; we don't.
func TestI10CertificatesAreVerified(t *testing.T) {
	srv := httptest.NewUnstartedServer(nil)
	srv.Config.ErrorLog = log.New(io.Discard, "", 0) // it logs the broken handshake
	srv.StartTLS()
	defer srv.Close()
	s := testSettings()
	s.BaseURL = srv.URL
	a := newAdapter(t, s)
	line, err := a.Ready(t.Context())
	if got := vendorwire.Transport(err); line != nil || got.Reason != "tls" || got.Written {
		t.Errorf("Ready: %v", err)
	}
	if got := a.Poll(t.Context(), query()); got.Class != providers.ClassRetryLater || got.VendorText != "tls" {
		t.Errorf("Poll: %+v", got)
	}
}

func TestNewRefuses(t *testing.T) {
	without := func(missing string) func(*providers.Settings) {
		return func(s *providers.Settings) {
			s.Credential = func(name string) string {
				if name == missing {
					return " "
				}
				return testCredentials()[name]
			}
		}
	}
	switches := func(name, value string) func(*providers.Settings) {
		return func(s *providers.Settings) { s.Switches = map[string]string{name: value} }
	}
	for name, tc := range map[string]struct {
		change func(*providers.Settings)
		names  []string
	}{
		"no credentials":       {func(s *providers.Settings) { s.Credential = nil }, []string{"api_key"}},
		"no api_key":           {without("api_key"), []string{"api_key"}},
		"no api_secret":        {without("api_secret"), []string{"api_secret"}},
		"no app_id":            {without("app_id"), []string{"app_id"}},
		"plain HTTP":           {func(s *providers.Settings) { s.BaseURL = "http://api.itniotech.com" }, []string{"itnio", "allow_plain_http"}},
		"plain HTTP and voice": {func(s *providers.Settings) { s.BaseURL = "http://api.itniotech.com/voice" }, []string{"allow_plain_http"}},
		"no URL":               {func(s *providers.Settings) { s.BaseURL = "https://%zz/voice" }, []string{"base_url"}},
		"unknown switch":       {switches("sign_case", "upper"), []string{"sign_case", "display_num"}},
		"short display_num":    {switches("display_num", "123456"), []string{"display_num"}},
		"display_num no digit": {switches("display_num", "+8613800138000"), []string{"display_num"}},
		"limit patterns":       {func(s *providers.Settings) { s.LimitPatterns = map[string][]string{"window": {"x"}} }, []string{"limit_patterns"}},
		"ack of a failure":     {func(s *providers.Settings) { s.Ack.Status = 500 }, []string{"ack.status"}},
		"negative time-out":    {func(s *providers.Settings) { s.Timeout = -1 }, []string{"itnio"}},
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
		for _, secret := range []string{testKey, testSecret, testApp, testMobile} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%s: the error shows %s", name, secret)
			}
		}
	}
}

func TestTraits(t *testing.T) {
	if want := (providers.Traits{International: true, MaxTimes: 3, AccountPush: true}); Traits != want {
		t.Errorf("got %+v", Traits)
	}
}

// What an outcome says of the vendor's words is fit to be shown.
func TestVendorWordsAreScrubbed(t *testing.T) {
	dirty := testMobile + " " + testSecret + " " + testKey + " https://a.test/" + testCallee
	for _, shown := range []string{
		fmt.Sprintf("%+v", send(t, 200, `{"status":"`+dirty+`","reason":"`+dirty+`"}`)),
		fmt.Sprintf("%+v", send(t, 200, `{"status":"0","data":[{"terminationCode":"`+dirty+`","terminationReason":"`+dirty+`"}]}`)),
		fmt.Sprintf("%+v", record(t, `"terminationCode":"`+dirty+`","terminationReason":"`+dirty+`"`)),
		fmt.Sprintf("%+v", balanceVendor(200, `{"status":"`+dirty+`","reason":"`+dirty+`"}`).adapter(t, testSettings()).Probe(t.Context())),
	} {
		for _, secret := range []string{testMobile, testSecret, testKey, "a.test"} {
			if strings.Contains(shown, secret) {
				t.Errorf("shows %q: %s", secret, shown)
			}
		}
		if !strings.Contains(shown, "***") {
			t.Errorf("the words are lost: %s", shown)
		}
	}
}
