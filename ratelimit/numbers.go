package ratelimit

import "time"

// numbers are the rules as the script takes them, right within [from, until).
type numbers struct {
	from, until int64
	always      bool
	spans       []span
	limits      []map[string]any
	capSince    int64 // the day of daily_cap
	capTill     int64
	keep        int   // charges kept for a number at the least
	ttl         int64 // ms that a number's history outlives its last use
}

// spansAhead is how many openings go to the script: a hold that ends after the
// last of them is looked at again when it ends.
const spansAhead = 8

// An account keeps a number's history at least so well, whatever its own rules
// ask for: other accounts of its group count the same calls.
const (
	keptCharges = 64
	keptHistory = 48 * time.Hour
)

// numbersAt computes what holds around now.
func (r Rules) numbersAt(now time.Time) numbers {
	n := numbers{
		from:  now.Add(-time.Hour).UnixMilli(),
		until: now.Add(time.Hour).UnixMilli(),
		keep:  keptCharges,
	}
	longest := max(r.Lockout, keptHistory)
	for _, p := range r.PerNumber {
		n.keep = max(n.keep, 2*p.Limit+keptCharges)
		if p.Calendar {
			start, end := dayOf(now, p.Location)
			n.within(start, end)
			n.limits = append(n.limits, map[string]any{
				"rule": "per_number", "limit": p.Limit, "since": start, "till": end,
			})
			continue
		}
		width := p.Width + p.Margin
		longest = max(longest, width)
		n.limits = append(n.limits, map[string]any{
			"rule": "per_number", "limit": p.Limit, "width": width.Milliseconds(),
		})
	}
	if r.DailyCap > 0 {
		n.capSince, n.capTill = dayOf(now, r.dayZone())
		n.within(n.capSince, n.capTill)
	}
	// History is dropped by Redis's own expiry, long after any rule asks for it.
	n.ttl = (2*longest + time.Hour).Milliseconds()
	if n.always = r.Window.alwaysOpen(); !n.always {
		n.spans = r.Window.openings(time.UnixMilli(n.from), spansAhead)
	}
	return n
}

// within narrows the time for which the numbers hold.
func (n *numbers) within(from, until int64) {
	n.from, n.until = max(n.from, from), min(n.until, until)
}

// dayOf returns the calendar day around now in Unix milliseconds, half-open. A
// day begins at the first instant that has its date.
func dayOf(now time.Time, zone *time.Location) (start, end int64) {
	today := now.In(zone)
	y, m, d := today.Date()
	first, _ := wallClock(today, 0)
	next, _ := wallClock(time.Date(y, m, d+1, 12, 0, 0, 0, zone), 0)
	return first.UnixMilli(), next.UnixMilli()
}

// arguments are what every script of the admission wants to know of the rules.
func (r Rules) arguments(guess time.Time, anytime bool) map[string]any {
	n := r.numbersAt(guess)
	limits, spans := n.limits, n.spans
	if limits == nil {
		limits = []map[string]any{}
	}
	if spans == nil || anytime {
		spans = []span{}
	}
	return map[string]any{
		"valid_from": n.from, "valid_until": n.until, "always": n.always || anytime, "spans": spans,
		"limits": limits, "keep": n.keep, "number_ttl": n.ttl,
		"cap": r.DailyCap, "cap_since": n.capSince, "cap_till": n.capTill, "max_lines": r.MaxInFlight,
	}
}
