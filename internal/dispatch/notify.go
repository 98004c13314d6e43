package dispatch

import (
	"context"
	"strconv"

	"github.com/callpacer/callpacer/internal/explain"
	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/tasks"
)

// notification is the order of a notify job.
func (l *Lane) notification(rec *record.Record, c tasks.Content) (order, bool) {
	v, ok := l.Vendor.(providers.Notifier)
	return order{
		vendor: v, result: record.ResultAccepted, lineFor: explain.NotifyLine,
		send: func(ctx context.Context, line providers.Line, permit providers.Permit, n int) providers.Outcome {
			return v.Notify(ctx, line, permit, providers.Notification{
				To: c.To, Template: c.Template, Params: c.Params, Times: c.Times,
				PushURL: l.pushURL(rec.ID, n), Ref: refOf(rec.ID, n),
			})
		},
	}, ok
}

// connection is the order of a connect job.
func (l *Lane) connection(rec *record.Record, c tasks.Content) (order, bool) {
	v, ok := l.Vendor.(providers.Connector)
	return order{
		vendor: v, result: record.ResultAccepted, lineFor: explain.ConnectLine,
		send: func(ctx context.Context, line providers.Line, permit providers.Permit, n int) providers.Outcome {
			return v.Connect(ctx, line, permit, providers.Connection{
				From: c.From, To: c.To, PushURL: l.pushURL(rec.ID, n), Ref: refOf(rec.ID, n),
			})
		},
	}, ok
}

// pushURL is where the vendor shall report about an attempt; empty: nowhere.
func (l *Lane) pushURL(id string, attempt int) string {
	if l.PushURL == nil {
		return ""
	}
	return l.PushURL(id, attempt)
}

// refOf names an attempt to vendors that echo a reference.
func refOf(id string, attempt int) string { return id + "." + strconv.Itoa(attempt) }
