package dispatch

import (
	"testing"

	"github.com/callpacer/callpacer/providers"
)

func TestEndOfAPush(t *testing.T) {
	attempt, account := Source{ID: "walk.x", Attempt: 1}, Source{}
	for _, tt := range []struct {
		name string
		from Source
		ends []string
		want string
	}{
		{"one attempt's", attempt, []string{pushDone}, pushDone},
		{"one attempt's, beside another's", attempt, []string{pushRefused, pushDone, pushOrphan}, pushDone},
		{"one attempt's, about others only", attempt, []string{pushRefused, pushOrphan}, pushRefused},
		{"the account's", account, []string{pushDone, pushDone}, pushDone},
		{"the account's, with one that is lost", account, []string{pushDone, pushOrphan, pushDone}, pushOrphan},
		{"the account's, the first that is not done tells", account, []string{pushDone, pushUnreadable, pushOrphan}, pushUnreadable},
	} {
		if got := endOf(tt.from, tt.ends); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestReferred(t *testing.T) {
	l := &Lane{Group: walkGroup}
	for ref, want := range map[string]struct {
		id      string
		attempt int
	}{
		"":                {},
		"walk":            {},
		"walk.":           {},
		".x":              {},
		"other.x.1":       {},
		"walker.x.1":      {},
		"walk.x":          {"walk.x", 0},
		"walk.x.1":        {"walk.x", 1},
		"walk.x.12":       {"walk.x", 12},
		"walk.x.":         {"walk.x.", 0},
		"walk.x.y":        {"walk.x.y", 0},
		"walk.12":         {"walk.12", 0}, // a job's id may be digits only
		"walk.12.3":       {"walk.12", 3},
		"order 7, walk.x": {},
	} {
		if id, n := l.referred(providers.Report{Ref: ref}); id != want.id || n != want.attempt {
			t.Errorf("%q: %q attempt %d, want %q attempt %d", ref, id, n, want.id, want.attempt)
		}
	}
}
