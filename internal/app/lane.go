package app

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/sirupsen/logrus"
	"golang.org/x/time/rate"

	"github.com/callpacer/callpacer/callbackrx"
	"github.com/callpacer/callpacer/configs"
	"github.com/callpacer/callpacer/internal/dispatch"
	"github.com/callpacer/callpacer/internal/pushtoken"
	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/providers/all"
	"github.com/callpacer/callpacer/ratelimit"
	"github.com/callpacer/callpacer/tasks"
)

// newVendor builds an account's adapter.
func newVendor(a *configs.Account) (any, error) {
	return all.Build(a.Vendor, providers.Settings{
		Account: a.Name, BaseURL: a.BaseURL, Credential: a.Credential, Timeout: a.Timeout,
		AllowPlainHTTP: a.AllowPlainHTTP, Switches: a.AdapterSwitches(), LimitPatterns: a.LimitPatterns,
		Ack: providers.Ack(a.Push.Ack), Now: time.Now,
	})
}

// rulesOf turns configured rules into those of the admission.
func rulesOf(c configs.Rules) ratelimit.Rules {
	r := ratelimit.Rules{OneAtATime: c.OneAtATime, Lockout: c.Lockout}
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

// fingerprint is the same for workers whose rules for an account are the same.
func fingerprint(c configs.Rules) (string, error) {
	zone := ""
	if c.Window != nil {
		zone = c.Window.Zone.String()
	}
	return digest(struct {
		Rules         configs.Rules
		Zone, DayZone string
	}{c, zone, c.DayZone.String()})
}

// numberFingerprint is the same for accounts whose rules per number are the same.
func numberFingerprint(c configs.Rules) (string, error) {
	return digest(struct {
		PerNumber  []configs.PerNumber
		OneAtATime bool
		Lockout    time.Duration
		DayZone    string
	}{c.PerNumber, c.OneAtATime, c.Lockout, c.DayZone.String()})
}

func digest(rules any) (string, error) {
	b, err := json.Marshal(rules)
	if err != nil {
		return "", fmt.Errorf("fingerprint of the rules: %w", err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8]), nil
}

func limiter(r configs.Rate) *rate.Limiter {
	if r.Off {
		return rate.NewLimiter(rate.Inf, 1)
	}
	return rate.NewLimiter(rate.Limit(r.PerSecond), r.Burst)
}

// newLane builds an account's lane. Without a receiver no push URL is given out.
func newLane(a *configs.Account, c *configs.Config, vendor any, store *record.Store, signer pushtoken.Signer, log logrus.FieldLogger) *dispatch.Lane {
	l := &dispatch.Lane{
		Account: a.Name, Group: a.Group, Vendor: vendor, Store: store,
		Admission: ratelimit.NewAdmission(store, rulesOf(a.Rules), time.Now),
		Pace:      limiter(a.Rules.Rate), QueryPace: limiter(a.Rules.QueryRate),
		Log:         log.WithField("account", a.Name),
		Concurrency: a.Concurrency, Timeout: a.Timeout, InDoubtFor: a.InDoubtDeadline, Lockout: a.Rules.Lockout,
		MaxAttempts: a.Retry.MaxAttempts, RetryBackoff: a.Retry.Backoff,
		PollFirst: a.Poll.First, PollBackoff: a.Poll.Backoff, GiveUp: a.Poll.GiveUp,
		Retention: c.Records.Retention, PushRetention: c.Records.Retention,
		Verify: func(token string) (string, int, bool) { return signer.Verify(a.Name, token) },
	}
	if c.Public != nil {
		base := c.Public.URL + callbackrx.Path + a.Name + "/"
		l.PushURL = func(id string, attempt int) string { return base + signer.Attempt(a.Name, id, attempt) }
	}
	return l
}

// Published is what producers may know of an account; without kinds, its jobs
// are refused.
func Published(a *configs.Account, c *configs.Config) (tasks.Account, error) {
	rules, err := fingerprint(a.Rules)
	if err != nil {
		return tasks.Account{}, err
	}
	numberRules, err := numberFingerprint(a.Rules)
	if err != nil {
		return tasks.Account{}, err
	}
	p := tasks.Account{
		Name: a.Name, Vendor: a.Vendor, Group: a.Group, Rules: rules, NumberRules: numberRules, Kinds: []tasks.Kind{},
		Retention: c.Records.Retention, KeyRetention: c.Records.KeyRetention,
	}
	if p.Unserved = a.Unserved(); p.Unserved != "" {
		return p, nil
	}
	for _, kind := range all.Kinds(a.Vendor) {
		if kind == string(tasks.KindNotify) {
			p.Kinds = append(p.Kinds, tasks.KindNotify)
		}
	}
	return p, nil
}

func receiverAccount(a *configs.Account, vendor any) (callbackrx.Account, bool) {
	parser, ok := vendor.(providers.PushParser)
	if !ok {
		return callbackrx.Account{}, false
	}
	return callbackrx.Account{
		Name: a.Name, Group: a.Group, Ack: callbackrx.Ack(parser.Ack()), Allow: a.Push.AllowCIDRs,
	}, true
}

func closeVendor(vendor any) error {
	if c, ok := vendor.(io.Closer); ok {
		return c.Close()
	}
	return nil
}
