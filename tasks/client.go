package tasks

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/callpacer/callpacer/internal/record"
)

// Client puts jobs on the queue. It is safe for use by many goroutines.
type Client struct {
	rdb      redis.UniversalClient
	store    *record.Store
	broker   Broker
	fallback []Account
	known    sync.Map // name -> seen
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
	job, n, err := c.prepare(ctx, j, c.lookup())
	if err != nil {
		return Receipt{}, err
	}
	i := item{job: job, record: n}
	created, err := c.create(ctx, n)
	r, err := i.receipt(created, err)
	switch {
	case err != nil || created.State != record.Accepted:
		return r, err
	case created.Duplicate:
		r.State = string(c.queueFirst(ctx, n.ID))
	default:
		r.State = string(c.queue(ctx, i.entry()))
	}
	return r, nil
}

// create writes the record. Where the answer is lost it asks once more: the
// same submit is no duplicate of itself, whereas a job without a key that the
// caller submits again would be a second call.
func (c *Client) create(ctx context.Context, n record.NewJob) (record.Created, error) {
	created, err := c.store.Create(ctx, n)
	if err != nil && ctx.Err() == nil {
		created, err = c.store.Create(ctx, n)
	}
	return created, err
}

func pastError() *FieldError { return fieldErrorf("expires_at", "is in the past") }

// queueFirst brings a job there that an earlier submit left accepted, as that
// submit wanted it: asynq knows a task's id in one queue only, so another
// priority would be a second task.
func (c *Client) queueFirst(ctx context.Context, id string) record.State {
	first, err := c.store.Get(ctx, id)
	if err != nil || first == nil {
		return record.Accepted
	}
	if first.State != record.Accepted {
		return first.State
	}
	return c.queue(ctx, Entry{
		Queue: QueueFor(first.Account, Kind(first.Kind), Priority(first.Priority)), Kind: Kind(first.Kind),
		TaskID: id, ID: id, At: first.NotBefore,
	})
}

// queue brings an accepted job to its queue. What fails here is not lost: the
// record's due entry brings the job there within a minute.
func (c *Client) queue(ctx context.Context, e Entry) record.State {
	err := c.broker.Put(ctx, e)
	if errors.Is(err, ErrTaskExists) {
		err = c.unlessLive(ctx, e, err)
	}
	if err != nil {
		return record.Accepted
	}
	return stateAfter(c.store.MarkQueued(ctx, e.ID, e.TaskID))
}

// unlessLive is nil where the task that stands in the way will run, or runs.
func (c *Client) unlessLive(ctx context.Context, e Entry, err error) error {
	if live, lookErr := c.broker.Live(ctx, e.Queue, e.TaskID); lookErr != nil || !live {
		return err
	}
	return nil
}

// stateAfter is the state to tell of a job whose task is on its queue: where the
// record did not say, it is accepted at least.
func stateAfter(marked record.State, err error) record.State {
	if err != nil || marked == "" {
		return record.Accepted
	}
	return marked
}

// lookup is what a job needs to be known of before it can be recorded.
type lookup struct {
	// account returns the one that serves a kind of job.
	account func(ctx context.Context, name string, k Kind) (Account, error)
	// recorded says whether there is a record of the id.
	recorded func(ctx context.Context, id string) (bool, error)
}

func (c *Client) lookup() lookup { return lookup{account: c.serving, recorded: c.recorded} }

func (c *Client) prepare(ctx context.Context, j Job, find lookup) (checkedJob, record.NewJob, error) {
	job, err := j.checked()
	if err != nil {
		return checkedJob{}, record.NewJob{}, err
	}
	if err := job.settleLife(time.Now()); err != nil {
		return checkedJob{}, record.NewJob{}, err
	}
	account, err := find.account(ctx, job.Account, job.Kind)
	if err != nil {
		return checkedJob{}, record.NewJob{}, err
	}
	if err := account.check(&job); err != nil {
		return checkedJob{}, record.NewJob{}, err
	}
	n, err := job.record(account, newID(account.Group, account.Name, job.IdempotencyKey), job.IdempotencyKey)
	if err != nil {
		return checkedJob{}, record.NewJob{}, err
	}
	if err := c.checkBound(ctx, job.Binding, n, find); err != nil {
		return checkedJob{}, record.NewJob{}, err
	}
	return job, n, nil
}
