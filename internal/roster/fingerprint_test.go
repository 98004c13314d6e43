package roster_test

import (
	"testing"

	"github.com/callpacer/callpacer/configs"
	"github.com/callpacer/callpacer/internal/roster"
)

// TestFingerprintCoversPoolProbeAndRedial, and not how they are written.
func TestFingerprintCoversPoolProbeAndRedial(t *testing.T) {
	const base = `pool: ["17000000001", "17000000002"], probe: {every: 5m, threshold: "0", warn_below: "50"}, redial: off`
	of := func(more string) string {
		t.Helper()
		text := "redis: {url: redis://127.0.0.1:6379/0}\naccounts:\n  - {name: a, vendor: interline, base_url: \"https://b.example\", " +
			"credentials: {dev_id: d, auth_key: k, app_id: a}, " + more + "}\n"
		c, err := configs.Load([]byte(text), "test.yaml")
		if err != nil {
			t.Fatal(err)
		}
		a, err := roster.Account(&c.Accounts[0], c)
		if err != nil {
			t.Fatal(err)
		}
		return a.Rules
	}
	for more, same := range map[string]bool{
		`pool: ["17000000002", "17000000001"], probe: {threshold: "-0.00", warn_below: "50.0"}`:      true,
		`pool: ["17000000001"], probe: {every: 5m, threshold: "0", warn_below: "50"}`:                false,
		`pool: ["17000000001", "17000000002"], probe: {every: 6m, threshold: "0", warn_below: "50"}`: false,
		`pool: ["17000000001", "17000000002"], probe: {every: 5m, threshold: "1", warn_below: "50"}`: false,
		`pool: ["17000000001", "17000000002"], probe: {every: 5m, threshold: "0"}`:                   false,
		`pool: ["17000000001", "17000000002"], probe: off`:                                           false,
	} {
		if got := of(more) == of(base); got != same {
			t.Errorf("%s: the same as %s: %v", more, base, got)
		}
	}
}
