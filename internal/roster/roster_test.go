package roster_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/callpacer/callpacer/configs"
	"github.com/callpacer/callpacer/internal/roster"
	"github.com/callpacer/callpacer/ratelimit"
)

// What producers read of an account's rules is what its workers hold it to.
func TestRulesArePublished(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.yaml")
	text := `redis: {url: redis://127.0.0.1:6379/0}
accounts:
  - {name: standard, vendor: jumdata, credentials: {app_id: a, app_secret: b}}
  - name: every
    vendor: jumdata
    group: every
    credentials: {app_id: a, app_secret: b}
    rules:
      window: {open: "10:00", close: "20:00", time_zone: Asia/Tokyo, open_guard: 1s, end_guard: 2s, blackout: [2027-02-17], weekdays: [mon, tue]}
      per_number: [{limit: 2, per: 1h, margin: 3s}, {limit: 4, per: calendar_day}]
      one_at_a_time: off
      lockout: 1h
      rate: {per_second: 0.5, burst: 2}
      query_rate: off
      max_in_flight: 7
      daily_cap: 9
`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := configs.LoadProducer(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range c.Accounts {
		a, err := roster.Account(&c.Accounts[i], c)
		if err != nil {
			t.Fatal(err)
		}
		var got ratelimit.Rules
		if err := json.Unmarshal(a.RuleSet, &got); err != nil {
			t.Fatal(err)
		}
		want := roster.Rules(c.Accounts[i].Rules)
		if !reflect.DeepEqual(got, want) || got.Window == nil || len(got.PerNumber) != 2 {
			t.Errorf("%s: published %s, held to %+v", a.Name, a.RuleSet, want)
		}
	}
}

// What is published of events lets producers refuse what would not be told, and
// holds no secret.
func TestEventsArePublished(t *testing.T) {
	for text, want := range map[string]struct {
		events   bool
		prefixes int
		url      string
	}{
		"": {},
		"events: {url: https://app.example.com/hooks, secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw, allowed_prefixes: [https://app.example.com/]}": {true, 1, "https://app.example.com/hooks"},
		"events: {url: https://app.example.com/hooks?token=t, secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw}":                                       {true, 0, ""},
	} {
		path := filepath.Join(t.TempDir(), "c.yaml")
		text := "redis: {url: redis://127.0.0.1:6379/0}\naccounts:\n  - {name: a, vendor: jumdata, credentials: {app_id: a, app_secret: b}}\n" + text
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := configs.LoadProducer(path)
		if err != nil {
			t.Fatal(err)
		}
		a, err := roster.Account(&c.Accounts[0], c)
		if err != nil || a.Events != want.events || len(a.EventPrefixes) != want.prefixes || a.EventURL != want.url {
			t.Errorf("%+v, %v; want %+v", a, err, want)
		}
		if b, err := json.Marshal(a); err != nil || strings.Contains(string(b), "whsec") || strings.Contains(string(b), "token") {
			t.Errorf("published: %s, %v", b, err)
		}
	}
}
