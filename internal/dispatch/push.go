package dispatch

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/providers"
)

// pushesKept is how long a push that could not be matched or read is kept.
const pushesKept = 30 * 24 * time.Hour

const (
	// orphanPatience is how long a push may wait for the record of its call.
	orphanPatience = 2 * time.Minute
	orphanRetry    = 20 * time.Second
)

// How a push ended.
const (
	pushDone       = "done"
	pushOrphan     = "orphan"     // no record for it
	pushUnreadable = "unreadable" // no report in it
	pushRefused    = "refused"    // about another attempt or call
)

// Push reads one stored push and records what it says.
func (l *Lane) Push(ctx context.Context, pushID string) error {
	p, err := l.Store.GetPush(ctx, pushID)
	if err != nil {
		return fmt.Errorf("process a push: %w", err)
	}
	if p == nil || p.State != "received" {
		return nil
	}
	state, detail, lost, err := l.readPush(ctx, p)
	if err != nil {
		return err
	}
	if lost {
		// It may have come before the answer that names its call was recorded. Its age
		// is told by the clock that saw it come.
		now, err := l.Store.Now(ctx)
		if err != nil {
			return fmt.Errorf("process a push: %w", err)
		}
		if now.Sub(p.ReceivedAt) < orphanPatience {
			return &Later{At: time.Now().Add(orphanRetry), Reason: "its call is not known yet"}
		}
	}
	retain := l.PushRetention
	if state != pushDone {
		l.Log.WithField("push", pushID).Warnf("a push was %s: %s", state, detail)
		retain = max(retain, pushesKept)
		l.blank(p)
	}
	if err := l.Store.EndRead(ctx, pushID, p, state, detail, retain); err != nil {
		return fmt.Errorf("process a push: %w", err)
	}
	return nil
}

// blank takes private letters out of a push that is put aside.
func (l *Lane) blank(p *record.Push) {
	blanker, ok := l.Vendor.(providers.PushBlanker)
	if !ok {
		return
	}
	left := blanker.BlankPush(providers.Push{Method: p.Method, ContentType: p.ContentType, RawQuery: p.RawQuery, Body: p.Body})
	p.RawQuery, p.Body, p.Blanked = left.RawQuery, left.Body, true
}

// readPush records what a push says. lost: it came to the whole account, and
// tells of calls that no record names.
func (l *Lane) readPush(ctx context.Context, p *record.Push) (state, detail string, lost bool, err error) {
	parser, ok := l.Vendor.(providers.PushParser)
	if !ok {
		return pushUnreadable, "the account's vendor pushes nothing", false, nil
	}
	from, ok := l.Verify(p.Token)
	if !ok {
		return pushRefused, "its token is not ours (was public.secret changed?)", false, nil
	}
	reports, parseErr := parser.ParsePush(providers.Push{
		Method: p.Method, ContentType: p.ContentType, RawQuery: p.RawQuery, Body: p.Body,
	})
	if len(reports) == 0 {
		return pushUnreadable, fmt.Sprintf("it holds no report (%v)", parseErr), false, nil
	}
	var told []string
	var ends []string
	for _, r := range reports {
		end, what, err := l.take(ctx, from, r, oneCall(reports))
		if err != nil {
			return "", "", false, err
		}
		ends = append(ends, end)
		if len(told) < detailsKept {
			told = append(told, what)
		}
	}
	if parseErr != nil {
		told = append(told, parseErr.Error())
	}
	return endOf(from, ends), strings.Join(told, "; "), from.ID == "" && slices.Contains(ends, pushOrphan), nil
}

// detailsKept is how many of a push's reports are told in its record.
const detailsKept = 20

// endOf is how a push with these ends of its reports ended. Under one attempt's
// token a single report about it is all that the push is for; a batch that is
// the whole account's is done when each of its reports is.
func endOf(from Source, ends []string) string {
	if from.Attempt > 0 && slices.Contains(ends, pushDone) {
		return pushDone
	}
	for _, end := range ends {
		if end != pushDone {
			return end
		}
	}
	return pushDone
}
