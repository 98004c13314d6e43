package app

import (
	"fmt"
	"strings"
	"time"

	"github.com/callpacer/callpacer/configs"
	"github.com/callpacer/callpacer/internal/roster"
	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/tasks"
)

// LaneReport is one account's lane: what it serves, and within which rules, in
// words. Off is the word for none.
type LaneReport struct {
	Lane        string   `json:"lane"`
	Vendor      string   `json:"vendor"`
	Group       string   `json:"group"`
	Kinds       []string `json:"kinds"` // empty: none, and Refused says why
	Refused     string   `json:"refused,omitempty"`
	Rate        string   `json:"rate"`
	QueryRate   string   `json:"query_rate"`
	Window      string   `json:"window"`
	PerNumber   string   `json:"per_number"`
	OneAtATime  bool     `json:"one_at_a_time"`
	Lockout     string   `json:"lockout"`
	MaxInFlight string   `json:"max_in_flight"`
	DailyCap    string   `json:"daily_cap"`
	Pool        string   `json:"pool"` // how many middle numbers
	Probe       string   `json:"probe"`
	Redial      string   `json:"redial"`
}

// unverified names the vendors of whose answers only documents are known.
var unverified = map[string]string{
	"itnio": "send, push and balance follow its documents and are unverified against the vendor",
}

// accounts describes every lane, and returns what a worker would publish.
func (r *Report) accounts(c *configs.Config) []tasks.Account {
	var own []tasks.Account
	for i := range c.Accounts {
		a := &c.Accounts[i]
		check := "account " + a.Name
		published, err := roster.Account(a, c)
		if err != nil {
			r.Add(check, LevelFail, "%v", err)
			continue
		}
		own = append(own, published)
		r.Lanes = append(r.Lanes, laneReport(a, published))
		if published.Unserved != "" {
			r.Add(check, LevelFail, "all its jobs are refused: %s", published.Unserved)
			continue
		}
		vendor, err := newVendor(a, time.Now)
		if err != nil {
			r.Add(check, LevelFail, "%v", err)
			continue
		}
		r.Add(check, LevelOK, "serves %s", words(published.Kinds))
		r.evidence(check, a, c, vendor)
		r.shortSpans(check, a)
		if err := closeVendor(vendor); err != nil {
			r.Add(check, LevelFail, "close its adapter: %v", err)
		}
	}
	return own
}

// evidence says how the ends of the account's calls become known.
func (r *Report) evidence(check string, a *configs.Account, c *configs.Config, vendor any) {
	if why := unverified[a.Vendor]; why != "" {
		r.Add(check, LevelWarn, "%s", why)
	}
	if c.Public != nil {
		return
	}
	if _, polls := vendor.(providers.Poller); polls {
		r.Add(check, LevelWarn, "no public section: the vendor cannot push, and only polls tell how calls end")
		return
	}
	r.Add(check, LevelWarn, "no public section, and %s cannot be polled: nothing tells how calls end", a.Vendor)
}

func words(kinds []tasks.Kind) string {
	out := make([]string, len(kinds))
	for i, k := range kinds {
		out[i] = string(k)
	}
	return strings.Join(out, ", ")
}

const none = "off"

func laneReport(a *configs.Account, p tasks.Account) LaneReport {
	l := LaneReport{
		Lane: a.Name, Vendor: a.Vendor, Group: a.Group, Kinds: []string{}, Refused: p.Unserved,
		Rate: rateText(a.Rules.Rate), QueryRate: rateText(a.Rules.QueryRate), Window: windowText(a.Rules.Window),
		PerNumber: perNumberText(a.Rules.PerNumber), OneAtATime: a.Rules.OneAtATime,
		Lockout: none, MaxInFlight: countText(a.Rules.MaxInFlight), DailyCap: countText(a.Rules.DailyCap),
		Pool: countText(len(a.Pool)), Probe: probeText(a.Probe), Redial: redialText(a.Redial),
	}
	for _, k := range p.Kinds {
		l.Kinds = append(l.Kinds, string(k))
	}
	if a.Rules.Lockout > 0 {
		l.Lockout = span(a.Rules.Lockout)
	}
	return l
}

func rateText(r configs.Rate) string {
	if r.Off {
		return none
	}
	return fmt.Sprintf("%g/s, burst %d", r.PerSecond, r.Burst)
}

func countText(n int) string {
	if n == 0 {
		return none
	}
	return fmt.Sprint(n)
}

func windowText(w *configs.Window) string {
	if w == nil {
		return none
	}
	text := clockText(w.Open) + "-" + clockText(w.Close) + " " + w.Zone.String()
	if len(w.Weekdays) > 0 {
		days := make([]string, len(w.Weekdays))
		for i, d := range w.Weekdays {
			days[i] = strings.ToLower(d.String()[:3])
		}
		text += " on " + strings.Join(days, ", ")
	}
	if len(w.Blackout) > 0 {
		text += fmt.Sprintf(", blackout days: %d", len(w.Blackout))
	}
	return text
}

// clockText is a time since midnight as a clock shows it.
func clockText(d time.Duration) string {
	text := fmt.Sprintf("%02d:%02d", int(d.Hours()), int(d.Minutes())%60)
	if s := int(d.Seconds()) % 60; s != 0 {
		text += fmt.Sprintf(":%02d", s)
	}
	return text
}

func perNumberText(quotas []configs.PerNumber) string {
	if len(quotas) == 0 {
		return none
	}
	out := make([]string, len(quotas))
	for i, q := range quotas {
		per := "calendar_day"
		if !q.CalendarDay {
			per = span(q.Per)
		}
		out[i] = fmt.Sprintf("%d per %s", q.Limit, per)
	}
	return strings.Join(out, " and ")
}

// span is a duration without zero units: 24h, not 24h0m0s.
func span(d time.Duration) string {
	text := d.String()
	for _, tail := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, tail) {
			text = text[:len(text)-2]
		}
	}
	return text
}
