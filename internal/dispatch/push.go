package dispatch

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/providers"
)

// pushesKept is how long a push that could not be matched or read is kept.
const pushesKept = 30 * 24 * time.Hour

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
	state, detail, err := l.readPush(ctx, p)
	if err != nil {
		return err
	}
	retain := l.PushRetention
	if state != pushDone {
		l.Log.WithField("push", pushID).Warnf("a push was %s: %s", state, detail)
		retain = max(retain, pushesKept)
	}
	if err := l.Store.EndPush(ctx, pushID, state, detail, retain); err != nil {
		return fmt.Errorf("process a push: %w", err)
	}
	return nil
}

func (l *Lane) readPush(ctx context.Context, p *record.Push) (state, detail string, err error) {
	parser, ok := l.Vendor.(providers.PushParser)
	if !ok {
		return pushUnreadable, "the account's vendor pushes nothing", nil
	}
	id, n, ok := l.Verify(p.Token)
	if !ok {
		return pushRefused, "its token is not ours (was public.secret changed?)", nil
	}
	reports, parseErr := parser.ParsePush(providers.Push{
		Method: p.Method, ContentType: p.ContentType, RawQuery: p.RawQuery, Body: p.Body,
	})
	if len(reports) == 0 {
		return pushUnreadable, fmt.Sprintf("it holds no report (%v)", parseErr), nil
	}
	rec, err := l.Store.Get(ctx, id)
	if err != nil {
		return "", "", fmt.Errorf("process a push: %w", err)
	}
	if rec == nil {
		return pushOrphan, "job " + id + " has no record (any more)", nil
	}
	state, detail = pushRefused, "it is about another call than attempt "+strconv.Itoa(n)+" of job "+id
	for _, r := range reports {
		if !about(r, rec, n, len(reports)) {
			continue
		}
		verdict, now, err := l.Store.Advance(ctx, id, rec.Numbers, evidenceOf(r, n, "push"))
		if err != nil {
			return "", "", fmt.Errorf("record what a push said of job %s: %w", id, err)
		}
		if verdict == record.Advanced || verdict == record.Same {
			state, detail = pushDone, "job "+id+" is "+string(now)
			l.Log.WithField("job", id).WithField("attempt", n).Infof("a push came, the job is %s", now)
		}
	}
	return state, detail, nil
}

// about says whether a report is about this attempt: by the call's id where we
// know it, else by our own reference, else as the only one under the token.
func about(r providers.Report, rec *record.Record, n, reports int) bool {
	if r.Ref != "" && r.Ref != rec.ID+"."+strconv.Itoa(n) {
		return false
	}
	if rec.VendorID != "" && rec.Attempt == n {
		return r.VendorID == rec.VendorID
	}
	return r.Ref != "" || reports == 1
}
