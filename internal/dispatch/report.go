package dispatch

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/callpacer/callpacer/internal/phone"
	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/tasks"
)

// take records one report of a push that came under the token from.
func (l *Lane) take(ctx context.Context, from Source, r providers.Report, alone bool) (state, what string, err error) {
	id, n := from.ID, from.Attempt
	if id == "" {
		// The address is the whole account's: only the report can say what it is about.
		if id, n = l.referred(r); id == "" && r.VendorID != "" {
			if id, n, err = l.Store.ByVendorID(ctx, l.Group, r.VendorID); err != nil {
				return "", "", fmt.Errorf("process a push: %w", err)
			}
		}
		if id == "" {
			return pushOrphan, "a report of a call that no record names", nil
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
	if n == 0 || !about(r, rec, n, alone) {
		return pushRefused, "about another call than attempt " + strconv.Itoa(n) + " of job " + id, nil
	}
	verdict, now, err := l.Store.Advance(ctx, id, rec.Numbers, l.evidenceOf(r, n, "push"))
	if err != nil {
		return "", "", fmt.Errorf("record what a push said of job %s: %w", id, err)
	}
	if verdict == record.Extra {
		return l.ofOne(ctx, rec, r)
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

// over records what happened over a binding: that it stands, and the call or message.
func (l *Lane) over(ctx context.Context, bind *record.Record, r providers.Report) (state, what string, err error) {
	call := ""
	if r.Task != "" && r.Kind != providers.ReportSMS {
		call = record.ChildID(bind.ID, r.Task)
	}
	verdict, now, err := l.Store.Bound(ctx, bind.ID, bind.Numbers, record.Names{VendorID: r.VendorID}, call)
	if err != nil {
		return "", "", fmt.Errorf("record that binding %s stands: %w", bind.ID, err)
	}
	if verdict == record.Foreign {
		return pushRefused, "about another binding than job " + bind.ID, nil
	}
	if r.Task == "" {
		return pushUnreadable, "something over job " + bind.ID + " without a name of its own", nil
	}
	if r.Kind == providers.ReportSMS {
		return l.message(ctx, bind, r, now)
	}
	return l.ofOne(ctx, bind, r)
}

// message records that somebody sent a text over a binding; what it says is nobody's
// business here.
func (l *Lane) message(ctx context.Context, bind *record.Record, r providers.Report, now record.State) (state, what string, err error) {
	_, _, err = l.Store.Message(ctx, l.childOf(bind, r), r.Task, record.Facts{Began: r.Began, UserData: r.UserData})
	if err != nil {
		return "", "", fmt.Errorf("record a message over binding %s: %w", bind.ID, err)
	}
	return pushDone, "job " + bind.ID + " is " + string(now) + "; a message was sent over it", nil
}

func (l *Lane) childOf(parent *record.Record, r providers.Report) record.Child {
	return record.Child{
		Parent: parent, From: phone.Mask(r.From), To: phone.Mask(r.To), Hides: numbersIn(parent, r), Retain: l.Retention,
	}
}

// ofOne records what a report says of one call of several: over a binding, or one
// more of a connection, when B calls back. The call has a record of its own.
func (l *Lane) ofOne(ctx context.Context, parent *record.Record, r providers.Report) (state, what string, err error) {
	call := record.ChildID(parent.ID, r.Task)
	e := l.evidenceOf(r, 0, "push")
	e.VendorID = r.Task
	if parent.Kind != string(tasks.KindBind) {
		e.Fetch = nil // the vendor names its audio by the connection, whose record fetches it
	}
	_, called, err := l.Store.AdvanceChild(ctx, l.childOf(parent, r), e)
	if err != nil {
		return "", "", fmt.Errorf("record a call of job %s: %w", parent.ID, err)
	}
	l.Log.WithField("job", call).Infof("a call of job %s is %s", parent.ID, called)
	return pushDone, "job " + call + " is " + string(called), nil
}

// numbersIn are the numbers that the texts of a call's record may repeat.
func numbersIn(parent *record.Record, r providers.Report) []string {
	numbers := []string{r.From, r.To}
	if c, err := tasks.DecodeContent(tasks.Kind(parent.Kind), parent.Content); err == nil {
		numbers = append(numbers, c.From, c.To, c.X, c.A, c.B)
	}
	slices.Sort(numbers)
	return slices.DeleteFunc(slices.Compact(numbers), func(n string) bool { return n == "" || strings.Contains(n, ",") })
}

// oneCall says that all reports of a push are about one call.
func oneCall(reports []providers.Report) bool {
	for _, r := range reports[1:] {
		if r.VendorID != reports[0].VendorID {
			return false
		}
	}
	return true
}

// about says whether a report is about this attempt: by the call's id where we
// know it, else by our own reference, else as the only call under the token.
func about(r providers.Report, rec *record.Record, n int, alone bool) bool {
	if r.Ref != "" && r.Ref != refOf(rec.ID, n) {
		return false
	}
	if rec.VendorID != "" && rec.Attempt == n {
		return r.VendorID == rec.VendorID
	}
	return r.Ref != "" || alone
}
