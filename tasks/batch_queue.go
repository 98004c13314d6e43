package tasks

import (
	"context"
	"errors"

	"github.com/callpacer/callpacer/internal/record"
)

// queueMany brings accepted jobs to their queues, as queue does with one.
func (c *Client) queueMany(ctx context.Context, items []item) {
	if len(items) == 0 {
		return
	}
	errs := c.putMany(ctx, items)
	var taken []int
	for n, err := range errs {
		if errors.Is(err, ErrTaskExists) {
			taken = append(taken, n)
		}
	}
	each(taken, func(n int) { errs[n] = c.unlessLive(ctx, items[n].entry(), errs[n]) })
	var queued []item
	var marks []record.Enqueued
	for n, i := range items {
		if errs[n] == nil {
			queued, marks = append(queued, i), append(marks, record.Enqueued{ID: i.record.ID, Task: i.record.ID})
		}
	}
	for n, marked := range c.store.MarkQueuedMany(ctx, marks) {
		queued[n].result.Receipt.State = string(stateAfter(marked.State, marked.Err))
	}
}

func (i item) entry() Entry {
	return Entry{
		Queue: QueueFor(i.job.Account, i.job.Kind, i.job.Priority), Kind: i.job.Kind,
		TaskID: i.record.ID, ID: i.record.ID, At: i.job.NotBefore,
	}
}

// putMany returns one error, or nil, for each item.
func (c *Client) putMany(ctx context.Context, items []item) []error {
	entries := make([]Entry, len(items))
	for n, i := range items {
		entries[n] = i.entry()
	}
	if many, ok := c.broker.(interface {
		PutMany(ctx context.Context, entries []Entry) []error
	}); ok {
		return many.PutMany(ctx, entries)
	}
	errs := make([]error, len(items))
	for n, e := range entries {
		errs[n] = c.broker.Put(ctx, e)
	}
	return errs
}
