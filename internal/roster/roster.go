// Package roster says what producers may know of the configured accounts.
package roster

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"net/url"
	"slices"
	"time"

	"github.com/callpacer/callpacer/configs"
	"github.com/callpacer/callpacer/providers/all"
	"github.com/callpacer/callpacer/tasks"
)

// Account is what producers may know of a configured account; without kinds, its
// jobs are refused.
func Account(a *configs.Account, c *configs.Config) (tasks.Account, error) {
	rules, err := fingerprint(a)
	if err != nil {
		return tasks.Account{}, err
	}
	numberRules, err := numberFingerprint(a.Rules)
	if err != nil {
		return tasks.Account{}, err
	}
	ruleSet, err := json.Marshal(Rules(a.Rules))
	if err != nil {
		return tasks.Account{}, fmt.Errorf("account %s: publish its rules: %w", a.Name, err)
	}
	p := tasks.Account{
		Name: a.Name, Vendor: a.Vendor, Group: a.Group, Kinds: []tasks.Kind{},
		Rules: rules, NumberRules: numberRules, RuleSet: ruleSet,
		Retention: c.Records.Retention, KeyRetention: c.Records.KeyRetention,
	}
	p.Events, p.EventPrefixes, p.EventURL = events(c.Events)
	if p.Unserved = a.Unserved(); p.Unserved != "" {
		return p, nil
	}
	for _, kind := range all.Kinds(a.Vendor) {
		if kind == string(tasks.KindRecording) && c.Recordings == nil {
			continue // there is no place to keep any
		}
		p.Kinds = append(p.Kinds, tasks.Kind(kind))
	}
	traits := all.Traits(a.Vendor)
	p.Traits = tasks.Traits{
		International: traits.International, Params: traits.Params, PollNeedsTo: traits.PollNeedsTo,
		MaxTimes: traits.MaxTimes, MaxNumberBytes: traits.MaxNumberBytes, Endless: a.AllowEndless, Pool: len(a.Pool) > 0,
	}
	return p, nil
}

// events says whether the application hears of its jobs, and to which addresses of
// their own it may have them told. Everybody who reaches Redis can read that, so an
// address with a query, in which a secret may stand, is left out.
func events(e *configs.Events) (sent bool, prefixes []string, configured string) {
	if e == nil {
		return false, nil, ""
	}
	u, err := url.Parse(e.URL)
	if err != nil || u.User != nil || u.RawQuery != "" || u.ForceQuery {
		return true, e.AllowedPrefixes, ""
	}
	return true, e.AllowedPrefixes, e.URL
}

// fingerprint is the same for workers whose rules, pool, probe and redial for an account
// are the same, in whatever order and form they are written. Without pool, probe and
// redial it is that of the rules alone, as older workers published it.
func fingerprint(a *configs.Account) (string, error) {
	c := a.Rules
	zone := ""
	if c.Window != nil {
		zone = c.Window.Zone.String()
	}
	return digest(struct {
		Rules         configs.Rules
		Zone, DayZone string
		Pool          []string        `json:",omitempty"`
		Probe         *configs.Probe  `json:",omitempty"`
		Redial        *configs.Redial `json:",omitempty"`
	}{c, zone, c.DayZone.String(), slices.Sorted(slices.Values(a.Pool)), normal(a.Probe), a.Redial})
}

// normal is a probe whose amounts are written in one way: "0", "0.0" and "-0" are one.
func normal(p *configs.Probe) *configs.Probe {
	if p == nil {
		return nil
	}
	out := *p
	for _, amount := range []*string{&out.Threshold, &out.WarnBelow} {
		if n, ok := new(big.Rat).SetString(*amount); ok {
			*amount = n.RatString()
		}
	}
	return &out
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
