package vendorwire

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/callpacer/callpacer/providers"
)

var now = time.UnixMilli(1700000000123)

func dated(at time.Time) providers.Reply {
	return providers.Reply{Header: http.Header{"Date": {at.UTC().Format(http.TimeFormat)}}}
}

// A new attempt is worth it only where the vendor's time leads somewhere else.
func TestLearn(t *testing.T) {
	for name, tc := range map[string]struct {
		reply   providers.Reply
		learned bool
		ahead   time.Duration
	}{
		"ahead":             {dated(now.Add(90 * time.Second)), true, 90*time.Second - 123*time.Millisecond},
		"behind":            {dated(now.Add(-time.Hour)), true, -time.Hour - 123*time.Millisecond},
		"the same second":   {dated(now), false, 0},
		"within two":        {dated(now.Add(2 * time.Second)), false, 0},
		"just beyond two":   {dated(now.Add(3 * time.Second)), true, 3*time.Second - 123*time.Millisecond},
		"no date":           {providers.Reply{}, false, 0},
		"a date of no kind": {providers.Reply{Header: http.Header{"Date": {"yesterday"}}}, false, 0},
	} {
		c := NewClock(func() time.Time { return now })
		_, used := c.Now()
		learned := c.Learn(tc.reply, used)
		at, offset := c.Now()
		if learned != tc.learned || offset != tc.ahead || !at.Equal(now.Add(tc.ahead)) || !c.Ours().Equal(now) {
			t.Errorf("%s: learned %v, offset %v, now %v", name, learned, offset, at)
		}
	}
}

// J9: the vendor that refuses its own time is not asked a third time.
func TestLearnOnlyOnce(t *testing.T) {
	c := NewClock(func() time.Time { return now })
	_, used := c.Now()
	if !c.Learn(dated(now.Add(time.Minute)), used) {
		t.Fatal("the first refusal teaches nothing")
	}
	_, corrected := c.Now()
	if c.Learn(dated(now.Add(time.Minute)), corrected) {
		t.Error("the same date is news a second time")
	}
	// A request that was signed before the others had learned gains by their lesson.
	if !c.Learn(dated(now.Add(time.Minute)), used) {
		t.Error("a request of before the lesson is not worth another try")
	}
}

func TestClockOfTheSystem(t *testing.T) {
	c := NewClock(nil)
	if at, offset := c.Now(); time.Since(at).Abs() > time.Minute || offset != 0 {
		t.Errorf("now %v, offset %v", at, offset)
	}
}

func TestClockIsSafeForConcurrentUse(t *testing.T) {
	c := NewClock(func() time.Time { return now })
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			_, used := c.Now()
			c.Learn(dated(now.Add(time.Duration(i)*time.Hour)), used)
		})
	}
	all.Wait()
}

// I7, L3: one reader for the ways in which times are written.
func TestInstant(t *testing.T) {
	want := time.Date(2023, 11, 15, 6, 13, 20, 0, time.FixedZone("", 8*60*60))
	for _, text := range []string{"1700000000", "1700000000000", " 1700000000 ", "2023-11-15T06:13:20+08:00", "2023-11-14T22:13:20Z",
		"2023-11-15 06:13:20", "20231115061320", "2023-11-15T06:13:20"} {
		if got, ok := Instant(text); !ok || !got.Equal(want) {
			t.Errorf("%q: %v, %v", text, got, ok)
		}
	}
	if got, ok := Instant("1700000000123"); !ok || got.UnixMilli() != 1700000000123 {
		t.Errorf("milliseconds: %v, %v", got, ok)
	}
	for _, text := range []string{"", "0", "170000000", "17000000001", "170000000000", "2023-11-15", "2023-13-15 06:13:20", "20231315061320", "soon", "1.7e9"} {
		if got, ok := Instant(text); ok {
			t.Errorf("%q: %v, want none", text, got)
		}
	}
}

func TestSeconds(t *testing.T) {
	for text, want := range map[string]time.Duration{"0": 0, "12": 12 * time.Second, "1000000000": 1e9 * time.Second} {
		if got, ok := Seconds(text); !ok || got != want {
			t.Errorf("%q: %v, %v", text, got, ok)
		}
	}
	// J8: a timestamp in a duration's place is none.
	for _, text := range []string{"", "-1", "1.5", "1000000001", "1700000000123", "12s", " 12", "99999999999999999999"} {
		if got, ok := Seconds(text); ok {
			t.Errorf("%q: %v, want none", text, got)
		}
	}
}

func FuzzInstant(f *testing.F) {
	for _, text := range []string{"1700000000", "1700000000123", "2023-11-15 06:13:20", "20231115061320", "x"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if at, ok := Instant(text); !ok && !at.IsZero() {
			t.Errorf("%q: none, and %v", text, at)
		}
		if d, ok := Seconds(text); d < 0 || !ok && d != 0 {
			t.Errorf("%q: %v, %v", text, d, ok)
		}
	})
}
