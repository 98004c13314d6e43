package configs

import (
	"time"
	_ "time/tzdata" // slim containers have no zone files, and a window needs them
)

// chinaZone is where the vendors count their days.
const chinaZone = "Asia/Shanghai"

// defaultRules are the vendor's rules before the file's are merged in.
func defaultRules(v vendorSpec, zone *time.Location) Rules {
	r := Rules{
		OneAtATime: true,
		Rate:       Rate{PerSecond: 20, Burst: 5},
		QueryRate:  Rate{PerSecond: 10, Burst: 5},
		DayZone:    zone,
	}
	if !v.chinaRules {
		return r
	}
	r.Window = &Window{
		Open: 9 * time.Hour, Close: 21 * time.Hour, Zone: zone,
		OpenGuard: defaultOpenGuard, EndGuard: defaultEndGuard,
	}
	// Both readings of "three times a day": the calendar's day and any 24 hours.
	r.PerNumber = []PerNumber{
		{Limit: 3, CalendarDay: true},
		{Limit: 3, Per: 24 * time.Hour, Margin: 2 * time.Second},
	}
	r.Lockout = 24 * time.Hour
	return r
}

// rules merges the account's rules, key by key, over the vendor's.
func (o *object) rules(v vendorSpec) Rules {
	zone, err := time.LoadLocation(chinaZone)
	if err != nil { // cannot happen: the zone data is compiled in
		zone = time.FixedZone("CST", 8*60*60)
	}
	c := o.section("rules")
	defer c.done()
	r := defaultRules(v, zone)
	r.Window = c.window(r.Window)
	if r.Window != nil && r.Window.Zone != nil {
		r.DayZone = r.Window.Zone
	}
	r.PerNumber = c.perNumber(r.PerNumber)
	r.OneAtATime = c.oneAtATime(r.OneAtATime)
	if v, none := c.unlessOff("lockout"); none {
		r.Lockout = 0
	} else if v != nil {
		r.Lockout = c.span("lockout", r.Lockout, shortest)
	}
	r.Rate = c.rate("rate", r.Rate)
	r.QueryRate = c.rate("query_rate", r.QueryRate)
	r.MaxInFlight = c.countOrOff("max_in_flight")
	r.DailyCap = c.countOrOff("daily_cap")
	return r
}

// unlessOff returns the value of a rule: nil where it is not given, and none
// where it is the word off.
func (o *object) unlessOff(key string) (v *value, none bool) {
	got, ok := o.take(key)
	switch {
	case !ok:
		return nil, false
	case got.isOff():
		return nil, true
	default:
		got.hint = "; off is the only word for none"
		o.fields[key] = got
		return &got, false
	}
}

func (o *object) perNumber(def []PerNumber) []PerNumber {
	v, none := o.unlessOff("per_number")
	if none {
		return nil
	}
	if v == nil {
		return def
	}
	items, ok := v.list()
	if !ok {
		return def
	}
	if len(items) == 0 {
		v.fail("is an empty list")
	}
	out := make([]PerNumber, 0, len(items))
	for _, item := range items {
		out = append(out, item.quota())
	}
	return out
}

func (v value) quota() PerNumber {
	o := v.object()
	defer o.done()
	q := PerNumber{Limit: o.integer("limit", 0, 1, 10000)}
	if !o.has("limit") {
		o.missing("limit")
	}
	per, ok := o.take("per")
	if !ok {
		o.fail("per", "is required: calendar_day, or a duration such as 24h")
		return q
	}
	s, ok := per.scalar()
	if !ok {
		return q
	}
	q.CalendarDay = s.text == "calendar_day"
	if q.CalendarDay {
		if o.has("margin") {
			o.fail("margin", "goes with a duration only; a calendar_day has none")
		}
		return q
	}
	if near := nearest(s.text, []string{"calendar_day"}); near != "" {
		per.fail("%s is neither calendar_day nor a duration; did you mean %s?", s.shown, near)
		return q
	}
	q.Per = o.span("per", 0, shortest)
	q.Margin = o.span("margin", 0, 0)
	return q
}

func (o *object) oneAtATime(def bool) bool {
	v, none := o.unlessOff("one_at_a_time")
	if none {
		return false
	}
	if v == nil {
		return def
	}
	if s, ok := v.scalar(); ok && s.text != "true" {
		v.fail("%s is neither true nor off", s.shown)
	}
	return true
}

func (o *object) rate(key string, def Rate) Rate {
	v, none := o.unlessOff(key)
	if none {
		return Rate{Off: true}
	}
	if v == nil {
		return def
	}
	c := v.object()
	defer c.done()
	return Rate{
		PerSecond: c.number("per_second", def.PerSecond, 10000),
		Burst:     c.integer("burst", def.Burst, 1, 10000),
	}
}

// countOrOff returns 0 for off, which is these rules' default.
func (o *object) countOrOff(key string) int {
	if _, none := o.unlessOff(key); none {
		return 0
	}
	return o.integer(key, 0, 1, 1_000_000_000)
}
