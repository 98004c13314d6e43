package ratelimit

import (
	"encoding/json"
	"time"
)

// Redial is when whoever could not be reached is called again, and how often at most.
type Redial struct {
	After map[string]time.Duration // by the call's cause, or its state busy or no_answer
	Max   int
}

// policy is what the record keeps of it; "": nobody is called again.
func (r *Redial) policy() string {
	if r == nil || len(r.After) == 0 || r.Max < 1 {
		return ""
	}
	p := map[string]int64{"max": int64(r.Max)}
	for cause, after := range r.After {
		p[cause] = after.Milliseconds()
	}
	b, err := json.Marshal(p)
	if err != nil {
		return "" // a map of numbers always has a form
	}
	return string(b)
}
