package roster

import (
	"time"

	"github.com/callpacer/callpacer/configs"
	"github.com/callpacer/callpacer/ratelimit"
)

// Rules turns configured rules into those of the admission.
func Rules(c configs.Rules) ratelimit.Rules {
	r := ratelimit.Rules{
		OneAtATime: c.OneAtATime, Lockout: c.Lockout, Rate: rateOf(c.Rate), QueryRate: rateOf(c.QueryRate),
		MaxInFlight: c.MaxInFlight, DailyCap: c.DailyCap, Day: c.DayZone,
	}
	for _, p := range c.PerNumber {
		r.PerNumber = append(r.PerNumber, ratelimit.PerNumber{
			Limit: p.Limit, Calendar: p.CalendarDay, Location: c.DayZone, Width: p.Per, Margin: p.Margin,
		})
	}
	if w := c.Window; w != nil {
		r.Window = &ratelimit.Window{
			Open: w.Open, Close: w.Close, Location: w.Zone, OpenGuard: w.OpenGuard, CloseGuard: w.EndGuard,
			Blackout: make(map[string]bool), Weekdays: make(map[time.Weekday]bool),
		}
		for _, day := range w.Blackout {
			r.Window.Blackout[day] = true
		}
		for _, day := range w.Weekdays {
			r.Window.Weekdays[day] = true
		}
	}
	return r
}

func rateOf(r configs.Rate) ratelimit.Rate {
	return ratelimit.Rate{PerSecond: r.PerSecond, Burst: r.Burst}
}
