package tasks

import (
	"context"
	"time"

	"github.com/callpacer/callpacer/internal/record"
)

// DryRun says whether the job would be accepted, and under which id, without
// writing anything. It does not look at what the idempotency key was used for
// before; the id of a job without one is only like the one it would get.
func (c *Client) DryRun(ctx context.Context, j Job) (Receipt, error) {
	job, n, err := c.prepare(ctx, j, c.lookup())
	if err != nil {
		return Receipt{}, err
	}
	return job.valid(n)
}

// DryRunMany is DryRun for many jobs, which asks for each account once. The
// results are in the order of the jobs.
func (c *Client) DryRunMany(ctx context.Context, jobs []Job) []Result {
	results := make([]Result, len(jobs))
	for _, i := range c.prepareMany(ctx, jobs, results) {
		i.result.Receipt, i.result.Err = i.job.valid(i.record)
	}
	return results
}

// valid is the receipt of a job that could be recorded.
func (c *checkedJob) valid(n record.NewJob) (Receipt, error) {
	if err := c.notPast(time.Now()); err != nil {
		return Receipt{}, err
	}
	return Receipt{ID: n.ID, Account: n.Account, Kind: c.Kind, State: "valid"}, nil
}
