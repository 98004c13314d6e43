package ratelimit

import (
	"testing"
	"time"
)

// changes are days on which a zone's clocks change, some of them at midnight.
var changes = map[string][]string{
	"Europe/Berlin":    {"2026-03-29", "2026-10-25"},
	"America/New_York": {"2026-03-08", "2026-11-01"},
	"America/Havana":   {"2026-03-08", "2026-11-01"},
	"America/Santiago": {"2026-04-05", "2026-09-06"},
	"Africa/Cairo":     {"2026-04-24", "2026-10-30"},
	"Asia/Beirut":      {"2026-03-29", "2026-10-25"},
	"Atlantic/Azores":  {"2026-03-29", "2026-10-25"},
	"Asia/Shanghai":    {"2026-11-21"},
	"Pacific/Apia":     {"2011-12-30"}, // a date that never was
}

// minutes calls f for each minute of the days around every change.
func minutes(t *testing.T, f func(now time.Time)) {
	t.Helper()
	for name, dates := range changes {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, date := range dates {
			noon, err := time.ParseInLocation(time.DateOnly, date, time.UTC)
			if err != nil {
				t.Fatal(err)
			}
			for m := range 4 * 24 * 60 {
				f(noon.Add(-48*time.Hour + time.Duration(m)*time.Minute).In(zone))
			}
		}
	}
}

func TestDayHoldsItsInstantsAndNoOthers(t *testing.T) {
	minutes(t, func(now time.Time) {
		start, end := dayOf(now, now.Location())
		date := func(ms int64) string { return time.UnixMilli(ms).In(now.Location()).Format(time.DateOnly) }
		today := now.Format(time.DateOnly)
		if at := now.UnixMilli(); at < start || at >= end || date(start) != today || date(end-1) != today {
			t.Fatalf("%v: its day is [%v, %v)", now, time.UnixMilli(start).In(now.Location()), time.UnixMilli(end).In(now.Location()))
		}
		if date(start-1) == today || date(end) == today {
			t.Fatalf("%v: its day goes on outside of [%d, %d)", now, start, end)
		}
	})
}

// TestOpeningsAreWithinTheWindow compares openings with the wall clock itself.
func TestOpeningsAreWithinTheWindow(t *testing.T) {
	h := func(hours float64) time.Duration { return time.Duration(hours * float64(time.Hour)) }
	for _, w := range []Window{
		{Open: h(9), Close: h(21)}, {Open: h(1), Close: h(2.5)}, {Open: h(2.5), Close: h(3.5)}, {Open: h(0), Close: h(2)},
		{Open: h(20), Close: h(2.5)}, {Open: h(23), Close: h(1)}, {Open: h(23.5), Close: h(24)}, {Open: h(0.5), Close: h(0.25)},
	} {
		open := 0
		minutes(t, func(now time.Time) {
			w.Location = now.Location()
			spans := w.openings(now, 1)
			if len(spans) == 0 || now.UnixMilli() < spans[0][0] {
				return
			}
			open++
			shown := time.Duration(now.Hour())*time.Hour + time.Duration(now.Minute())*time.Minute
			inside := shown >= w.Open && shown < w.Close
			if w.Close <= w.Open {
				inside = shown >= w.Open || shown < w.Close
			}
			if !inside {
				t.Fatalf("%v is outside of [%v, %v)", now, w.Open, w.Close)
			}
		})
		// A change costs a window an hour or so, never a day.
		if days := open / int((w.Close-w.Open+24*time.Hour-1)%(24*time.Hour)/time.Minute+1); days < 40 {
			t.Errorf("[%v, %v) was open on %d days of some 60", w.Open, w.Close, days)
		}
	}
}
