package dingxin

import (
	"strings"
	"testing"

	"github.com/callpacer/callpacer/providers"
)

// D7: calls and recordings live on two hosts, with and without a prefix.
func TestD7TwoBaseURLs(t *testing.T) {
	a := newAdapter(t, testSettings())
	if got := a.calls.http.URL(callPath).String(); got != "https://xlv2.dingxin106.com/prod-api/axb/call/callByTelA" {
		t.Error(got)
	}
	// D8: the path is misspelt at the vendor.
	if got := a.recordings.http.URL(recordingPath).String(); got != "https://xl.dingxin106.com/call/companyRecordDownlaod/" {
		t.Error(got)
	}
	s := testSettings()
	s.BaseURL, s.RecordingBaseURL = "https://calls.test/a", "https://audio.test/b"
	a = newAdapter(t, s)
	if got := a.calls.http.URL(callPath).String(); got != "https://calls.test/a/prod-api/axb/call/callByTelA" {
		t.Error(got)
	}
	if got := a.recordings.http.URL(recordingPath).String(); got != "https://audio.test/b/call/companyRecordDownlaod/" {
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
				return " "
			}
		}
	}
	set := func(name, value string) func(*providers.Settings) {
		return func(s *providers.Settings) { s.Switches = map[string]string{name: value} }
	}
	for name, tc := range map[string]struct {
		change func(*providers.Settings)
		names  []string
	}{
		"no credentials":    {func(s *providers.Settings) { s.Credential = nil }, []string{"app_key"}},
		"no app_key":        {only("app_secret"), []string{"app_key"}},
		"no app_secret":     {only("app_key"), []string{"app_secret"}},
		"plain HTTP":        {func(s *providers.Settings) { s.BaseURL = "http://calls.test" }, []string{"allow_plain_http"}},
		"plain recordings":  {func(s *providers.Settings) { s.RecordingBaseURL = "http://audio.test" }, []string{"recording_base_url", "allow_plain_http"}},
		"unknown switch":    {set("code_500", "retry"), []string{"code_500", "sign_variant"}},
		"sign_variant":      {set("sign_variant", "v5"), []string{"sign_variant", "v5"}},
		"sign_case":         {set("sign_case", "Upper"), []string{"sign_case", "Upper"}},
		"timestamp_unit":    {set("timestamp_unit", "sec"), []string{"timestamp_unit", "sec"}},
		"encoding":          {set("encoding", "xml"), []string{"encoding", "xml"}},
		"return_url_key":    {set("return_url_key", "url"), []string{"return_url_key"}},
		"telx_means":        {set("telx_means", ""), []string{"telx_means"}},
		"patterns":          {func(s *providers.Settings) { s.LimitPatterns = map[string][]string{"window": {"x"}} }, []string{"limit_patterns"}},
		"ack of a failure":  {func(s *providers.Settings) { s.Ack.Status = 500 }, []string{"ack.status"}},
		"negative time-out": {func(s *providers.Settings) { s.Timeout = -1 }, nil},
	} {
		s := testSettings()
		tc.change(&s)
		a, err := New(s)
		if err == nil || a != nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		for _, word := range append(tc.names, "dingxin") {
			if !strings.Contains(err.Error(), word) {
				t.Errorf("%s: %v does not name %s", name, err, word)
			}
		}
		if strings.Contains(err.Error(), testSecret) {
			t.Errorf("%s: the error shows a credential", name)
		}
	}
}

func TestEverySwitchValueIsAccepted(t *testing.T) {
	for name, values := range map[string][]string{"sign_variant": {"v1", "v2", "v3", "v4"}, "sign_case": {"lower", "upper"},
		"timestamp_unit": {"ms", "s"}, "encoding": {"form", "json"}, "return_url_key": {"return_url", "retrun_url"}, "telx_means": {"placed", "dial"}} {
		for _, value := range values {
			newAdapter(t, with(name, value))
		}
	}
	c := newAdapter(t, testSettings()).cfg
	if got := []string{c.signVariant, c.signCase, c.timestampUnit, c.encoding, c.returnURLKey, c.telXMeans}; strings.Join(got, " ") != "v1 lower ms form return_url dial" {
		t.Errorf("defaults %v", got)
	}
}

func TestAck(t *testing.T) {
	if got := newAdapter(t, testSettings()).Ack(); got != (providers.Ack{Status: 200, ContentType: "application/json", Body: `{"code":200,"msg":"success"}`}) {
		t.Errorf("default: %+v", got)
	}
	s := testSettings()
	s.Ack = providers.Ack{Status: 202, ContentType: "text/plain", Body: "success"}
	if got := newAdapter(t, s).Ack(); got != s.Ack {
		t.Errorf("given: %+v", got)
	}
}
