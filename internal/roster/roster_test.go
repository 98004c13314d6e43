package roster_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
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
