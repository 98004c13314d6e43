package dispatch

import (
	"context"
	"fmt"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/tasks"
)

// released is a binding that an unbind releases; the zero value is none of ours.
type released struct{ bind, number string }

// unbinding is the order of an unbind job that names no job. Whose binding it
// releases is looked up under the permit, from which on nobody else works on its
// number; when the vendor has answered, the number may have a new owner already.
func (l *Lane) unbinding(rec *record.Record, c tasks.Content) (order, bool) {
	v, ok := l.Vendor.(providers.Binder)
	u, what := providers.Unbinding{Mode: modeOf(c), X: c.X, VendorID: c.Subid}, released{}
	o := l.release(rec, v, &u)
	o.still = func(ctx context.Context) (why string, err error) {
		what, why, err = l.named(ctx, rec, c)
		u.Known = what.bind != ""
		return why, err
	}
	o.releases = func() released { return what }
	return o, ok
}

func (l *Lane) released(ctx context.Context, what released, by string) error {
	if _, err := l.Store.Released(ctx, what.bind, what.number, "by "+by); err != nil {
		return fmt.Errorf("mark the binding released: %w", err)
	}
	return nil
}

// named finds the account's binding that an unbind names by the vendor's id or by X.
// why says in words that nothing is to be sent.
func (l *Lane) named(ctx context.Context, rec *record.Record, c tasks.Content) (what released, why string, err error) {
	if c.Mode == tasks.ModeXA && len(rec.Numbers) > 0 {
		return l.leading(ctx, rec)
	}
	id, _, err := l.Store.ByVendorID(ctx, l.Group, c.Subid)
	if err != nil {
		return what, "", fmt.Errorf("look the binding up: %w", err)
	}
	if id == "" {
		return what, "", nil
	}
	bind, err := l.Store.Get(ctx, id)
	if err != nil {
		return what, "", fmt.Errorf("read the binding to release: %w", err)
	}
	if !l.isBinding(bind) {
		return what, "", nil // a vendor's ids are one account's, and name calls too
	}
	what = released{bind: id, number: firstOf(bind.Numbers)}
	switch bind.State {
	case record.Active, record.Unknown, record.Released, record.Expired:
		f, why, err := l.fateOf(ctx, bind)
		if f == fateEnded {
			return released{}, why, err
		}
		if err == nil && f == fateUntold {
			err = errUntold
		}
		return what, why, err
	default: // whoever knows a binding's id may know better than its record
	}
	return what, "", nil
}

// leading finds the binding by which the unbind's number leads to a phone. One that was
// submitted after the unbind is not what it is about.
func (l *Lane) leading(ctx context.Context, rec *record.Record) (what released, why string, err error) {
	holder, err := l.Store.LeadingOn(ctx, l.Group, rec.Numbers[0])
	if err != nil {
		return what, "", fmt.Errorf("look the binding up: %w", err)
	}
	if holder == nil || holder.Account != l.Account {
		return what, "", nil
	}
	bind, err := l.Store.Get(ctx, holder.Job)
	if err != nil {
		return what, "", fmt.Errorf("read the binding to release: %w", err)
	}
	if bind != nil && bind.CreatedAt.After(rec.CreatedAt) {
		return what, "nothing to release: its number belongs to job " + holder.Job + ", which was submitted later", nil
	}
	if bind != nil && bind.State.Waiting() {
		// Its X is kept for it, and it was not sent yet.
		verdict, _, err := l.Store.Cancel(ctx, holder.Job)
		if err != nil {
			return what, "", fmt.Errorf("cancel the binding that was not made yet: %w", err)
		}
		if verdict != record.CancelDone {
			return what, "", errUntold // it has just been sent
		}
		return what, "nothing to release: job " + holder.Job + " had not been sent, and is canceled", nil
	}
	// Its record may be gone while its time is not over.
	return released{bind: holder.Job, number: rec.Numbers[0]}, "", nil
}

func (l *Lane) isBinding(r *record.Record) bool {
	return r != nil && r.Kind == string(tasks.KindBind) && r.Account == l.Account
}

func (l *Lane) release(rec *record.Record, v providers.Binder, u *providers.Unbinding) order {
	u.Repeated = rec.State == record.InDoubt || rec.State == record.Submitting
	return order{
		vendor: v, result: record.ResultDone, free: true, anytime: true, repeatable: true,
		keeps: u.Mode == providers.ModeXA,
		send: func(ctx context.Context, line providers.Line, permit providers.Permit, _ int) providers.Outcome {
			return v.Unbind(ctx, line, permit, *u)
		},
	}
}

func modeOf(c tasks.Content) providers.Mode {
	if c.Mode == tasks.ModeXA {
		return providers.ModeXA
	}
	return providers.ModeAXB
}
