package vendorwire

import (
	"strings"
	"testing"
)

// What lies across the cut is taken out whole, not halved.
func TestShortCutsAfterScrubbing(t *testing.T) {
	words := NewScrubber("secret-of-the-account")
	for _, hidden := range []string{"secret-of-the-account", "13800138000"} {
		got := words.Short(strings.Repeat("x", MaxID-8) + " " + hidden)
		if strings.Contains(got, hidden[:7]) || len(got) > MaxID {
			t.Errorf("%q", got)
		}
	}
}
