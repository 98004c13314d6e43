package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/callpacer/callpacer/tasks"
)

// judge says which jobs would be accepted, and writes nothing.
type judge struct {
	link     *link           // nil: there is none, only the accounts of a file
	accounts []tasks.Account // of the file
	away     *failure        // why there is no link
}

// newJudge asks the Redis that the jobs would go to. Only where nothing but a
// configuration names one, and it does not answer, the file's accounts judge
// alone: a file can be tried before its Redis is there.
func (a *app) newJudge(ctx context.Context, p place) (*judge, error) {
	l, err := a.connect(ctx, p)
	var f *failure
	switch {
	case err == nil:
		return &judge{link: l, accounts: p.accounts}, nil
	case p.ofFile && len(p.accounts) > 0 && errors.As(err, &f) && f.away:
		return &judge{accounts: p.accounts, away: f}, nil
	}
	return nil, err
}

func (j *judge) close() {
	if j.link != nil {
		j.link.close()
	}
}

// by is what a verdict without Redis has to say of itself.
func (j *judge) by() string {
	if j.link != nil {
		return ""
	}
	return ", by the configuration file only"
}

// knows says that the file has the account.
func (j *judge) knows(name string) (tasks.Account, bool) {
	i := slices.IndexFunc(j.accounts, func(c tasks.Account) bool { return c.Name == name })
	if i < 0 {
		return tasks.Account{}, false
	}
	return j.accounts[i], true
}

// all judges jobs; the results are in their order.
func (j *judge) all(ctx context.Context, jobs []tasks.Job) []tasks.Result {
	if j.link != nil {
		return j.link.client.DryRunMany(ctx, jobs)
	}
	results := make([]tasks.Result, len(jobs))
	for i, job := range jobs {
		results[i] = j.here(job, time.Now())
	}
	return results
}

// here judges by an account of the file, as the client would.
func (j *judge) here(job tasks.Job, now time.Time) tasks.Result {
	account, ok := j.knows(job.Account)
	if !ok {
		return tasks.Result{Err: &tasks.FieldError{
			Field: "account", Message: fmt.Sprintf("%q is not in the configuration file, and Redis does not answer", job.Account),
		}}
	}
	if err := account.Accepts(job, now); err != nil {
		return tasks.Result{Err: err}
	}
	return tasks.Result{Receipt: tasks.Receipt{
		Account: job.Account, Kind: cmp.Or(job.Kind, tasks.KindNotify), State: "valid",
	}}
}

// dryRun says whether a job would be accepted.
func (a *app) dryRun(ctx context.Context, p place, job tasks.Job) error {
	j, err := a.newJudge(ctx, p)
	if err != nil {
		return err
	}
	defer j.close()
	if _, ok := j.knows(job.Account); j.link == nil && !ok {
		return j.away
	}
	result := j.all(ctx, []tasks.Job{job})[0]
	if result.Err != nil {
		return j.link.explain(result.Err, "")
	}
	j.note(a)
	if !a.json {
		return printLine(a.stdout, "%s%s; nothing was written", valid(result.Receipt), j.by())
	}
	return printJSON(a.stdout, validJSON{result.Receipt.Account, result.Receipt.Kind, result.Receipt.State})
}

// note says why Redis was not asked, where it was not.
func (j *judge) note(a *app) {
	if j.link == nil {
		a.say("%s; this is a verdict by the configuration file only", j.away)
	}
}

// validJSON is the answer about a job that would be accepted.
type validJSON struct {
	Account string     `json:"account"`
	Kind    tasks.Kind `json:"kind"`
	State   string     `json:"state"`
}

func valid(r tasks.Receipt) string {
	return "valid: account " + r.Account + " would take this " + string(r.Kind)
}
