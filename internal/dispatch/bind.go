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
	// And what a refusal came to, the vendor may have read another way.
	repeated := rec.State == record.InDoubt || rec.State == record.Submitting || rec.Sent
	return order{
		vendor: v, result: record.ResultBound, free: true, repeatable: true,
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
