package dispatch

import (
	"context"
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
		vendor: v, result: record.ResultBound, alone: c.Mode == tasks.ModeXA, free: true, repeatable: true,
		keeps: c.Mode == tasks.ModeXA,
		send: func(ctx context.Context, line providers.Line, permit providers.Permit, _ int) providers.Outcome {
			return v.Bind(ctx, line, permit, providers.Binding{
				Mode: providers.Mode(c.Mode), X: c.X, A: c.A, B: c.B, TTL: time.Duration(c.TTLSeconds) * time.Second,
				Record: c.Record, Display: c.Display, Prompts: c.Prompts, AnswerPrompts: c.AnswerPrompts, UserData: c.UserData,
				Ref: rec.ID, RequestID: rec.RequestID, Repeated: repeated,
			})
		},
	}, ok
}

// namesOf are what leads to a binding that turns out to stand: its own id at the
// vendor, and where it has X to itself that number. One that was known to stand,
// or has ended, takes the number from nobody: a report over it may come late.
func namesOf(bind *record.Record, vendorID string) record.Names {
	names := record.Names{VendorID: vendorID}
	switch bind.State {
	case record.Submitting, record.InDoubt, record.Unknown, record.Failed:
	default:
		return names
	}
	if c, err := tasks.DecodeContent(tasks.KindBind, bind.Content); err == nil && c.Mode == tasks.ModeXA {
		names.Alone = bind.Numbers
	}
	return names
}
