package dispatch

import (
	"cmp"
	"context"
	"errors"
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
		return l.putOff(ctx, rec.ID, record.Delay{
			In: unbindWait, Reason: record.HoldBinding, Detail: "its bind is " + string(bind.State), WaitsOn: bind.ID,
		})
	}
	bound, err := tasks.DecodeContent(tasks.KindBind, bind.Content)
	if err != nil {
		state, err := l.refuse(ctx, rec.ID, err.Error())
		return false, state, err
	}
	f, why, err := l.fateOf(ctx, bind)
	target := released{bind.ID, firstOf(bind.Numbers)}
	if f == fateMoved && err == nil {
		err = l.released(ctx, target, rec.ID)
	}
	switch {
	case err != nil:
		return false, "", err
	case f == fateUntold, f == fateStands && bound.Mode == tasks.ModeAXB && bind.VendorID == "":
		// A report of a call over it may bring its name yet.
		return l.putOff(ctx, rec.ID, record.Delay{
			In: l.ageOf(ctx, rec, unbindWait, nameLatest), Reason: record.HoldBinding, WaitsOn: bind.ID,
			Detail: cmp.Or(why, "the vendor never named the binding; it is released when a call over it tells its name, or ends with its ttl"),
		})
	case f != fateStands:
		state, err := l.nothing(ctx, rec.ID, bind.Numbers, why)
		return false, state, err
	}
	v, _ := l.Vendor.(providers.Binder) // orderOf has seen to that
	*what = l.release(rec, v, &providers.Unbinding{Mode: modeOf(bound), X: bound.X, VendorID: bind.VendorID, Known: true})
	// Its X is taken from the permit on. Whoever released it before that has to have
	// said so: a new binding may stand there.
	what.numbers = bind.Numbers
	what.releases = func() released { return target }
	what.still = func(ctx context.Context) (why string, err error) {
		f, why, err := l.fateNow(ctx, bind.ID)
		if f == fateEnded {
			target = released{} // it is told already how it ended
		}
		return why, err
	}
	return true, rec.State, nil
}

// fateNow is fateOf a binding as its record says it under the permit; one that is not
// told is an error then.
func (l *Lane) fateNow(ctx context.Context, id string) (f bindFate, why string, err error) {
	bind, err := l.Store.Get(ctx, id)
	if err != nil {
		return fateUntold, "", fmt.Errorf("read the binding to release: %w", err)
	}
	if bind == nil {
		return fateEnded, nothingToRelease + "gone", nil
	}
	if f, why, err = l.fateOf(ctx, bind); err == nil && f == fateUntold {
		err = errUntold
	}
	return f, why, err
}

// bindFate is what a binding is to an unbind.
type bindFate int

const (
	fateStands bindFate = iota // it may
	fateEnded                  // also by our own clock
	fateMoved                  // a newer binding has its X to itself
	fateUntold                 // that is not known just now
)

var errUntold = errors.New("what becomes of the binding, or of the next one on its number, is not told yet")

// fateOf says what became of a binding that is to be released, and why nothing is to be
// sent, where nothing is.
func (l *Lane) fateOf(ctx context.Context, bind *record.Record) (f bindFate, why string, err error) {
	switch {
	case bind.State == record.Active, bind.State == record.Unknown:
	case bind.State.Final():
		return fateEnded, nothingToRelease + string(bind.State), nil
	default:
		return fateUntold, "its bind is " + string(bind.State), nil
	}
	if len(bind.Numbers) == 0 {
		return fateStands, "", nil // it is released by its name
	}
	holders, err := l.Store.HoldersOf(ctx, l.Group, bind.Numbers[0])
	if err != nil {
		return fateUntold, "", fmt.Errorf("look up who has the number: %w", err)
	}
	c, err := tasks.DecodeContent(tasks.KindBind, bind.Content)
	leads, listed := err == nil && c.Mode == tasks.ModeXA, false
	for _, h := range holders {
		listed = listed || h.Job == bind.ID
		// A release names the number alone, and would end the newer one.
		if !leads || h.Mode != tasks.ModeXA || h.Generation <= bind.Generation {
			continue
		}
		if h.State != string(record.Active) {
			return fateUntold, "its number may belong to job " + h.Job + ", which is " + h.State, nil
		}
		return fateMoved, "nothing to release: its number belongs to job " + h.Job, nil
	}
	if !listed {
		return l.fateUnlisted(ctx, bind)
	}
	return fateStands, "", nil
}

// fateUnlisted is that of a binding that the ledger does not have: its time is over, or
// it is older than the ledger.
func (l *Lane) fateUnlisted(ctx context.Context, bind *record.Record) (bindFate, string, error) {
	now, err := l.Store.Now(ctx)
	if err != nil {
		return fateUntold, "", fmt.Errorf("look whether the binding stands: %w", err)
	}
	if bind.State == record.Active && (bind.EndsAt.IsZero() || bind.EndsAt.After(now)) {
		return fateStands, "", nil
	}
	return fateEnded, "nothing to release: its time is over", nil
}

func firstOf(numbers []string) string {
	if len(numbers) == 0 {
		return ""
	}
	return numbers[0]
}
