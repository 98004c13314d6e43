package configs

import "time"

// shortest is the least span that a rule or deadline may have.
const shortest = 100 * time.Millisecond

// longest is the most that any span may have: beyond it, it means "never".
const longest = 366 * 24 * time.Hour

// span returns a duration within least and longest, or def.
func (o *object) span(key string, def, least time.Duration) time.Duration {
	return o.spanWithin(key, def, least, longest)
}

// spanWithin returns a duration within least and most, or def.
func (o *object) spanWithin(key string, def, least, most time.Duration) time.Duration {
	v, ok := o.take(key)
	if !ok {
		return def
	}
	d, ok := v.span(least, most)
	if !ok {
		return def
	}
	return d
}

func (v value) span(least, most time.Duration) (time.Duration, bool) {
	s, ok := v.scalar()
	if !ok {
		return 0, false
	}
	d, err := time.ParseDuration(s.text)
	switch {
	case err != nil:
		v.fail("%s is not a duration; write one such as 500ms, 10s, 5m or 24h", s.shown)
		return 0, false
	case d < least:
		v.fail("%s is too short; the least is %s", s.shown, least)
		return 0, false
	case d > most:
		v.fail("%s is too long; the most is %s", s.shown, most)
		return 0, false
	}
	return d, true
}

// spans returns a list of one or more durations, or def.
func (o *object) spans(key string, def []time.Duration) []time.Duration {
	v, ok := o.take(key)
	if !ok {
		return def
	}
	items, ok := v.list()
	if !ok {
		return def
	}
	if len(items) == 0 {
		v.fail("is an empty list; write at least one duration, such as [1m, 5m]")
		return def
	}
	out := make([]time.Duration, 0, len(items))
	for _, item := range items {
		if d, ok := item.span(shortest, longest); ok {
			out = append(out, d)
		}
	}
	return out
}
