package admin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/hibiken/asynq"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/tasks"
)

// action does to one task what a button asks for.
type action func(ctx context.Context, queue, task string) error

// action finds what a button does in a lane's queue, or where priority is empty
// in one that always runs.
func (b *buttons) action(p press, priority string) (action, error) {
	switch {
	case p.verb == "run":
		// Admit is asked as at every run, and holds what may not run yet.
		return b.whereIn(b.tasks.RunTask, asynq.TaskStateScheduled, asynq.TaskStateRetry, asynq.TaskStateArchived), nil
	case p.set == "archived" || p.set == "completed":
		// Dead tasks. asynq deletes by the id alone, whatever state the task is in.
		return b.whereIn(b.tasks.DeleteTask, asynq.TaskStateArchived, asynq.TaskStateCompleted), nil
	case priority == "":
		return nil, errAlwaysRuns
	case p.verb == "cancel":
		return b.cancelActive, nil
	case p.verb == "archive":
		return b.cancelWaiting(b.tasks.ArchiveTask), nil
	}
	return b.cancelWaiting(b.tasks.DeleteTask), nil
}

// cancelActive cancels the job that a handler is at; the handler finds out by
// itself.
func (b *buttons) cancelActive(ctx context.Context, _, task string) error {
	id := jobOf(task)
	verdict, state, err := b.cancel(ctx, id)
	switch {
	case err != nil:
		return err
	case verdict == record.CancelDone, verdict == record.CancelRequested:
		return nil
	case verdict == record.CancelMissing:
		return refuse(http.StatusNotFound, "refused: there is no job "+id+"; the task ends by itself")
	}
	return refusedCancel(id, state)
}

// cancelWaiting cancels the job of a task that waits, and takes the task off its
// queue, on which it could lie until the lane opens. Tasks of no job are left to
// asynq.
func (b *buttons) cancelWaiting(deadTask func(queue, task string) error) action {
	return func(ctx context.Context, queue, task string) error {
		id := jobOf(task)
		verdict, state, err := b.cancel(ctx, id)
		switch {
		case err != nil:
			return err
		case verdict == record.CancelDone:
			return b.clear(queue, task)
		case verdict == record.CancelRequested:
			return refuse(http.StatusConflict, fmt.Sprintf("job %s is %s just now: it ends canceled if the vendor does not take it, and it is not sent again", id, state))
		case verdict == record.CancelMissing:
			if info, err := b.tasks.GetTaskInfo(queue, task); err == nil && tasks.Carries(info.Payload) {
				return errNoRecordYet
			}
			return orNotFound(deadTask(queue, task))
		}
		return refusedCancel(id, state)
	}
}

// errNoRecordYet: with its task the job would be gone, and nobody would hear of it.
var errNoRecordYet = refuse(http.StatusConflict, "refused: the task brings its job along, and the job has no record that could say it was canceled until a worker takes it up; "+
	"to stop it, pause its queue or let it expire")

func refusedCancel(id string, state record.State) error {
	return refuse(http.StatusConflict, fmt.Sprintf("refused: job %s is %s and cannot be canceled any more", id, state))
}

// jobOf finds the job in a task's id.
func jobOf(task string) string {
	id, _, ok := tasks.SplitSequenced(task)
	if !ok {
		return task
	}
	return id
}

func (b *buttons) cancel(ctx context.Context, id string) (record.Cancellation, record.State, error) {
	if _, ok := record.GroupOf(id); !ok {
		return record.CancelMissing, "", nil // a task that is not ours
	}
	verdict, state, err := b.jobs.Cancel(ctx, id)
	if err != nil {
		return "", "", fmt.Errorf("cancel job %s: %w", id, err)
	}
	return verdict, state, nil
}

// clear takes a canceled job's task off its queue, unless a worker has it or had
// it: it finds the job canceled.
func (b *buttons) clear(queue, task string) error {
	err := b.tasks.DeleteTask(queue, task)
	if err == nil || gone(err) {
		return nil
	}
	info, lookErr := b.tasks.GetTaskInfo(queue, task)
	if lookErr == nil && info.State == asynq.TaskStateActive || gone(lookErr) {
		return nil
	}
	return fmt.Errorf("the job is canceled, but take its task off the queue: %w", err)
}

// whereIn does something to a task that is in one of the states.
func (b *buttons) whereIn(do func(queue, task string) error, states ...asynq.TaskState) action {
	return func(_ context.Context, queue, task string) error {
		info, err := b.tasks.GetTaskInfo(queue, task)
		if err != nil {
			return orNotFound(err)
		}
		if !slices.Contains(states, info.State) {
			return refuse(http.StatusConflict, "refused: the task is "+info.State.String()+" by now")
		}
		return orNotFound(do(queue, task))
	}
}

func gone(err error) bool {
	return errors.Is(err, asynq.ErrTaskNotFound) || errors.Is(err, asynq.ErrQueueNotFound)
}

func orNotFound(err error) error {
	if gone(err) {
		return refuse(http.StatusNotFound, "refused: the task is not there any more")
	}
	return err
}
