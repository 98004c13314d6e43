package dispatch

import (
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/sirupsen/logrus/hooks/test"
)

type clockOff struct{ by time.Duration }

func (c clockOff) Skew() time.Duration { return c.by }

// A clock that is off is said, and not with every call.
func TestClockOfTheVendorIsWatched(t *testing.T) {
	for by, want := range map[time.Duration]int{0: 0, 29 * time.Second: 0, 30 * time.Second: 2, -time.Hour: 2} {
		log, said := test.NewNullLogger()
		l := &Lane{Vendor: clockOff{by}, Log: log}
		start := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
		for _, after := range []time.Duration{0, time.Second, skewQuiet - time.Second, skewQuiet} {
			l.watchClock(start.Add(after))
		}
		if got := len(said.AllEntries()); got != want {
			t.Errorf("%s off: %d warnings, want %d", by, got, want)
		}
		for _, e := range said.AllEntries() {
			if e.Level != logrus.WarnLevel {
				t.Errorf("%s", e.Level)
			}
		}
	}
	(&Lane{Vendor: struct{}{}}).watchClock(time.Now()) // one that tells no time
}
