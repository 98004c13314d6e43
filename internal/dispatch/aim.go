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

const (
	// unbindWait is how long an unbind waits for its bind to be told.
	unbindWait = 5 * time.Second
	// nameLatest is how rarely one looks whether its binding has got a name.
	nameLatest = time.Minute
)

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
	switch {
	case bind.State.Waiting():
		if _, _, err := l.Store.Cancel(ctx, bind.ID); err != nil {
			return false, "", fmt.Errorf("cancel the binding that was not made yet: %w", err)
		}
		return l.putOff(ctx, rec.ID, record.Delay{Reason: record.HoldBinding, Detail: "its bind is being canceled"})
	case bind.State == record.Submitting, bind.State == record.InDoubt:
		return l.putOff(ctx, rec.ID, record.Delay{In: unbindWait, Reason: record.HoldBinding, Detail: "its bind is " + string(bind.State)})
	}
	bound, err := tasks.DecodeContent(tasks.KindBind, bind.Content)
	if err != nil {
		state, err := l.refuse(ctx, rec.ID, err.Error())
		return false, state, err
	}
	why, moved, err := l.gone(ctx, bind)
	if moved && err == nil {
		err = l.released(ctx, released{bind.ID, bind.Numbers[0]}, rec.ID)
	}
	switch {
	case err != nil:
		return false, "", err
	case why != "":
		state, err := l.nothing(ctx, rec.ID, bind.Numbers, why)
		return false, state, err
	case bound.Mode == tasks.ModeAXB && bind.VendorID == "":
		// A report of a call over it may bring its name yet.
		return l.putOff(ctx, rec.ID, record.Delay{
			In: l.ageOf(ctx, rec, unbindWait, nameLatest), Reason: record.HoldBinding,
			Detail: "the vendor never named the binding; it is released when a call over it tells its name, or ends with its ttl",
		})
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
		}
		why, _, err := l.gone(ctx, now)
		return why, err
	}
	what.releases = func() released { return released{bind.ID, bind.Numbers[0]} }
	return true, rec.State, nil
}

// gone says in words why a binding needs no release any more: it has ended, also by
// our own clock, or (moved) a newer one has its X to itself. Empty: it may stand.
func (l *Lane) gone(ctx context.Context, bind *record.Record) (why string, moved bool, err error) {
	if bind.State != record.Active && bind.State != record.Unknown {
		return nothingToRelease + string(bind.State), false, nil
	}
	if len(bind.Numbers) == 0 {
		return nothingToRelease + "without a number", false, nil
	}
	holders, err := l.Store.HoldersOf(ctx, l.Group, bind.Numbers[0])
	if err != nil {
		return "", false, fmt.Errorf("look up who has the number: %w", err)
	}
	now, err := l.Store.Now(ctx)
	if err != nil {
		return "", false, fmt.Errorf("look whether the binding stands: %w", err)
	}
	// One that is older than the ledger is not in it.
	stands := bind.State == record.Active && (bind.EndsAt.IsZero() || bind.EndsAt.After(now))
	c, err := tasks.DecodeContent(tasks.KindBind, bind.Content)
	for _, h := range holders {
		stands = stands || h.Job == bind.ID
		// A release names the number alone, and would end the newer one.
		if err == nil && c.Mode == tasks.ModeXA && h.Mode == c.Mode && h.Generation > bind.Generation {
			return "nothing to release: its number belongs to job " + h.Job, true, nil
		}
	}
	if !stands {
		return "nothing to release: its time is over", false, nil
	}
	return "", false, nil
}
