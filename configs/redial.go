package configs

import (
	"slices"
	"time"
)

// Redial says which calls that reached nobody are made again, as jobs of their
// own.
type Redial struct {
	// After is how long after the end of a call the next one is due, by the
	// cause of the end. It has at least one entry, and none for other causes.
	After map[string]time.Duration
	Max   int // redials of one call
}

// longestRedial is the longest wait; a job itself lives for a day by default.
const longestRedial = 24 * time.Hour

// redialCauses are the causes after which a call may be made again: the next one
// may well be answered, and nobody said that it is not wanted. 0: off by default.
var redialCauses = []struct {
	name string
	def  time.Duration
}{
	{"busy", 10 * time.Minute},
	{"no_answer", 30 * time.Minute},
	{"unreachable", 0},
	{"power_off", 0},
	{"out_of_service", 0},
	{"congestion", 0},
	{"network_failure", 0},
	{"ring_timeout", 0},
}

// neverRedialled are all other causes. A call that was answered or turned down
// has reached somebody; one that is not possible or not allowed stays so; and of
// one whose end is not known nobody can say that it was not answered.
var neverRedialled = []string{
	"answered", "early_hangup", "rejected", "invalid_number", "number_changed", "barred",
	"caller_hangup", "no_route", "protocol_error", "incompatible", "self_call",
	"policy_window", "policy_frequency", "suppressed", "binding_missing", "binding_conflict", "account", "platform", "unknown",
}

// redial returns nil where no call is made again.
func (o *object) redial(vendor string, spec vendorSpec) *Redial {
	v, none := o.unlessOff("redial")
	if none || v == nil {
		return nil
	}
	if vendor != "" && !spec.placesCalls {
		o.fail("redial", "%s places no calls that could be made again; write off or leave the key out", vendor)
		return nil
	}
	c := v.object()
	defer c.done()
	r := &Redial{Max: c.integer("max", 2, 1, 10), After: map[string]time.Duration{}}
	for _, cause := range redialCauses {
		if d := c.redialAfter(cause.name, cause.def); d > 0 {
			r.After[cause.name] = d
		}
	}
	// Taken only where they are given, so that no misspelt key is led to one.
	for _, key := range slices.Clone(c.order) {
		if slices.Contains(neverRedialled, key) {
			c.take(key)
			c.fail(key, "a call that ended so is never redialled; leave the key out")
		}
	}
	if len(r.After) == 0 && !c.broken {
		o.fail("redial", "every cause in it is off; write redial: off")
	}
	return r
}

// redialAfter returns 0 for off.
func (o *object) redialAfter(cause string, def time.Duration) time.Duration {
	v, none := o.unlessOff(cause)
	switch {
	case none:
		return 0
	case v == nil:
		return def
	}
	return o.spanWithin(cause, shortest, shortest, longestRedial)
}
