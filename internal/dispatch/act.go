package dispatch

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/ratelimit"
	"github.com/callpacer/callpacer/tasks"
)

// order is what a job wants of the vendor: one acting request.
type order struct {
	vendor providers.Acting
	// send makes the request under the permit, as attempt n.
	send    func(ctx context.Context, line providers.Line, permit providers.Permit, n int) providers.Outcome
	numbers []string // lookup keys that it takes, where they are not the job's own
	// still, where it is not nil, says under the permit in words why nothing is to
	// be sent any more; empty: it is.
	still func(ctx context.Context) (why string, err error)
	// releases, where it is not nil, names the binding that has ended once the vendor
	// accepted it.
	releases func() released
	// result is what the record is told of an accepted request.
	result record.Result
	// free of the rules per number, anytime whatever the window, repeatable where
	// the vendor knows the request by an id.
	free, anytime, repeatable bool
	// keeps its numbers while it is in doubt: the vendor knows what is done to one by
	// the number alone, and a repeat would undo what others do to it.
	keeps bool
	// lineFor: a call uses a line for so long after its last news at the most.
	lineFor time.Duration
	people  []Person // whom it is about
}

func (o order) released() released {
	if o.releases == nil {
		return released{}
	}
	return o.releases()
}

// Act is one run of a job that asks something of a vendor. The error is nil
// where nothing is left for this task to do, *Later where it must come back, and
// another one where the run itself failed. The state is the job's, where the run
// learnt it.
func (l *Lane) Act(ctx context.Context, id string, kind tasks.Kind) (record.State, error) {
	waitCtx, release := l.drainOf(kind).waitable(ctx)
	defer release()
	waitCtx, cancel := context.WithTimeout(waitCtx, waitLimit)
	defer cancel()
	rec, state, err := l.begin(waitCtx, id, kind)
	if err != nil || rec == nil {
		return state, err
	}
	content, err := tasks.DecodeContent(kind, rec.Content)
	if err != nil {
		return l.refuse(ctx, id, err.Error())
	}
	if kind == tasks.KindBind && content.X == tasks.AutoX {
		if rec, content, state, err = l.choose(waitCtx, rec); rec == nil || err != nil {
			return state, err
		}
	}
	what, ok := l.orderOf(kind, rec, content)
	if !ok {
		return l.refuse(ctx, id, "account "+l.Account+" serves no "+string(kind)+" jobs")
	}
	if what.people, err = peopleOf(kind, content); err != nil {
		return l.refuse(ctx, id, err.Error())
	}
	if kind == tasks.KindUnbind {
		if ready, state, err := l.aim(waitCtx, rec, content, &what); !ready || err != nil {
			return state, err
		}
	}
	run := attempt{lane: l, rec: rec, order: what, n: rec.Attempt + 1, token: rand.Text(), drain: l.drainOf(kind)}
	return run.run(ctx, waitCtx)
}

// queryRest is when somebody asks again who was told that the vendor is asked too often.
const queryRest = 30 * time.Second

// waitLimit is how long a run waits for its slot: well below asynq's patience.
const waitLimit = 10 * time.Minute

// orderOf makes the order of a job; false: the account's vendor cannot take it.
func (l *Lane) orderOf(k tasks.Kind, rec *record.Record, c tasks.Content) (order, bool) {
	switch k {
	case tasks.KindNotify:
		return l.notification(rec, c)
	case tasks.KindConnect:
		return l.connection(rec, c)
	case tasks.KindBind:
		return l.binding(rec, c)
	case tasks.KindUnbind:
		return l.unbinding(rec, c)
	case tasks.KindPoll, tasks.KindPush, tasks.KindRecording, tasks.KindAccount:
	}
	return order{}, false
}

// begin reads the record at the start of a run; nil: nothing is to be done.
func (l *Lane) begin(ctx context.Context, id string, kind tasks.Kind) (*record.Record, record.State, error) {
	rec, _, err := l.Store.Start(ctx, id)
	if err != nil {
		return nil, "", fmt.Errorf("start job %s: %w", id, err)
	}
	group, _ := record.GroupOf(id)
	if rec == nil && group != l.Group {
		l.Log.WithField("job", id).Error("a task was dropped: its job has no record and is of another group than this lane")
		return nil, "", nil
	}
	if rec == nil {
		state, err := l.missing(ctx, id, kind)
		return nil, state, err
	}
	if rec.Account != l.Account || group != l.Group {
		state, err := l.refuse(ctx, id, "the job is of account "+rec.Account+" in group "+group+
			", its task came on a queue of "+l.Account+" in group "+l.Group)
		return nil, state, err
	}
	if !rec.State.Waiting() && rec.State != record.Submitting && (rec.State != record.InDoubt || !rec.Repeatable) {
		return nil, rec.State, nil
	}
	return rec, rec.State, nil
}

// givenBack is the end of a wait: by a shutdown, or because Redis or asynq
// ended the task's context.
func givenBack(ctx context.Context, err error) error {
	var rests *ratelimit.ShutError
	switch {
	case errors.As(err, &rests):
		return &Later{At: time.Now().Add(queryRest), Reason: "the vendor is asked too often"}
	case ctx.Err() == nil && errors.Is(err, context.Canceled):
		return shuttingDown()
	case ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded):
		return &Later{At: time.Now(), Reason: "no slot came for long; others get their turn"}
	}
	return fmt.Errorf("wait for a slot: %w", err)
}

// shuttingDown gives a job back for another worker to take at once.
func shuttingDown() error {
	return &Later{At: time.Now(), Reason: "this worker is shutting down"}
}
