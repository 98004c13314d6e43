package configs

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	defaultOpenGuard = 5 * time.Second
	defaultEndGuard  = 30 * time.Second
	day              = 24 * time.Hour
)

// window merges the file's window over the vendor's, which may be nil.
func (o *object) window(def *Window) *Window {
	v, none := o.unlessOff("window")
	if none {
		return nil
	}
	if v == nil {
		return def
	}
	c := v.object()
	defer c.done()
	w := Window{Open: -1, Close: -1, OpenGuard: defaultOpenGuard, EndGuard: defaultEndGuard}
	if def != nil {
		w = *def
	}
	w.Open = c.timeOfDay("open", w.Open)
	w.Close = c.timeOfDay("close", w.Close)
	w.Zone = c.zone("time_zone", w.Zone)
	w.OpenGuard = c.span("open_guard", w.OpenGuard, 0)
	w.EndGuard = c.span("end_guard", w.EndGuard, 0)
	w.Blackout = c.dates("blackout")
	w.Weekdays = c.weekdays("weekdays")
	c.checkSpan(&w)
	return &w
}

// checkSpan judges the window's two ends and its guards together.
func (o *object) checkSpan(w *Window) {
	switch {
	case w.Open < 0 || w.Close < 0: // already reported
	case w.Open == day:
		o.fail("open", "24:00 is the end of a day; a window opens at 00:00 to 23:59:59")
	case w.Open == w.Close:
		key := "close"
		if !o.has(key) {
			key = "open"
		}
		o.fail(key, "open and close are the same; write 00:00 and 24:00 for always open, or window: off")
	case !w.AlwaysOpen() && w.OpenGuard+w.EndGuard >= w.Length():
		key := "end_guard"
		if !o.has(key) {
			key = "open_guard"
		}
		o.fail(key, "open_guard and end_guard (%s together) leave nothing of a window of %s", w.OpenGuard+w.EndGuard, w.Length())
	}
}

var clockPattern = regexp.MustCompile(`^([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?$`)

// timeOfDay returns a wall-clock time as a duration since midnight. Without a
// default the key is required, and -1 stands for a reported problem.
func (o *object) timeOfDay(key string, def time.Duration) time.Duration {
	v, ok := o.take(key)
	if !ok {
		if def < 0 {
			o.fail(key, "is required, such as %q", "09:00")
		}
		return def
	}
	s, ok := v.scalar()
	if !ok {
		return -1
	}
	d, ok := parseClock(s.text)
	if !ok {
		v.fail("%s is not a time of day; write HH:MM or HH:MM:SS, such as \"09:00\"", s.shown)
		return -1
	}
	return d
}

func parseClock(text string) (time.Duration, bool) {
	m := clockPattern.FindStringSubmatch(text)
	if m == nil {
		return 0, false
	}
	var total time.Duration
	for i, unit := range []time.Duration{time.Hour, time.Minute, time.Second} {
		if m[i+1] == "" {
			continue
		}
		n, err := strconv.Atoi(m[i+1])
		if err != nil || i > 0 && n > 59 {
			return 0, false
		}
		total += time.Duration(n) * unit
	}
	return total, total <= day
}

func (o *object) zone(key string, def *time.Location) *time.Location {
	v, ok := o.take(key)
	if !ok {
		if def == nil {
			o.fail(key, "is required, such as %s", chinaZone)
		}
		return def
	}
	s, ok := v.scalar()
	if !ok {
		return def
	}
	// "Local" and "" would mean something else on every machine.
	loc, err := time.LoadLocation(s.text)
	if err != nil || s.text == "" || s.text == "Local" {
		v.fail("%s is not a time zone; write an IANA name such as %s", s.shown, chinaZone)
		return def
	}
	return loc
}

// dates returns days as YYYY-MM-DD, sorted and without repetitions.
func (o *object) dates(key string) []string {
	var out []string
	for _, item := range o.items(key) {
		s, ok := item.scalar()
		if !ok {
			continue
		}
		if _, err := time.Parse(time.DateOnly, s.text); err != nil {
			item.fail("%s is not a day; write YYYY-MM-DD, such as 2027-02-17", s.shown)
			continue
		}
		out = append(out, s.text)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

var weekdayNames = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

func (o *object) weekdays(key string) []time.Weekday {
	if !o.has(key) {
		return nil
	}
	var out []time.Weekday
	items := o.items(key)
	for _, item := range items {
		s, ok := item.scalar()
		if !ok {
			continue
		}
		at := slices.Index(weekdayNames, s.text)
		switch {
		case at < 0:
			item.fail("%s is not a weekday; write one of %s", s.shown, strings.Join(weekdayNames, ", "))
		case slices.Contains(out, time.Weekday(at)):
			item.fail("%s is given twice", s.shown)
		default:
			out = append(out, time.Weekday(at))
		}
	}
	if v, ok := o.take(key); ok && len(items) == 0 {
		if _, isList := v.list(); isList {
			v.fail("is an empty list: the window would never open; leave the key out for every day")
		}
	}
	return out
}
