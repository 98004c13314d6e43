package roster_test

import (
	"slices"
	"testing"

	"github.com/callpacer/callpacer/configs"
	"github.com/callpacer/callpacer/internal/roster"
	"github.com/callpacer/callpacer/providers/all"
	"github.com/callpacer/callpacer/tasks"
)

// Recording jobs are taken where there is a place for the audio, and a vendor has any.
func TestRecordingsArePublished(t *testing.T) {
	const text = `redis: {url: redis://127.0.0.1:6379/0}
accounts:
  - {name: with, vendor: dingxin, credentials: {app_key: a, app_secret: b}}
  - {name: without, vendor: jumdata, credentials: {app_id: a, app_secret: b}}
`
	for more, want := range map[string]bool{"": false, "recordings: {url: \"mem://\"}\n": true} {
		c, err := configs.Load([]byte(text+more), "test.yaml")
		if err != nil {
			t.Fatal(err)
		}
		for i, name := range []string{"with", "without"} {
			a, err := roster.Account(&c.Accounts[i], c)
			if err != nil {
				t.Fatal(err)
			}
			if got := slices.Contains(a.Kinds, tasks.KindRecording); got != (want && name == "with") {
				t.Errorf("%q: %s takes recording jobs: %v", more, name, got)
			}
			if n := len(all.Kinds(a.Vendor)); len(a.Kinds) < n-1 {
				t.Errorf("%s takes %v", name, a.Kinds)
			}
		}
	}
}
