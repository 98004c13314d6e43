package dispatch

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/callpacer/callpacer/tasks"
)

// leaseTime is how long asynq needs to find that a task's worker is gone.
const leaseTime = 60 * time.Second

// memBroker is a queue with asynq's promises and no more: at least once, an id
// is taken while its task is known, whole seconds cut off.
type memBroker struct {
	mu    sync.Mutex
	tasks map[string]*memTask
}

type memTask struct {
	entry tasks.Entry
	at    time.Time // ready
	lease int       // grows with every take; 0: not active
	taken int
	done  bool // kept, as asynq keeps results: its id stays taken
}

func newMemBroker() *memBroker { return &memBroker{tasks: map[string]*memTask{}} }

func (b *memBroker) Put(_ context.Context, e tasks.Entry) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.tasks[e.TaskID]; ok {
		return tasks.ErrTaskExists
	}
	b.tasks[e.TaskID] = &memTask{entry: e, at: e.At}
	return nil
}

func (b *memBroker) Live(_ context.Context, _ tasks.Queue, id string) (bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	t, ok := b.tasks[id]
	return ok && !t.done, nil
}

// take leases a task that is ready at now.
func (b *memBroker) take(now time.Time) (e tasks.Entry, lease int, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, t := range b.tasks {
		if t.done || t.at.After(now) {
			continue
		}
		t.taken++
		t.lease = t.taken
		t.at = now.Add(leaseTime) // unless its worker says something before
		return t.entry, t.lease, true
	}
	return tasks.Entry{}, 0, false
}

// end is what asynq does with a handler's error; a lost lease is refused.
func (b *memBroker) end(id string, lease int, err error, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	t, ok := b.tasks[id]
	if !ok || t.lease != lease {
		return
	}
	t.lease = 0
	if err == nil {
		t.done = true
		switch t.entry.Kind {
		case tasks.KindNotify, tasks.KindConnect, tasks.KindBind: // kept for the monitoring page
		case tasks.KindUnbind, tasks.KindPoll, tasks.KindRecording, tasks.KindAccount, tasks.KindPush:
			delete(b.tasks, id)
		}
		return
	}
	delay, _ := queueBehaviour(err, now)
	t.at = now.Add(delay).Truncate(time.Second)
}

// next is when the next task is ready.
func (b *memBroker) next() (at time.Time, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, t := range b.tasks {
		if !t.done && (!ok || t.at.Before(at)) {
			at, ok = t.at, true
		}
	}
	return at, ok
}

// brokerOf is a process's way to the broker: each operation is a step at which
// the process may die.
type brokerOf struct {
	*memBroker
	steps *steps
}

func (b brokerOf) Put(ctx context.Context, e tasks.Entry) (err error) {
	if stepErr := b.steps.do(func() { err = b.memBroker.Put(ctx, e) }); stepErr != nil {
		return stepErr
	}
	return err
}

func (b brokerOf) Live(ctx context.Context, q tasks.Queue, id string) (live bool, err error) {
	if stepErr := b.steps.do(func() { live, err = b.memBroker.Live(ctx, q, id) }); stepErr != nil {
		return false, stepErr
	}
	return live, err
}

func (b brokerOf) take(now time.Time) (e tasks.Entry, lease int, ok bool) {
	if b.steps.do(func() { e, lease, ok = b.memBroker.take(now) }) != nil {
		return tasks.Entry{}, 0, false
	}
	return e, lease, ok
}

func (b brokerOf) end(id string, lease int, err error) {
	_ = b.steps.do(func() { b.memBroker.end(id, lease, err, time.Now()) })
}

var errDead = errors.New("this process is dead")
