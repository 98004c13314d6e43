package main

import (
	"testing"

	"github.com/callpacer/callpacer/configs"
)

func TestAccountsOfRefusesTheUnserved(t *testing.T) {
	cfg, err := configs.Load([]byte(`redis: {url: "redis://127.0.0.1:1/0"}
accounts:
  - {name: served, vendor: jumdata, credentials: {app_id: a, app_secret: b}}
  - {name: capped, vendor: jumdata, credentials: {app_id: a, app_secret: b}, rules: {daily_cap: 1}}
  - {name: lines, vendor: jumdata, credentials: {app_id: a, app_secret: b}, rules: {max_in_flight: 1}}
  - {name: coded, vendor: jumdata, group: coded, auth_mode: appcode, base_url: https://a.example, credentials: {app_code: c}}
  - {name: other, vendor: itnio, credentials: {api_key: a, api_secret: b, app_id: c}}
`), "test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	accounts, err := accountsOf(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range accounts {
		if want := a.Name != "coded"; (len(a.Kinds) > 0) != want {
			t.Errorf("account %s: kinds %v", a.Name, a.Kinds)
		}
	}
}
