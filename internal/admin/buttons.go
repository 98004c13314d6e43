package admin

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/callpacer/callpacer/tasks"
)

// buttons makes of each button what it means for jobs and lanes.
type buttons struct {
	lanes Lanes
	jobs  Jobs
	rdb   redis.UniversalClient
	tasks *asynq.Inspector
}

// eventQueue carries the webhooks to applications.
const eventQueue = "callpacer:event"

func (b *buttons) do(ctx context.Context, p press, by string) (batchAnswer, error) {
	account, priority, err := b.laneOf(ctx, p.queue)
	if err != nil {
		return nil, err
	}
	switch {
	case p.set == "":
		return nil, b.pressQueue(ctx, p, account, priority, by)
	case p.scope == all:
		return nil, refuse(http.StatusConflict, allWords(p))
	}
	act, err := b.action(p, priority)
	if err != nil {
		return nil, err
	}
	if p.scope == batch {
		return b.pressEach(ctx, p, act), nil
	}
	return nil, act(ctx, p.queue, p.task)
}

// laneOf finds the account and the priority of a queue; "" is the priority of
// one that always runs.
func (b *buttons) laneOf(ctx context.Context, queue string) (account, priority string, err error) {
	if queue == eventQueue {
		return "", "", nil
	}
	account, name, _ := strings.Cut(queue, ":")
	switch tasks.Queue(queue) {
	case tasks.FollowQueue(account), tasks.PushQueue(account):
		name = ""
	case tasks.QueueOf(account, tasks.Urgent), tasks.QueueOf(account, tasks.Normal), tasks.QueueOf(account, tasks.Bulk):
	default:
		return "", "", errNoQueue
	}
	accounts, err := tasks.Accounts(ctx, b.rdb)
	if err != nil {
		return "", "", fmt.Errorf("look for the queue's account: %w", err)
	}
	if _, ok := accounts[account]; !ok {
		return "", "", errNoQueue
	}
	return account, name, nil
}

var errNoQueue = refuse(http.StatusNotFound, "refused: no account of callpacer has this queue; queues are <account>:urgent, :normal, :bulk, :follow and :push")

// pressQueue pauses or resumes a queue. Deleting one would take its waiting
// tasks along.
func (b *buttons) pressQueue(ctx context.Context, p press, account, priority, by string) error {
	switch {
	case p.verb == "delete":
		return refuse(http.StatusConflict, "refused: a queue of callpacer is never deleted; to stop its calls, pause it")
	case priority == "":
		return errAlwaysRuns
	case p.verb == "pause":
		if err := b.lanes.Pause(ctx, account, priority, by); err != nil {
			return fmt.Errorf("pause %s: %w", p.queue, err)
		}
	default:
		if err := b.lanes.Resume(ctx, account, priority, by); err != nil {
			return fmt.Errorf("resume %s: %w", p.queue, err)
		}
	}
	return nil
}

var errAlwaysRuns = refuse(http.StatusConflict, "refused: this queue calls nobody (it asks after calls and takes in what vendors tell) and always runs on; to stop calls, pause the account's :urgent, :normal or :bulk queue, and to cancel a job run: enqueue cancel ID")

// allWords says what to do instead. Each of asynq's "all" moves every id of a
// set in one script, for which Redis stands still.
func allWords(p press) string {
	const why = "refused: asynq does this to the whole set in one step, for which Redis stands still. "
	switch {
	case p.set == "completed":
		return why + "Finished tasks go by themselves within 24 h; to remove some now, select them on the page"
	case p.verb == "run":
		return why + "Tasks run by themselves when the rules allow it; to run some now, select them on the page"
	case p.set == "archived":
		return why + "Select the tasks on the page, up to 100 at a time"
	}
	return why + "To stop a lane run: worker pause LANE; to cancel jobs run for each: enqueue cancel ID, or select them on the page, up to 100 at a time"
}
