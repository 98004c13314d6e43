package tasks

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
)

// Entry is one task to be put on a queue.
type Entry struct {
	Queue  Queue
	Kind   Kind
	TaskID string
	ID     string    // of the job or push that the payload names
	At     time.Time // not before; zero: now
}

// ErrTaskExists says that a task with this id is there: alive or not is to be
// looked at before it counts as success.
var ErrTaskExists = errors.New("a task with this id exists")

// Broker holds tasks until a worker takes them.
type Broker interface {
	Put(ctx context.Context, e Entry) error
	// Live says that a task is pending, scheduled, to be retried or active: that
	// it will run, or is running.
	Live(ctx context.Context, q Queue, taskID string) (bool, error)
}

const (
	// maxRetry is above anything a job can reach: holds and retries are counted
	// in the record, and nothing that could dial may lie in asynq's archive.
	maxRetry = 1_000_000
	// taskTimeout is above the longest run of a handler, so that asynq never
	// starts a second one beside it: the wait for a slot, a lost answer of Admit,
	// the vendor's timeout and two minutes of settling.
	taskTimeout = 20 * time.Minute
	// resultKept is how long the monitoring UI shows a finished dispatch.
	resultKept = 24 * time.Hour
)

// AsynqBroker is the Broker on asynq.
type AsynqBroker struct {
	rdb       redis.UniversalClient
	client    *asynq.Client
	inspector *asynq.Inspector
}

var _ Broker = (*AsynqBroker)(nil)

// NewAsynqBroker returns a broker on rdb, which stays the caller's to close.
func NewAsynqBroker(rdb redis.UniversalClient) *AsynqBroker {
	return &AsynqBroker{
		rdb:       rdb,
		client:    asynq.NewClientFromRedisClient(rdb),
		inspector: asynq.NewInspectorFromRedisClient(rdb),
	}
}

// Put enqueues a task.
func (b *AsynqBroker) Put(ctx context.Context, e Entry) error { return put(ctx, b.client, e) }

func put(ctx context.Context, client *asynq.Client, e Entry) error {
	_, err := client.EnqueueContext(ctx, asynq.NewTask(string(e.Kind), EncodePayload(e.ID)), e.options()...)
	if errors.Is(err, asynq.ErrTaskIDConflict) {
		return ErrTaskExists
	}
	if err != nil {
		return fmt.Errorf("enqueue a task on %s: %w", e.Queue, err)
	}
	return nil
}

// options are how asynq is to keep and run the task.
func (e Entry) options() []asynq.Option {
	opts := []asynq.Option{
		asynq.TaskID(e.TaskID), asynq.Queue(string(e.Queue)),
		asynq.MaxRetry(maxRetry), asynq.Timeout(taskTimeout),
	}
	if e.Kind == KindNotify || e.Kind == KindConnect || e.Kind == KindBind {
		opts = append(opts, asynq.Retention(resultKept))
	}
	if !e.At.IsZero() {
		// asynq cuts times to whole seconds, which would be early.
		opts = append(opts, asynq.ProcessAt(e.At.Add(time.Second-time.Nanosecond).Truncate(time.Second)))
	}
	return opts
}

// Live implements Broker.
func (b *AsynqBroker) Live(_ context.Context, q Queue, taskID string) (bool, error) {
	info, err := b.inspector.GetTaskInfo(string(q), taskID)
	if errors.Is(err, asynq.ErrTaskNotFound) || errors.Is(err, asynq.ErrQueueNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for a task on %s: %w", q, err)
	}
	switch info.State {
	case asynq.TaskStatePending, asynq.TaskStateScheduled, asynq.TaskStateRetry, asynq.TaskStateActive:
		return true, nil
	case asynq.TaskStateArchived, asynq.TaskStateCompleted, asynq.TaskStateAggregating:
	}
	return false, nil
}
