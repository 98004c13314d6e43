package configs

import (
	"reflect"
	"testing"
	"time"
)

func rulesOf(t *testing.T, vendor string, lines ...string) Rules {
	t.Helper()
	if vendor == vendorDingxin || vendor == vendorInterline {
		lines = append(lines, "base_url: https://vendor.example.com")
	}
	return mustLoad(t, withAccount(vendor, lines...)).Accounts[0].Rules
}

func shanghai(t *testing.T) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(chinaZone)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func TestVendorDefaults(t *testing.T) {
	zone := shanghai(t)
	jumdata := Rules{
		Window: &Window{
			Open: 9 * time.Hour, Close: 21 * time.Hour, Zone: zone, OpenGuard: 5 * time.Second, EndGuard: 30 * time.Second,
		},
		PerNumber:  []PerNumber{{Limit: 3, CalendarDay: true}, {Limit: 3, Per: 24 * time.Hour, Margin: 2 * time.Second}},
		OneAtATime: true,
		Lockout:    24 * time.Hour,
		Rate:       Rate{PerSecond: 20, Burst: 5},
		QueryRate:  Rate{PerSecond: 10, Burst: 5},
		DayZone:    zone,
	}
	others := Rules{OneAtATime: true, Rate: jumdata.Rate, QueryRate: jumdata.QueryRate, DayZone: zone}
	for _, vendor := range vendorNames {
		want := others
		if vendor == vendorJumdata {
			want = jumdata
		}
		for _, lines := range []string{"", "rules: {}"} {
			if got := rulesOf(t, vendor, lines); !reflect.DeepEqual(got, want) {
				t.Errorf("%s with %q: %+v, want %+v", vendor, lines, got, want)
			}
		}
	}
}

// One key that is given must leave every other at its default.
func TestRulesMergePerKey(t *testing.T) {
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	for text, change := range map[string]func(*Rules){
		"window: off":             func(r *Rules) { r.Window = nil },
		"window: {}":              func(*Rules) {},
		`window: {open: "10:00"}`: func(r *Rules) { r.Window.Open = 10 * time.Hour },
		`window: {open: "00:00", close: "24:00"}`: func(r *Rules) { r.Window.Open, r.Window.Close = 0, 24*time.Hour },
		`window: {open: "22:30:15", close: "06:00"}`: func(r *Rules) {
			r.Window.Open, r.Window.Close = 22*time.Hour+30*time.Minute+15*time.Second, 6*time.Hour
		},
		"window: {time_zone: Asia/Tokyo, open_guard: 0s, end_guard: 1m}": func(r *Rules) {
			r.Window.Zone, r.DayZone = tokyo, tokyo
			r.Window.OpenGuard, r.Window.EndGuard = 0, time.Minute
		},
		"window: {blackout: [2027-02-18, 2027-02-17, 2027-02-18], weekdays: [sun, mon]}": func(r *Rules) {
			r.Window.Blackout, r.Window.Weekdays = []string{"2027-02-17", "2027-02-18"}, []time.Weekday{time.Sunday, time.Monday}
		},
		"per_number: off": func(r *Rules) { r.PerNumber = nil },
		"per_number: [{limit: 1, per: 100ms}]": func(r *Rules) {
			r.PerNumber = []PerNumber{{Limit: 1, Per: 100 * time.Millisecond}}
		},
		"one_at_a_time: off":                         func(r *Rules) { r.OneAtATime = false },
		"one_at_a_time: true":                        func(*Rules) {},
		"lockout: off":                               func(r *Rules) { r.Lockout = 0 },
		"lockout: 100ms":                             func(r *Rules) { r.Lockout = 100 * time.Millisecond },
		"rate: off":                                  func(r *Rules) { r.Rate = Rate{Off: true} },
		"rate: {per_second: 0.5}":                    func(r *Rules) { r.Rate = Rate{PerSecond: 0.5, Burst: 5} },
		"query_rate: {burst: 1}":                     func(r *Rules) { r.QueryRate = Rate{PerSecond: 10, Burst: 1} },
		"query_rate: off":                            func(r *Rules) { r.QueryRate = Rate{Off: true} },
		"max_in_flight: 50":                          func(r *Rules) { r.MaxInFlight = 50 },
		"max_in_flight: off":                         func(*Rules) {},
		"daily_cap: 10000":                           func(r *Rules) { r.DailyCap = 10000 },
		"{max_in_flight: \"off\", daily_cap: 'off'}": func(*Rules) {},
	} {
		if text[0] != '{' {
			text = "{" + text + "}"
		}
		want := rulesOf(t, vendorJumdata)
		change(&want)
		if got := rulesOf(t, vendorJumdata, "rules: "+text); !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n%+v %+v, want\n%+v %+v", text, got, got.Window, want, want.Window)
		}
	}
}

func TestWindowOfOtherVendors(t *testing.T) {
	got := rulesOf(t, vendorITNIO, `rules: {window: {open: "08:00", close: "00:00", time_zone: UTC}}`)
	want := &Window{Open: 8 * time.Hour, Zone: time.UTC, OpenGuard: 5 * time.Second, EndGuard: 30 * time.Second}
	if !reflect.DeepEqual(got.Window, want) || got.DayZone != time.UTC || got.PerNumber != nil {
		t.Errorf("window = %+v", got.Window)
	}
}

func TestWindowLength(t *testing.T) {
	for want, w := range map[time.Duration]Window{
		12 * time.Hour: {Open: 9 * time.Hour, Close: 21 * time.Hour},
		8 * time.Hour:  {Open: 22 * time.Hour, Close: 6 * time.Hour},
		16 * time.Hour: {Open: 8 * time.Hour, Close: 0},
		24 * time.Hour: {Open: 0, Close: 24 * time.Hour},
		time.Second:    {Open: 23*time.Hour + 59*time.Minute + 59*time.Second, Close: 0},
	} {
		if got := w.Length(); got != want || w.AlwaysOpen() != (want == 24*time.Hour) {
			t.Errorf("%+v: length %s, always open %v", w, got, w.AlwaysOpen())
		}
	}
}

// The guards of a short window fit until they fill it.
func TestGuardsAreShorterThanTheWindow(t *testing.T) {
	for text, good := range map[string]bool{
		`{open: "09:00:00", close: "09:00:36"}`:                                   true,
		`{open: "09:00:00", close: "09:00:35"}`:                                   false,
		`{open: "23:59:50", close: "00:00:10", open_guard: 1s, end_guard: 18s}`:   true,
		`{open: "23:59:50", close: "00:00:10", open_guard: 1s, end_guard: 19s}`:   false,
		`{open: "00:00", close: "24:00", open_guard: 24h, end_guard: 24h}`:        true,
		`{open: "00:00", close: "00:00"}`:                                         false,
		`{open: "00:00:00", close: "00:00:01", open_guard: 0s, end_guard: 500ms}`: true,
	} {
		_, err := loadWith(withAccount(vendorJumdata, "rules: {window: "+text+"}"), "x.yaml", nil, nil)
		if (err == nil) != good {
			t.Errorf("%s: %v", text, err)
		}
	}
}
