package tasks

import (
	"context"
	"fmt"
	"sync"

	"github.com/callpacer/callpacer/internal/record"
)

// Result is the answer to one item of a batch: a receipt, or an error.
type Result struct {
	Receipt Receipt
	Err     error
}

const (
	// batchSize is how many jobs share a round trip. Their replies are held until
	// the last, and a connection that breaks leaves as many in question.
	batchSize = 200
	// batchWidth is how many items that need a closer look get it at once.
	batchWidth = 16
)

// EnqueueMany accepts many jobs in few round trips. The results are in the order
// of the jobs, and each is what Enqueue would have answered: one item's error
// stops no other. Of two jobs of one key the first is the first. Items that ctx
// ended before they were tried carry its error. A binding must have been accepted
// before the call that unbinds it by its job.
func (c *Client) EnqueueMany(ctx context.Context, jobs []Job) []Result {
	results := make([]Result, len(jobs))
	for from := 0; from < len(jobs); from += batchSize {
		to := min(from+batchSize, len(jobs))
		c.enqueueChunk(ctx, jobs[from:to], results[from:to])
	}
	return results
}

// item is one job of a chunk that is fit to be recorded.
type item struct {
	job    checkedJob
	record record.NewJob
	result *Result
}

func (c *Client) enqueueChunk(ctx context.Context, jobs []Job, results []Result) {
	var fresh, stranded []item
	for _, i := range c.createMany(ctx, c.prepareMany(ctx, jobs, results)) {
		switch {
		case i.result.Receipt.State != string(record.Accepted):
		case i.result.Receipt.Duplicate:
			stranded = append(stranded, i)
		default:
			fresh = append(fresh, i)
		}
	}
	c.queueMany(ctx, fresh)
	// After those: a stranded one may be of a key that this very chunk queued.
	each(stranded, func(i item) { i.result.Receipt.State = string(c.queueFirst(ctx, i.record.ID)) })
}

// prepareMany returns the jobs that can be recorded. Accounts are looked up once.
func (c *Client) prepareMany(ctx context.Context, jobs []Job, results []Result) []item {
	find := lookup{account: c.servingOnce(), recorded: c.recordedUntilError()}
	items := make([]item, 0, len(jobs))
	for n, j := range jobs {
		i := item{result: &results[n]}
		if i.result.Err = ctx.Err(); i.result.Err != nil {
			continue
		}
		if i.job, i.record, i.result.Err = c.prepare(ctx, j, find); i.result.Err == nil {
			items = append(items, i)
		}
	}
	return items
}

// createMany writes the records and the receipts, and returns the items that
// have one. What failed is asked once more, as create does.
func (c *Client) createMany(ctx context.Context, items []item) []item {
	if len(items) == 0 {
		return nil
	}
	created := c.store.CreateMany(ctx, recordsOf(items))
	var again []item
	var places []int
	for n := range created {
		if created[n].Err != nil {
			again, places = append(again, items[n]), append(places, n)
		}
	}
	if len(again) > 0 && ctx.Err() == nil {
		for n, second := range c.store.CreateMany(ctx, recordsOf(again)) {
			created[places[n]] = second
		}
	}
	var accepted []item
	for n, i := range items {
		if i.result.Receipt, i.result.Err = i.receipt(created[n].Created, created[n].Err); i.result.Err == nil {
			accepted = append(accepted, i)
		}
	}
	return accepted
}

func recordsOf(items []item) []record.NewJob {
	out := make([]record.NewJob, len(items))
	for n, i := range items {
		out[n] = i.record
	}
	return out
}

// receipt is the answer to a job whose record was asked for.
func (i item) receipt(created record.Created, err error) (Receipt, error) {
	switch {
	case err != nil:
		return Receipt{}, fmt.Errorf("accept the job: %w", err)
	case created.Differs != nil:
		return Receipt{}, fieldErrorf(differing(created.Differs, i.record.Parts),
			"the idempotency key was used before with another value here; use a new key, or the same content")
	case created.TooLate:
		return Receipt{}, pastError()
	}
	return Receipt{
		ID: i.record.ID, Account: i.record.Account, Kind: i.job.Kind, State: string(created.State), Duplicate: created.Duplicate,
	}, nil
}

// each calls f for every item, some at once, and waits.
func each[T any](items []T, f func(T)) {
	var wg sync.WaitGroup
	next := make(chan T)
	for range min(batchWidth, len(items)) {
		wg.Go(func() {
			for i := range next {
				f(i)
			}
		})
	}
	for _, i := range items {
		next <- i
	}
	close(next)
	wg.Wait()
}
