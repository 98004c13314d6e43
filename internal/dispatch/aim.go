package dispatch

import (
	"context"
	"fmt"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/tasks"
)

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
	if !l.isBinding(bind) {
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
	case !mayStand(bind.State):
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
	*what = l.release(rec, v, &providers.Unbinding{Mode: modeOf(bound), X: bound.X, VendorID: bind.VendorID, Known: true})
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
		case !mayStand(now.State):
			return nothingToRelease + string(now.State), nil
		}
		return l.elsewhere(ctx, bind, bound)
	}
	what.releases = func() string { return bind.ID }
	return true, rec.State, nil
}

// mayStand says that a binding is one that can be released.
func mayStand(s record.State) bool { return s == record.Active || s == record.Unknown }

// elsewhere says in words that another binding, which stands, has the X of this
// one to itself. A number keeps its last owner's name after that one has ended.
func (l *Lane) elsewhere(ctx context.Context, bind *record.Record, c tasks.Content) (string, error) {
	if c.Mode != tasks.ModeXA || len(bind.Numbers) == 0 {
		return "", nil
	}
	owner, err := l.Store.AloneOn(ctx, l.Group, bind.Numbers[0])
	if err != nil {
		return "", fmt.Errorf("look up who has the number: %w", err)
	}
	if owner == "" || owner == bind.ID {
		return "", nil
	}
	other, err := l.Store.Get(ctx, owner)
	if err != nil {
		return "", fmt.Errorf("look up who has the number: %w", err)
	}
	if other == nil || other.State != record.Active {
		return "", nil
	}
	return "nothing to release: its number belongs to job " + owner, nil
}
