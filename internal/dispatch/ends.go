package dispatch

import (
	"context"
	"fmt"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/providers"
)

// refuse ends a waiting job that this worker cannot execute at all.
func (l *Lane) refuse(ctx context.Context, id, why string) (record.State, error) {
	state, err := l.Store.Fail(ctx, id, string(providers.CausePlatform), why)
	if err != nil {
		return "", fmt.Errorf("end job %s (%s): %w", id, why, err)
	}
	l.Log.WithField("job", id).Errorf("%s; the job is %s", why, state)
	return state, nil
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
