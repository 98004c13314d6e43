package dispatch

import (
	"context"
	"fmt"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/tasks"
)

// Recording is one run of a recording job: it fetches the audio of a call that the
// job names by the vendor's id.
func (l *Lane) Recording(ctx context.Context, id string) (record.State, error) {
	waitCtx, release := l.follow.waitable(ctx)
	defer release()
	rec, state, err := l.begin(waitCtx, id, tasks.KindRecording)
	if err != nil || rec == nil {
		return state, err
	}
	content, err := tasks.DecodeContent(tasks.KindRecording, rec.Content)
	if err != nil {
		return l.refuse(ctx, id, err.Error())
	}
	if l.Recordings == nil {
		return l.refuse(ctx, id, "this worker keeps no recordings: recordings is not configured")
	}
	query, err := l.recorded(ctx, content.VendorID)
	if err != nil {
		return "", err
	}
	file, told := l.recording(waitCtx, rec, query)
	if waitCtx.Err() != nil {
		return rec.State, givenBack(ctx, waitCtx.Err())
	}
	switch {
	case file != nil:
		if _, err := l.Store.Stored(ctx, id, *file); err != nil {
			return "", fmt.Errorf("record where the recording is: %w", err)
		}
		return l.nothing(ctx, id, nil, "recording stored")
	case told.Class == providers.ClassPermanent:
		return l.failed(ctx, id, providers.CausePlatform, "no recording: "+wordsOf(told))
	}
	_, state, err = l.putOff(ctx, id, record.Delay{
		In: max(time.Minute, told.RetryAfter), Reason: record.HoldRetry, Detail: wordsOf(told),
		Code: told.VendorCode, Text: told.VendorText, Cause: string(providers.CausePlatform),
	})
	return state, err
}

// recorded is what is known of a call that somebody names by the vendor's id: where a
// report said that its audio lies, if it was told of a call of ours.
func (l *Lane) recorded(ctx context.Context, vendorID string) (providers.RecordingQuery, error) {
	q := providers.RecordingQuery{VendorID: vendorID}
	id, err := l.Store.CallOf(ctx, l.Group, vendorID)
	if err == nil && id == "" {
		id, _, err = l.Store.ByVendorID(ctx, l.Group, vendorID)
	}
	if err != nil || id == "" {
		return q, err
	}
	call, err := l.Store.Get(ctx, id)
	if err == nil && call != nil && call.Account == l.Account {
		q.Path, q.Ended = call.Recording, call.EndedAt
	}
	return q, err
}
