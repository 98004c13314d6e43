package dispatch

import (
	"context"
	"fmt"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/tasks"
)

// binding is the order of a bind job. Every request of it carries the same
// request id and the same content, so one in doubt may go out again.
func (l *Lane) binding(rec *record.Record, c tasks.Content) (order, bool) {
	v, ok := l.Vendor.(providers.Binder)
	// One that was read as being sent may have come into doubt before its permit.
	repeated := rec.State == record.InDoubt || rec.State == record.Submitting
	return order{
		vendor: v, result: record.ResultBound, free: true, repeatable: true,
		send: func(ctx context.Context, line providers.Line, permit providers.Permit, _ int) providers.Outcome {
			return v.Bind(ctx, line, permit, providers.Binding{
				Mode: providers.Mode(c.Mode), X: c.X, A: c.A, B: c.B, TTL: time.Duration(c.TTLSeconds) * time.Second,
				Record: c.Record, Display: c.Display, Prompts: c.Prompts, AnswerPrompts: c.AnswerPrompts, UserData: c.UserData,
				Ref: rec.ID, RequestID: rec.RequestID, Repeated: repeated,
			})
		},
	}, ok
}

// unbinding is the order of an unbind job, as far as the job says what to release.
func (l *Lane) unbinding(c tasks.Content) (order, bool) {
	v, ok := l.Vendor.(providers.Binder)
	return l.release(v, providers.Unbinding{Mode: modeOf(c), X: c.X, VendorID: c.Subid}), ok
}

func (l *Lane) release(v providers.Binder, u providers.Unbinding) order {
	return order{
		vendor: v, result: record.ResultDone, free: true, anytime: true, repeatable: true,
		send: func(ctx context.Context, line providers.Line, permit providers.Permit, _ int) providers.Outcome {
			return v.Unbind(ctx, line, permit, u)
		},
	}
}

func modeOf(c tasks.Content) providers.Mode {
	if c.Mode == tasks.ModeXA {
		return providers.ModeXA
	}
	return providers.ModeAXB
}

const nothingToRelease = "nothing to release: the binding is "

// unbindWait is how long an unbind waits for its bind to be told.
const unbindWait = 5 * time.Second

// aim finds out what an unbind that names a bind job has to release. ready is
// false where no request is to be made now: the unbind has ended, or comes back.
func (l *Lane) aim(ctx context.Context, rec *record.Record, c tasks.Content, what *order) (ready bool, state record.State, err error) {
	if c.Binding == "" {
		return true, rec.State, nil
	}
	bind, err := l.Store.Get(ctx, c.Binding)
	if err != nil {
		return false, "", fmt.Errorf("read the binding to release: %w", err)
	}
	if bind == nil || bind.Kind != string(tasks.KindBind) || bind.Account != l.Account {
		state, err := l.failed(ctx, rec.ID, providers.CauseBindingMissing, "job "+c.Binding+" is no binding of this account (any more)")
		return false, state, err
	}
	bound, err := tasks.DecodeContent(tasks.KindBind, bind.Content)
	if err != nil {
		state, err := l.refuse(ctx, rec.ID, err.Error())
		return false, state, err
	}
	switch {
	case bind.State.Waiting():
		if _, _, err := l.Store.Cancel(ctx, bind.ID); err != nil {
			return false, "", fmt.Errorf("cancel the binding that was not made yet: %w", err)
		}
		return l.putOff(ctx, rec.ID, record.Delay{Reason: record.HoldBinding, Detail: "its bind is being canceled"})
	case bind.State == record.Submitting, bind.State == record.InDoubt:
		return l.putOff(ctx, rec.ID, record.Delay{In: unbindWait, Reason: record.HoldBinding, Detail: "its bind is " + string(bind.State)})
	case bind.State != record.Active && bind.State != record.Unknown:
		state, err := l.nothing(ctx, rec.ID, bind.Numbers, nothingToRelease+string(bind.State))
		return false, state, err
	case bound.Mode == tasks.ModeXA && bind.State == record.Unknown:
		// Its X may lead to somebody else's A, for all that is known.
		state, err := l.failed(ctx, rec.ID, providers.CauseBindingMissing,
			"nobody knows whether the binding was made; release the number itself (mode xa and x) if it must be free")
		return false, state, err
	case bound.Mode == tasks.ModeAXB && bind.VendorID == "":
		state, err := l.failed(ctx, rec.ID, providers.CauseBindingMissing,
			"the vendor never named the binding; it ends by itself at the end of its ttl")
		return false, state, err
	}
	v, _ := l.Vendor.(providers.Binder) // orderOf has seen to that
	*what = l.release(v, providers.Unbinding{Mode: modeOf(bound), X: bound.X, VendorID: bind.VendorID, Known: true})
	// Its X is taken from the permit on. Whoever released it before that has to have
	// said so: a new binding may stand there.
	what.numbers = bind.Numbers
	what.still = func(ctx context.Context) (string, error) {
		now, err := l.Store.Get(ctx, bind.ID)
		switch {
		case err != nil:
			return "", fmt.Errorf("read the binding to release: %w", err)
		case now == nil:
			return nothingToRelease + "gone", nil
		case now.State != bind.State:
			return nothingToRelease + string(now.State), nil
		}
		return "", nil
	}
	what.done = func(ctx context.Context) error {
		if _, err := l.Store.Released(ctx, bind.ID, "by "+rec.ID); err != nil {
			return fmt.Errorf("mark the binding released: %w", err)
		}
		return nil
	}
	return true, rec.State, nil
}

// putOff holds a job; the task comes back then.
func (l *Lane) putOff(ctx context.Context, id string, d record.Delay) (ready bool, state record.State, err error) {
	state, until, err := l.Store.PutOff(ctx, id, d)
	if err != nil {
		return false, "", fmt.Errorf("put job %s off: %w", id, err)
	}
	if until.IsZero() {
		return false, state, nil
	}
	return false, state, &Later{At: time.Now().Add(d.In), Reason: d.Reason}
}

func (l *Lane) failed(ctx context.Context, id string, cause providers.Cause, why string) (record.State, error) {
	state, err := l.Store.Fail(ctx, id, string(cause), why)
	if err != nil {
		return "", fmt.Errorf("end job %s: %w", id, err)
	}
	return state, nil
}

func (l *Lane) nothing(ctx context.Context, id string, numbers []string, why string) (record.State, error) {
	state, err := l.Store.Done(ctx, id, numbers, why)
	if err != nil {
		return "", fmt.Errorf("end job %s: %w", id, err)
	}
	return state, nil
}
