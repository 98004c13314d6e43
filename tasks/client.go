package tasks

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/callpacer/callpacer/internal/phone"
	"github.com/callpacer/callpacer/internal/record"
)

// Client puts jobs on the queue. It is safe for use by many goroutines.
type Client struct {
	rdb      redis.UniversalClient
	store    *record.Store
	broker   Broker
	fallback []Account
	known    sync.Map // name -> Account; an account's group never changes
}

// Option changes a Client.
type Option func(*Client)

// WithAccounts gives accounts to use where no worker has published them yet.
func WithAccounts(accounts ...Account) Option {
	return func(c *Client) { c.fallback = accounts }
}

// WithBroker replaces asynq, for tests.
func WithBroker(b Broker) Option { return func(c *Client) { c.broker = b } }

// NewClient returns a client on rdb, which stays the caller's to close.
func NewClient(rdb redis.UniversalClient, options ...Option) *Client {
	c := &Client{rdb: rdb, store: record.New(rdb), broker: NewAsynqBroker(rdb)}
	for _, o := range options {
		o(c)
	}
	return c
}

// Enqueue accepts one job. When it returns without error the job is recorded
// and will be dispatched, whatever happens to this process. A *FieldError
// names what to mend in the job. Any other error leaves open whether the job
// was accepted: submit it again, which is safe where it has an idempotency key.
func (c *Client) Enqueue(ctx context.Context, j Job) (Receipt, error) {
	job, n, err := c.prepare(ctx, j)
	if err != nil {
		return Receipt{}, err
	}
	created, err := c.store.Create(ctx, n)
	if err != nil {
		return Receipt{}, fmt.Errorf("accept the job: %w", err)
	}
	if created.Differs != nil {
		return Receipt{}, fieldErrorf(differing(created.Differs, n.Parts),
			"the idempotency key was used before with another value here; use a new key, or the same content")
	}
	if created.TooLate {
		return Receipt{}, fieldErrorf("expires_at", "is in the past")
	}
	r := Receipt{ID: n.ID, Account: n.Account, Kind: job.Kind, State: string(created.State), Duplicate: created.Duplicate}
	if created.State == record.Accepted {
		r.State = string(c.queue(ctx, job, n.ID))
	}
	return r, nil
}

// DryRun says whether the job would be accepted, and under which id, without
// writing anything. The id of a job without an idempotency key is only like
// the one it would get.
func (c *Client) DryRun(ctx context.Context, j Job) (Receipt, error) {
	job, n, err := c.prepare(ctx, j)
	if err != nil {
		return Receipt{}, err
	}
	return Receipt{ID: n.ID, Account: n.Account, Kind: job.Kind, State: "valid"}, nil
}

// queue brings an accepted job to its queue. What fails here is not lost: the
// record's due entry brings the job there within a minute.
func (c *Client) queue(ctx context.Context, j checkedJob, id string) record.State {
	e := Entry{Queue: QueueOf(j.Account, j.Priority), Kind: j.Kind, TaskID: id, ID: id, At: j.NotBefore}
	err := c.broker.Put(ctx, e)
	if errors.Is(err, ErrTaskExists) {
		live, lookErr := c.broker.Live(ctx, e.Queue, id)
		if lookErr == nil && live {
			err = nil
		}
	}
	if err != nil {
		return record.Accepted
	}
	state, err := c.store.MarkQueued(ctx, id, id)
	if err != nil || state == "" {
		return record.Accepted
	}
	return state
}

func (c *Client) prepare(ctx context.Context, j Job) (checkedJob, record.NewJob, error) {
	job, err := j.checked()
	if err != nil {
		return checkedJob{}, record.NewJob{}, err
	}
	account, err := c.account(ctx, job.Account)
	if err != nil {
		return checkedJob{}, record.NewJob{}, err
	}
	if !slices.Contains(account.Kinds, job.Kind) {
		return checkedJob{}, record.NewJob{}, fieldErrorf("kind",
			"%s is not served by account %s (vendor %s) in this version", job.Kind, account.Name, account.Vendor)
	}
	content, whole, parts, err := job.content()
	if err != nil {
		return checkedJob{}, record.NewJob{}, err
	}
	return job, record.NewJob{
		ID:      newID(account.Group, account.Name, job.IdempotencyKey),
		Account: account.Name, Vendor: account.Vendor, Kind: string(job.Kind), Priority: string(job.Priority),
		Keyed: job.IdempotencyKey != "", Content: content, Digest: whole, Parts: parts,
		Numbers: []string{job.number.Key(account.Group)}, To: phone.Mask(job.number.Digits()),
		Tags: job.Tags, EventURL: job.EventURL, SubmitToken: rand.Text(),
		NotBefore: job.NotBefore, ExpiresAt: job.ExpiresAt, ExpiresIn: job.ExpiresIn,
		Retain: account.Retention, KeyRetain: account.KeyRetention,
	}, nil
}

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
