package configs

import (
	"regexp"
	"strconv"
	"time"
)

// Probe says how an account's balance and standing are asked for.
type Probe struct {
	Every time.Duration // at most 24 h
	// Threshold and WarnBelow are decimal numbers in the account's currency, of
	// at most 15 digits. The lane is shut where balance and overdraft together
	// are not above Threshold.
	Threshold string
	// WarnBelow is above Threshold; empty: nobody is warned.
	WarnBelow string
}

var defaultProbe = Probe{Every: 5 * time.Minute, Threshold: "0"}

// longestProbe is the longest wait between two probes: an account that is out of
// money must not stay unnoticed, nor one that was paid stay shut, for longer.
const longestProbe = 24 * time.Hour

// probe returns nil where the account is not probed.
func (o *object) probe(vendor string, spec vendorSpec) *Probe {
	v, none := o.unlessOff("probe")
	switch {
	case none:
		return nil
	case v != nil && vendor != "" && !spec.probes:
		o.fail("probe", "%s has no probe: it cannot be asked how an account stands; write off or leave the key out", vendor)
		return nil
	case v == nil && !spec.probedByDefault:
		return nil
	}
	p := defaultProbe
	if v == nil {
		return &p
	}
	c := v.object()
	defer c.done()
	p.Every = c.spanWithin("every", p.Every, shortest, longestProbe)
	threshold, ok := c.decimal("threshold", &p.Threshold, signedDecimal, `is not a plain decimal number such as "0", "-20" or "12.50"`)
	if v, none := c.unlessOff("warn_below"); none || v == nil {
		return &p
	}
	warnBelow, warnOK := c.decimal("warn_below", &p.WarnBelow, unsignedDecimal, `is not a plain decimal number such as "50" or "12.50", not below 0`)
	if ok && warnOK && warnBelow <= threshold {
		c.fail("warn_below", "warn_below (%s) must be above threshold (%s), where the lane is shut already", p.WarnBelow, p.Threshold)
	}
	return &p
}

// 15 digits at most, which a float64 tells apart; YAML reads a leading zero in
// more than one way.
var (
	unsignedDecimal = regexp.MustCompile(`^(0|[1-9][0-9]{0,10})(\.[0-9]{1,4})?$`)
	signedDecimal   = regexp.MustCompile(`^-?(0|[1-9][0-9]{0,10})(\.[0-9]{1,4})?$`)
)

// decimal puts a key's number into text, as it is written, and returns it for
// comparing. Without the key it returns what text held. A problem is reported
// and answers false.
func (o *object) decimal(key string, text *string, pattern *regexp.Regexp, problem string) (float64, bool) {
	if v, s, ok := o.scalar(key); ok {
		if !pattern.MatchString(s.text) {
			v.fail("%s %s; at most 11 digits before the point and 4 behind it", s.shown, problem)
			return 0, false
		}
		*text = s.text
	} else if o.has(key) {
		return 0, false
	}
	n, err := strconv.ParseFloat(*text, 64)
	return n, err == nil
}
