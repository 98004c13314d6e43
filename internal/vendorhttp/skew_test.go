package vendorhttp

import (
	"testing"
	"time"
)

func TestSkew(t *testing.T) {
	now := time.Date(2026, 11, 22, 9, 0, 0, 400e6, time.UTC)
	var s skew
	for _, tt := range []struct {
		date string
		want time.Duration
	}{
		{"Sun, 22 Nov 2026 09:00:00 GMT", 0},
		{"Sun, 22 Nov 2026 09:01:00 GMT", 59600 * time.Millisecond},
		{"", 59600 * time.Millisecond},      // not told: what was known stays
		{"today", 59600 * time.Millisecond}, // unreadable
		{"Sun, 22 Nov 2026 08:59:00 GMT", -60400 * time.Millisecond},
	} {
		s.see(tt.date, now)
		if got := time.Duration(s.nanoseconds.Load()); got != tt.want {
			t.Errorf("%q: %s, want %s", tt.date, got, tt.want)
		}
	}
}
