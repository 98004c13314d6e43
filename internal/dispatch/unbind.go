package dispatch

import (
	"context"
	"fmt"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/tasks"
)

// unbinding is the order of an unbind job that names no job. Whose binding it
// releases is looked up under the permit, from which on nobody else works on its
// number; when the vendor has answered, the number may have a new owner already.
func (l *Lane) unbinding(rec *record.Record, c tasks.Content) (order, bool) {
	v, ok := l.Vendor.(providers.Binder)
	u, bind := providers.Unbinding{Mode: modeOf(c), X: c.X, VendorID: c.Subid}, ""
	what := l.release(rec, v, &u)
	what.still = func(ctx context.Context) (why string, err error) {
		bind, err = l.named(ctx, rec, c)
		u.Known = bind != ""
		return "", err
	}
	what.releases = func() string { return bind }
	return what, ok
}

func (l *Lane) released(ctx context.Context, bind, by string) error {
	if _, err := l.Store.Released(ctx, bind, "by "+by); err != nil {
		return fmt.Errorf("mark the binding released: %w", err)
	}
	return nil
}

// named finds the account's binding that an unbind names by the vendor's id or by
// X; empty where no record has that name.
func (l *Lane) named(ctx context.Context, rec *record.Record, c tasks.Content) (id string, err error) {
	switch {
	case c.Subid != "":
		id, _, err = l.Store.ByVendorID(ctx, l.Group, c.Subid)
	case c.Mode == tasks.ModeXA && len(rec.Numbers) > 0:
		id, err = l.Store.AloneOn(ctx, l.Group, rec.Numbers[0])
	}
	if err != nil {
		return "", fmt.Errorf("look the binding up: %w", err)
	}
	if id == "" {
		return "", nil
	}
	bind, err := l.Store.Get(ctx, id)
	if err != nil {
		return "", fmt.Errorf("read the binding to release: %w", err)
	}
	if !l.isBinding(bind) {
		return "", nil // a vendor's ids are one account's, and name calls too
	}
	return id, nil
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
