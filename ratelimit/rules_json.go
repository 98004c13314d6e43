package ratelimit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// rulesJSON is how rules travel: zones by their names, times as Go durations. A rule
// that is off is left out.
type rulesJSON struct {
	Window      *windowJSON     `json:"window,omitempty"`
	PerNumber   []perNumberJSON `json:"per_number,omitempty"`
	OneAtATime  bool            `json:"one_at_a_time,omitempty"`
	Lockout     duration        `json:"lockout,omitzero"`
	Rate        rateJSON        `json:"rate,omitzero"`
	QueryRate   rateJSON        `json:"query_rate,omitzero"`
	MaxInFlight int             `json:"max_in_flight,omitempty"`
	DailyCap    int             `json:"daily_cap,omitempty"`
	Day         *zone           `json:"day,omitempty"`
}

type rateJSON struct {
	PerSecond float64 `json:"per_second"`
	Burst     int     `json:"burst"`
}

type perNumberJSON struct {
	Limit    int      `json:"limit"`
	Calendar bool     `json:"calendar_day,omitempty"`
	Location *zone    `json:"zone,omitempty"`
	Width    duration `json:"width,omitzero"`
	Margin   duration `json:"margin,omitzero"`
}

type windowJSON struct {
	Open       duration `json:"open"`
	Close      duration `json:"close"`
	Location   *zone    `json:"zone,omitempty"`
	OpenGuard  duration `json:"open_guard,omitzero"`
	CloseGuard duration `json:"close_guard,omitzero"`
	Blackout   []string `json:"blackout,omitempty"`
	Weekdays   []int    `json:"weekdays,omitempty"` // 0 is Sunday
}

// duration is written as Go writes it, such as 24h0m2s.
type duration time.Duration

// MarshalText implements encoding.TextMarshaler.
func (d duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *duration) UnmarshalText(text []byte) error {
	span, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("read a rule's duration: %w", err)
	}
	*d = duration(span)
	return nil
}

// zone is written as the name by which the zone data knows it.
type zone struct{ at *time.Location }

func zoneOf(at *time.Location) *zone {
	if at == nil {
		return nil
	}
	return &zone{at}
}

func (z *zone) location() *time.Location {
	if z == nil {
		return nil
	}
	return z.at
}

// MarshalText implements encoding.TextMarshaler. A zone that others cannot find by
// its name is an error.
func (z zone) MarshalText() ([]byte, error) {
	name := z.at.String()
	if _, err := time.LoadLocation(name); err != nil || name == "Local" {
		return nil, fmt.Errorf("the rules' time zone %q has no name that other machines know", name)
	}
	return []byte(name), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (z *zone) UnmarshalText(text []byte) (err error) {
	if z.at, err = time.LoadLocation(string(text)); err != nil {
		return fmt.Errorf("read a rule's time zone: %w", err)
	}
	return nil
}

// MarshalJSON implements json.Marshaler, for those who are to know the rules.
func (r Rules) MarshalJSON() ([]byte, error) {
	out := rulesJSON{
		OneAtATime: r.OneAtATime, Lockout: duration(r.Lockout), Rate: rateJSON(r.Rate), QueryRate: rateJSON(r.QueryRate),
		MaxInFlight: r.MaxInFlight, DailyCap: r.DailyCap, Day: zoneOf(r.Day),
	}
	for _, p := range r.PerNumber {
		out.PerNumber = append(out.PerNumber, perNumberJSON{
			Limit: p.Limit, Calendar: p.Calendar, Location: zoneOf(p.Location), Width: duration(p.Width), Margin: duration(p.Margin),
		})
	}
	if w := r.Window; w != nil {
		out.Window = &windowJSON{
			Open: duration(w.Open), Close: duration(w.Close), Location: zoneOf(w.Location),
			OpenGuard: duration(w.OpenGuard), CloseGuard: duration(w.CloseGuard),
		}
		for date, shut := range w.Blackout {
			if shut {
				out.Window.Blackout = append(out.Window.Blackout, date)
			}
		}
		for day, open := range w.Weekdays {
			if open {
				out.Window.Weekdays = append(out.Window.Weekdays, int(day))
			}
		}
		slices.Sort(out.Window.Blackout)
		slices.Sort(out.Window.Weekdays)
	}
	return json.Marshal(out)
}

// UnmarshalJSON implements json.Unmarshaler. A rule that this version does not know
// is an error: without it the others would not be the whole truth.
func (r *Rules) UnmarshalJSON(b []byte) error {
	var in rulesJSON
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return fmt.Errorf("read rules: %w", err)
	}
	*r = Rules{
		OneAtATime: in.OneAtATime, Lockout: time.Duration(in.Lockout), Rate: Rate(in.Rate), QueryRate: Rate(in.QueryRate),
		MaxInFlight: in.MaxInFlight, DailyCap: in.DailyCap, Day: in.Day.location(),
	}
	for _, p := range in.PerNumber {
		r.PerNumber = append(r.PerNumber, PerNumber{
			Limit: p.Limit, Calendar: p.Calendar, Location: p.Location.location(),
			Width: time.Duration(p.Width), Margin: time.Duration(p.Margin),
		})
	}
	if w := in.Window; w != nil {
		r.Window = &Window{
			Open: time.Duration(w.Open), Close: time.Duration(w.Close), Location: w.Location.location(),
			OpenGuard: time.Duration(w.OpenGuard), CloseGuard: time.Duration(w.CloseGuard),
			Blackout: make(map[string]bool), Weekdays: make(map[time.Weekday]bool),
		}
		for _, date := range w.Blackout {
			r.Window.Blackout[date] = true
		}
		for _, day := range w.Weekdays {
			r.Window.Weekdays[time.Weekday(day)] = true
		}
	}
	return nil
}
