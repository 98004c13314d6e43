package dispatch

import (
	"testing"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/vendorwire"
	"github.com/callpacer/callpacer/providers"
)

// TestUnsentRequestSaysNothingOfTheVendor, while a refusal of the vendor's own does.
func TestUnsentRequestSaysNothingOfTheVendor(t *testing.T) {
	l := &Lane{}
	ours := vendorwire.Refuse("word", providers.CauseInvalidNumber)
	theirs := ours
	theirs.Unsent = false
	for want, o := range map[record.Health]providers.Outcome{record.HealthNone: ours, record.HealthOK: theirs} {
		if got := l.newsOf(o).Health; got != want {
			t.Errorf("%+v says %q of the vendor, want %q", o, got, want)
		}
	}
}
