package configs

import (
	"fmt"
	"maps"
	"strings"
	"testing"
)

func TestUnserved(t *testing.T) {
	for name, tt := range map[string]struct {
		text string
		want string
	}{
		"served":         {withAccount(vendorJumdata), ""},
		"switches":       {withAccount(vendorJumdata, "auth_mode: sign", "sign_case: upper"), ""},
		"rules off":      {withAccount(vendorJumdata, "rules: {max_in_flight: off, daily_cap: off}"), ""},
		"breaker":        {withAccount(vendorJumdata, "breaker: {after: 1}"), ""},
		"max_in_flight":  {withAccount(vendorJumdata, "rules: {max_in_flight: 1}"), ""},
		"both limits":    {withAccount(vendorJumdata, "rules: {max_in_flight: 1, daily_cap: 1}"), ""},
		"another vendor": {withAccount(vendorITNIO), ""},
		"appcode": {strings.Replace(withAccount(vendorJumdata, "auth_mode: appcode", "base_url: https://appcode.example.com"),
			"{app_id: a1, app_secret: s1}", "{app_code: c}", 1), "auth_mode: appcode is not built yet"},
	} {
		if got := mustLoad(t, tt.text).Accounts[0].Unserved(); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

func TestAdapterSwitches(t *testing.T) {
	a := mustLoad(t, withAccount(vendorJumdata, "auth_mode: sign", "code_500: retry", "encoding: json", "send_notify_data: false")).Accounts[0]
	want := map[string]string{"auth_mode": "sign", "code_500": "retry", "send_notify_data": "false"}
	if got := a.AdapterSwitches(); !maps.Equal(got, want) || len(a.Switches) != 4 {
		t.Errorf("%v of %v, want %v", got, a.Switches, want)
	}
}

func TestPublicURLTooLong(t *testing.T) {
	// /callbacks/ a / jumdata . name . attempt . mac
	const added = 11 + 1 + 1 + 7 + 1 + 26 + 1 + 5 + 1 + 24
	for length, over := range map[int]int{255 - added: 0, 255 - added + 1: 1, 300: 300 + added - 255} {
		base := "https://calls.example.com/"
		base += strings.Repeat("x", length-len(base))
		text := withAccount(vendorJumdata) + "  - {name: longer-other-vendor, vendor: dingxin, base_url: https://a.example.com, credentials: {app_key: k, app_secret: s}}\n"
		text += "public:\n  url: " + base + "\n"
		_, err := loadWith(text, "x.yaml", nil, nil)
		if over == 0 {
			if err != nil {
				t.Errorf("%d characters: %v", length, err)
			}
			continue
		}
		want := fmt.Sprintf("x.yaml:8: public.url: is %d characters too long", over)
		if err == nil || !strings.HasPrefix(err.Error(), want) || !strings.Contains(err.Error(), "account a ") {
			t.Errorf("%d characters: %v, want %s", length, err, want)
		}
	}
}
