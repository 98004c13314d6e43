package main

import (
	"context"
	"slices"
	"time"

	"github.com/callpacer/callpacer/tasks"
)

// dryRun says whether a valid job would be accepted; where --config names its
// account that needs no Redis.
func (a *app) dryRun(ctx context.Context, p place, job tasks.Job) error {
	i := slices.IndexFunc(p.accounts, func(c tasks.Account) bool { return c.Name == job.Account })
	if i < 0 {
		if err := a.dryRunThere(ctx, p, job); err != nil {
			return err
		}
	} else if err := dryRunHere(p.accounts[i], job, time.Now()); err != nil {
		return err
	}
	if !a.json {
		return printLine(a.stdout, "valid: account %s would take this %s; nothing was written", job.Account, job.Kind)
	}
	return printJSON(a.stdout, struct {
		Account string     `json:"account"`
		Kind    tasks.Kind `json:"kind"`
		State   string     `json:"state"`
	}{job.Account, job.Kind, "valid"})
}

// dryRunThere asks Redis for the account.
func (a *app) dryRunThere(ctx context.Context, p place, job tasks.Job) error {
	l, err := a.connect(ctx, p)
	if err != nil {
		return err
	}
	defer l.close()
	if _, err := l.client.DryRun(ctx, job); err != nil {
		return l.explain(err, "")
	}
	return nil
}

// dryRunHere judges by an account of --config, as the client would.
func dryRunHere(account tasks.Account, j tasks.Job, now time.Time) error {
	err := account.Accepts(j, now)
	if f := refusal(err); f != nil {
		return f
	}
	return err
}
