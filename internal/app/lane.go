package app

import (
	"io"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/callpacer/callpacer/callbackrx"
	"github.com/callpacer/callpacer/configs"
	"github.com/callpacer/callpacer/internal/dispatch"
	"github.com/callpacer/callpacer/internal/pushtoken"
	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/roster"
	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/providers/all"
	"github.com/callpacer/callpacer/ratelimit"
)

// newVendor builds an account's adapter.
func newVendor(a *configs.Account, now func() time.Time) (any, error) {
	return all.Build(a.Vendor, providers.Settings{
		Account: a.Name, BaseURL: a.BaseURL, RecordingBaseURL: a.RecordingBaseURL, Credential: a.Credential, Timeout: a.Timeout,
		AllowPlainHTTP: a.AllowPlainHTTP, Switches: a.AdapterSwitches(), LimitPatterns: a.AdapterPatterns(),
		Ack: providers.Ack(a.Push.Ack), Now: now,
	})
}

// newLane builds an account's lane. Without a receiver no push URL is given out.
func newLane(a *configs.Account, c *configs.Config, vendor any, store *record.Store, signer pushtoken.Signer, log logrus.FieldLogger, now func() time.Time) *dispatch.Lane {
	rules := roster.Rules(a.Rules)
	shared := ratelimit.NewLane(store, a.Group, a.Name, rules, now)
	l := &dispatch.Lane{
		Account: a.Name, Group: a.Group, VendorName: a.Vendor, Vendor: vendor, Store: store,
		Shared:      shared,
		Admission:   ratelimit.NewAdmission(store, rules, now).Beside(rulesOfGroup(a.Group, c)...),
		Pace:        ratelimit.NewPacer(shared, ratelimit.PaceCalls),
		FreePace:    ratelimit.NewPacer(shared, ratelimit.PaceAnytime),
		QueryPace:   ratelimit.NewPacer(shared, ratelimit.PaceQueries),
		Breaker:     record.Breaker{After: a.Breaker.After, Open: a.Breaker.Open, MaxOpen: a.Breaker.MaxOpen},
		Log:         log.WithField("account", a.Name),
		Concurrency: a.Concurrency, Timeout: a.Timeout, InDoubtFor: a.InDoubtDeadline, Lockout: a.Rules.Lockout,
		Redial: redialOf(a), Probing: probingOf(a, vendor),
		MaxAttempts: a.Retry.MaxAttempts, RetryBackoff: a.Retry.Backoff,
		PollFirst: a.Poll.First, PollBackoff: a.Poll.Backoff, GiveUp: a.Poll.GiveUp,
		Retention: c.Records.Retention, PushRetention: c.Records.Retention, Tells: c.Events != nil,
		Verify: func(token string) (dispatch.Source, bool) {
			id, attempt, ok := signer.Verify(a.Name, token)
			return dispatch.Source{ID: id, Attempt: attempt}, ok
		},
	}
	if c.Public != nil {
		base := c.Public.URL + callbackrx.Path + a.Name + "/"
		l.PushURL = func(id string, attempt int) string { return base + signer.Attempt(a.Name, id, attempt) }
	}
	return l
}

// rulesOfGroup are the rules of all accounts that share counts per number.
func rulesOfGroup(group string, c *configs.Config) []ratelimit.Rules {
	var all []ratelimit.Rules
	for i := range c.Accounts {
		if c.Accounts[i].Group == group {
			all = append(all, roster.Rules(c.Accounts[i].Rules))
		}
	}
	return all
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
