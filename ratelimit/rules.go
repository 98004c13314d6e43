// Package ratelimit turns an account's rules into numbers and asks the one
// script that may let a call out. Go knows time zones and calendars; the script
// counts, compares and writes.
package ratelimit

import "time"

// Rules are an account's limits. The zero value of a rule means that the rule
// is off, which only the word "off" in the configuration brings about.
type Rules struct {
	Window     *Window       // nil: calls may go at any time
	PerNumber  []PerNumber   // all must pass
	OneAtATime bool          // one attempt in flight to a number
	Lockout    time.Duration // after the vendor locked a number; 0: its lock is not kept
	// Rate is that of the acting requests of the whole fleet, QueryRate that of the
	// queries.
	Rate, QueryRate Rate
	MaxInFlight     int            // calls that use a line at one time; 0: any number
	DailyCap        int            // calls and bindings in a day of Day; 0: any number
	Day             *time.Location // nil: UTC
}

func (r Rules) dayZone() *time.Location {
	if r.Day == nil {
		return time.UTC
	}
	return r.Day
}

// Rate is a rate for the whole fleet. The zero Rate is none.
type Rate struct {
	PerSecond float64
	Burst     int // at least 1
}

// rateMargin keeps the slots a little apart from each other than the rate asks, so
// that what jitters on the way never arrives too dense.
const rateMargin = 1.02

// step is the time between two slots.
func (r Rate) step() time.Duration {
	if r.PerSecond <= 0 {
		return 0
	}
	return time.Duration(rateMargin / r.PerSecond * float64(time.Second))
}

// PerNumber limits the calls to one number.
type PerNumber struct {
	Limit int
	// Calendar counts within the calendar day of Location; Width is then unused.
	Calendar bool
	Location *time.Location
	Width    time.Duration // else within the last Width + Margin
	Margin   time.Duration
}

// Window is when calls may go out: [Open, Close) of each day, less the guards.
type Window struct {
	// Open and Close are times of day. Close at or before Open is on the next
	// day; 0 to 24h is always open and has no guards.
	Open, Close           time.Duration
	Location              *time.Location
	OpenGuard, CloseGuard time.Duration
	Blackout              map[string]bool       // "2006-01-02": the window that opens on it stays shut
	Weekdays              map[time.Weekday]bool // empty: every day
}

// span is one opening in Unix milliseconds, half-open.
type span [2]int64

// horizon is how many days ahead a window is searched for openings.
const horizon = 400

// openings returns the next openings that end after now, at most n.
func (w *Window) openings(now time.Time, n int) []span {
	local := now.In(w.Location)
	var out []span
	for d := -1; d < horizon && len(out) < n; d++ {
		// A day that is off by its date is off for the whole window it opens.
		day := time.Date(local.Year(), local.Month(), local.Day()+d, 12, 0, 0, 0, w.Location)
		if w.Blackout[day.Format(time.DateOnly)] || len(w.Weekdays) > 0 && !w.Weekdays[day.Weekday()] {
			continue
		}
		// Where the zone shows a time of day twice, the shorter opening counts.
		_, opens := wallClock(day, w.Open)
		closes, _ := wallClock(day, w.Close)
		if w.Close <= w.Open {
			closes, _ = wallClock(day.AddDate(0, 0, 1), w.Close)
		}
		if !w.wholeDay() {
			opens, closes = opens.Add(w.OpenGuard), closes.Add(-w.CloseGuard)
		}
		if closes.After(now) && closes.After(opens) {
			out = append(out, span{opens.UnixMilli(), closes.UnixMilli()})
		}
	}
	return out
}

// wallClock returns the first and the last instant at which the clocks of day's
// zone show the time of day on that date. They differ where clocks are set back
// over it; where they are set forward over it, both are that change.
func wallClock(day time.Time, timeOfDay time.Duration) (first, last time.Time) {
	y, m, d := day.Date()
	shown := time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Add(timeOfDay)
	under := func(offset int) (at time.Time, ok bool) {
		at = shown.Add(-time.Duration(offset) * time.Second).In(day.Location())
		_, there := at.Zone()
		return at, there == offset
	}
	_, before := shown.AddDate(0, 0, -1).In(day.Location()).Zone()
	_, after := shown.AddDate(0, 0, 1).In(day.Location()).Zone()
	first, early := under(before)
	last, late := under(after)
	switch {
	case early && late:
		return first, last
	case early:
		return first, first
	case late:
		return last, last
	}
	_, change := last.ZoneBounds()
	return change, change
}

func (w *Window) wholeDay() bool { return w.Open == 0 && w.Close == 24*time.Hour }

// alwaysOpen says that no instant is outside the window.
func (w *Window) alwaysOpen() bool {
	return w == nil || w.wholeDay() && len(w.Blackout) == 0 && len(w.Weekdays) == 0
}
