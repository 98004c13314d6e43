package dispatch

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/tasks"
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
	from, ok := l.Verify(p.Token)
	if !ok {
		return pushRefused, "its token is not ours (was public.secret changed?)", nil
	}
	reports, parseErr := parser.ParsePush(providers.Push{
		Method: p.Method, ContentType: p.ContentType, RawQuery: p.RawQuery, Body: p.Body,
	})
	if len(reports) == 0 {
		return pushUnreadable, fmt.Sprintf("it holds no report (%v)", parseErr), nil
	}
	var told []string
	var ends []string
	for _, r := range reports {
		end, what, err := l.take(ctx, from, r, len(reports))
		if err != nil {
			return "", "", err
		}
		ends = append(ends, end)
		if len(told) < detailsKept {
			told = append(told, what)
		}
	}
	if parseErr != nil {
		told = append(told, parseErr.Error())
	}
	return endOf(from, ends), strings.Join(told, "; "), nil
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

// take records one report of a push that came under the token from.
func (l *Lane) take(ctx context.Context, from Source, r providers.Report, reports int) (state, what string, err error) {
	id, n := from.ID, from.Attempt
	if id == "" {
		// The address is the whole account's: only the report can say what it is about.
		if id, n = l.referred(r); id == "" {
			return pushOrphan, "a report without a reference of ours", nil
		}
	}
	rec, err := l.Store.Get(ctx, id)
	if err != nil {
		return "", "", fmt.Errorf("process a push: %w", err)
	}
	if rec == nil || rec.Account != l.Account {
		return pushOrphan, "no record (any more) of job " + id, nil
	}
	if rec.Kind == string(tasks.KindBind) {
		return l.over(ctx, rec, r)
	}
	if n == 0 || !about(r, rec, n, reports) {
		return pushRefused, "about another call than attempt " + strconv.Itoa(n) + " of job " + id, nil
	}
	verdict, now, err := l.Store.Advance(ctx, id, rec.Numbers, l.evidenceOf(r, n, "push"))
	if err != nil {
		return "", "", fmt.Errorf("record what a push said of job %s: %w", id, err)
	}
	if verdict != record.Advanced && verdict != record.Same {
		return pushRefused, "about another call than attempt " + strconv.Itoa(n) + " of job " + id, nil
	}
	l.Log.WithField("job", id).WithField("attempt", n).Infof("a push came, the job is %s", now)
	return pushDone, "job " + id + " is " + string(now), nil
}

// referred is the job, and for a call the attempt, that a report names by our
// own reference; empty where it names none of this group.
func (l *Lane) referred(r providers.Report) (id string, attempt int) {
	if group, ok := record.GroupOf(r.Ref); !ok || group != l.Group {
		return "", 0
	}
	if i := strings.LastIndexByte(r.Ref, '.'); i > len(l.Group) {
		if n, err := strconv.Atoi(r.Ref[i+1:]); err == nil {
			return r.Ref[:i], n
		}
	}
	return r.Ref, 0
}

// over records what happened over a binding: that it stands, and the call. A
// message that somebody sent is only noted: it is no call, and its content is a
// private letter.
func (l *Lane) over(ctx context.Context, bind *record.Record, r providers.Report) (state, what string, err error) {
	verdict, now, err := l.Store.Bound(ctx, bind.ID, bind.Numbers, r.VendorID)
	if err != nil {
		return "", "", fmt.Errorf("record that binding %s stands: %w", bind.ID, err)
	}
	if verdict == record.Foreign {
		return pushRefused, "about another binding than job " + bind.ID, nil
	}
	if r.Kind == providers.ReportSMS {
		return pushDone, "job " + bind.ID + " is " + string(now) + "; a message was sent over it", nil
	}
	if r.Task == "" {
		return pushUnreadable, "a call over job " + bind.ID + " without a name of its own", nil
	}
	e := l.evidenceOf(r, 0, "push")
	e.VendorID = r.Task
	_, called, err := l.Store.AdvanceChild(ctx, record.Child{Binding: bind, Retain: l.Retention}, e)
	if err != nil {
		return "", "", fmt.Errorf("record a call over binding %s: %w", bind.ID, err)
	}
	l.Log.WithField("job", bind.ID).Infof("a call over the binding is %s", called)
	return pushDone, "job " + record.ChildID(bind.ID, r.Task) + " is " + string(called), nil
}

// about says whether a report is about this attempt: by the call's id where we
// know it, else by our own reference, else as the only one under the token.
func about(r providers.Report, rec *record.Record, n, reports int) bool {
	if r.Ref != "" && r.Ref != refOf(rec.ID, n) {
		return false
	}
	if rec.VendorID != "" && rec.Attempt == n {
		return r.VendorID == rec.VendorID
	}
	return r.Ref != "" || reports == 1
}
