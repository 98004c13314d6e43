package tasks

import (
	"context"
	"sync"
)

// Result is the answer to one item of a batch: a receipt, or an error.
type Result struct {
	Receipt Receipt
	Err     error
}

// batchWidth is how many items of a batch are on their way at once.
const batchWidth = 16

// EnqueueMany accepts many jobs; the results are in the order of the jobs, and
// one item's error stops no other. Items that ctx ended before they were tried
// carry its error.
func (c *Client) EnqueueMany(ctx context.Context, jobs []Job) []Result {
	results := make([]Result, len(jobs))
	var wg sync.WaitGroup
	next := make(chan int)
	for range min(batchWidth, len(jobs)) {
		wg.Go(func() {
			for i := range next {
				if err := ctx.Err(); err != nil {
					results[i].Err = err
					continue
				}
				results[i].Receipt, results[i].Err = c.Enqueue(ctx, jobs[i])
			}
		})
	}
	for i := range jobs {
		next <- i
	}
	close(next)
	wg.Wait()
	return results
}
