package dispatch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/tasks"
)

// Pump brings a group's due follow-ups about: it takes the steps that lie in
// the records, and enqueues the tasks that the others need.
type Pump struct {
	Group  string
	Store  *record.Store
	Broker tasks.Broker
	Log    logrus.FieldLogger
}

// takenIDs is how many ids of one task may be taken by tasks that do not run.
const takenIDs = 5

var errTaken = errors.New("five task ids in a row are taken by tasks that do not run")

const (
	pumpEvery = 500 * time.Millisecond
	pumpBatch = 100
)

// Run pumps until ctx ends. A step that fails is tried again: its lease runs out.
func (p *Pump) Run(ctx context.Context) {
	ticker := time.NewTicker(pumpEvery)
	defer ticker.Stop()
	for {
		n, err := p.Step(ctx)
		if err != nil && ctx.Err() == nil {
			p.Log.WithField("group", p.Group).WithError(err).Warn("a due step failed and is tried again")
		}
		if n == pumpBatch && err == nil {
			continue // there is more
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// Step takes what is due now, at most a hundred entries, and says how many
// there were. One entry's error stops no other.
func (p *Pump) Step(ctx context.Context) (int, error) {
	leases, err := p.Store.Claim(ctx, p.Group, pumpBatch)
	if err != nil {
		return 0, err
	}
	var errs []error
	for _, l := range leases {
		if err := p.take(ctx, l); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", l.Member, err))
		}
	}
	return len(leases), errors.Join(errs...)
}

func (p *Pump) take(ctx context.Context, l record.Lease) error {
	if record.IsPush(l.Member) {
		return p.push(ctx, l)
	}
	if account, ok := record.ProbedAccount(l.Member); ok {
		return p.probe(ctx, l, account)
	}
	step, err := p.Store.Tick(ctx, l)
	if err != nil {
		return err
	}
	switch step.Action {
	case record.ActPoll:
		return p.follow(ctx, l, step, tasks.Entry{Queue: tasks.FollowQueue(step.Account), Kind: tasks.KindPoll})
	case record.ActRepeat:
		return p.follow(ctx, l, step, tasks.Entry{Queue: queueOf(step), Kind: tasks.Kind(step.Kind)})
	case record.ActLook:
		live, err := p.Broker.Live(ctx, queueOf(step), step.Task)
		if err != nil {
			return err
		}
		if step, err = p.Store.Returned(ctx, l, step.Task, live); err != nil || step.Action != record.ActEnqueue {
			return err
		}
		p.Log.WithField("job", l.Member).Warn("the job's task was gone; it is brought back")
		return p.enqueue(ctx, l, step)
	case record.ActEnqueue:
		return p.enqueue(ctx, l, step)
	case record.ActNone, record.ActMoved, record.ActWait, record.ActLive:
	}
	return nil
}

func queueOf(s record.Step) tasks.Queue {
	return tasks.QueueFor(s.Account, tasks.Kind(s.Kind), tasks.Priority(s.Priority))
}

// enqueue brings a waiting job's task to its queue. An id that is taken by a
// task that will never run again gives way to the next one.
func (p *Pump) enqueue(ctx context.Context, l record.Lease, step record.Step) error {
	for range takenIDs {
		e := tasks.Entry{Queue: queueOf(step), Kind: tasks.Kind(step.Kind), TaskID: step.Task, ID: l.Member}
		live := true
		err := p.Broker.Put(ctx, e)
		if errors.Is(err, tasks.ErrTaskExists) {
			live, err = p.Broker.Live(ctx, e.Queue, e.TaskID)
		}
		if err != nil {
			return err
		}
		next, err := p.Store.Returned(ctx, l, step.Task, live)
		if err != nil || next.Action != record.ActEnqueue {
			return err
		}
		step = next
	}
	return errTaken
}

// follow enqueues a query, or a repeat. Where its id is taken by a task that will
// not run, the record moves on to the next number.
func (p *Pump) follow(ctx context.Context, l record.Lease, step record.Step, e tasks.Entry) error {
	e.TaskID, e.ID = step.Task, l.Member
	err := p.Broker.Put(ctx, e)
	if errors.Is(err, tasks.ErrTaskExists) {
		live, err := p.Broker.Live(ctx, e.Queue, step.Task)
		if err != nil {
			return err
		}
		if !live {
			_, seq, _ := tasks.SplitSequenced(step.Task)
			return p.Store.PollAgain(ctx, l.Member, seq, 0)
		}
	} else if err != nil {
		return err
	}
	return p.Store.Bump(ctx, l)
}

// push enqueues a stored push that nobody has read yet.
func (p *Pump) push(ctx context.Context, l record.Lease) error {
	stored, err := p.Store.GetPush(ctx, l.Member)
	if err != nil {
		return err
	}
	if stored == nil {
		return p.Store.EndPush(ctx, l.Member, pushOrphan, "", pushesKept)
	}
	e := tasks.Entry{Queue: tasks.PushQueue(stored.Account), Kind: tasks.KindPush, ID: l.Member}
	return p.put(ctx, l, e, func(n int) (string, error) {
		if n == 0 {
			return l.Member, nil
		}
		return tasks.Sequenced(l.Member, n), nil // somebody archived the other
	})
}

// put enqueues e under the first of its task ids that is not taken by a task which will
// not run, unless one that will has it.
func (p *Pump) put(ctx context.Context, l record.Lease, e tasks.Entry, taskID func(n int) (string, error)) (err error) {
	for n := range takenIDs {
		if e.TaskID, err = taskID(n); err != nil {
			return err
		}
		live := true
		err = p.Broker.Put(ctx, e)
		if errors.Is(err, tasks.ErrTaskExists) {
			live, err = p.Broker.Live(ctx, e.Queue, e.TaskID)
		}
		if err != nil {
			return err
		}
		if live {
			return p.Store.Bump(ctx, l)
		}
	}
	return errTaken
}
