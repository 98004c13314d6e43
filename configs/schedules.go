package configs

import "time"

func (o *object) retry() Retry {
	c := o.section("retry")
	defer c.done()
	return Retry{
		MaxAttempts: c.integer("max_attempts", 5, 1, 100),
		Backoff:     c.spans("backoff", minutes(1, 5, 15, 60)),
	}
}

func (o *object) poll() Poll {
	c := o.section("poll")
	defer c.done()
	p := Poll{
		First:   c.span("first", 60*time.Second, shortest),
		Backoff: c.spans("backoff", minutes(2, 5, 10, 30, 60)),
		GiveUp:  c.span("give_up", 24*time.Hour, shortest),
	}
	if p.GiveUp < p.First {
		key := "give_up"
		if !c.has(key) {
			key = "first"
		}
		c.fail(key, "give_up (%s) must not be shorter than first (%s)", p.GiveUp, p.First)
	}
	return p
}

var defaultBreaker = Breaker{After: 20, Open: 10 * time.Second, MaxOpen: 60 * time.Second}

func (o *object) breaker() Breaker {
	if v, none := o.unlessOff("breaker"); none || v == nil {
		if none {
			return Breaker{}
		}
		return defaultBreaker
	}
	c := o.section("breaker")
	defer c.done()
	b := Breaker{
		After:   c.integer("after", defaultBreaker.After, 1, 10000),
		Open:    c.span("open", defaultBreaker.Open, shortest),
		MaxOpen: c.span("max_open", defaultBreaker.MaxOpen, shortest),
	}
	if b.MaxOpen < b.Open {
		key := "max_open"
		if !c.has(key) {
			key = "open"
		}
		c.fail(key, "max_open (%s) must not be shorter than open (%s)", b.MaxOpen, b.Open)
	}
	return b
}

func minutes(ns ...int) []time.Duration {
	out := make([]time.Duration, len(ns))
	for i, n := range ns {
		out[i] = time.Duration(n) * time.Minute
	}
	return out
}
