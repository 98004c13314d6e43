package dispatch

import (
	"context"
	"fmt"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/tasks"
)

// Poll asks the vendor how a submitted call ended. Its task is "<id>~<n>": only
// the newest one of a job asks.
func (l *Lane) Poll(ctx context.Context, task string) (record.State, error) {
	ctx, release := l.follow.waitable(ctx)
	defer release()
	id, seq, ok := tasks.SplitSequenced(task)
	if !ok {
		l.Log.WithField("task", task).Error("a poll's task id names no job and number; nothing is asked")
		return "", nil
	}
	rec, err := l.Store.Get(ctx, id)
	if err != nil {
		return "", fmt.Errorf("poll job %s: %w", id, err)
	}
	if rec == nil || rec.Seq != seq || !rec.State.UnderWay() {
		return "", nil
	}
	poller, ok := l.Vendor.(providers.Poller)
	content, err := tasks.DecodeContent(tasks.Kind(rec.Kind), rec.Content)
	if !ok || err != nil || rec.VendorID == "" {
		// Nothing to ask with; a push or give_up ends the job.
		return rec.State, l.pollAgain(ctx, rec, l.GiveUp)
	}
	asks, later, err := l.mayAsk(ctx)
	defer asks()
	if err != nil {
		return rec.State, err
	}
	if later > 0 {
		if err := l.Store.PollLater(ctx, id, rec.Seq, later); err != nil {
			return "", fmt.Errorf("poll job %s later: %w", id, err)
		}
		return rec.State, nil
	}
	asking, cancel := context.WithTimeout(ctx, l.Timeout)
	defer cancel()
	result := poller.Poll(asking, providers.Query{To: content.To, VendorID: rec.VendorID, Submitted: rec.Since})
	if ctx.Err() != nil {
		return rec.State, givenBack(context.WithoutCancel(ctx), ctx.Err())
	}
	return l.answered(ctx, rec, result)
}

// answered is what becomes of a job whose poll the vendor answered.
func (l *Lane) answered(ctx context.Context, rec *record.Record, result providers.PollResult) (record.State, error) {
	log := l.Log.WithField("job", rec.ID).WithField("outcome", result.Class).
		WithField("vendor_code", result.VendorCode).WithField("vendor_text", result.VendorText)
	again := max(pick(l.PollBackoff, rec.Polls), result.RetryAfter)
	if result.Class == providers.ClassRateLimited && l.Shared != nil {
		if err := l.restQueries(ctx, result.RetryAfter); err != nil {
			return "", err
		}
	}
	if result.Class == providers.ClassPermanent && rec.Kind == string(tasks.KindPoll) {
		// Nobody but this query knows the call: no push will tell its end.
		if err := l.Store.PollHopeless(ctx, rec.ID, rec.Seq, result.VendorCode, result.VendorText); err != nil {
			return "", fmt.Errorf("end the poll %s: %w", rec.ID, err)
		}
		return record.Unknown, nil
	}
	if result.Class != providers.ClassOK || result.Report.State == "" {
		log.Debug("a poll brought no end")
		return rec.State, l.pollAgain(ctx, rec, again)
	}
	verdict, state, err := l.Store.Advance(ctx, rec.ID, rec.Numbers, l.evidenceOf(result.Report, rec.Attempt, "poll"))
	if err != nil {
		return "", fmt.Errorf("record what a poll said of job %s: %w", rec.ID, err)
	}
	if verdict == record.Foreign {
		log.Warn("the vendor answered a poll with another call's id; it is ignored")
		return state, l.pollAgain(ctx, rec, again)
	}
	log.Infof("a poll was answered, the job is %s", state)
	if !state.Final() {
		return state, l.pollAgain(ctx, rec, again)
	}
	return state, nil
}

func (l *Lane) pollAgain(ctx context.Context, rec *record.Record, in time.Duration) error {
	if err := l.Store.PollAgain(ctx, rec.ID, rec.Seq, in); err != nil {
		return fmt.Errorf("poll job %s again: %w", rec.ID, err)
	}
	return nil
}

// evidenceOf says in the record's words what a vendor reported of an attempt.
func (l *Lane) evidenceOf(r providers.Report, attempt int, source string) record.Evidence {
	e := record.Evidence{
		Attempt: attempt, Source: source, State: record.State(r.State), Cause: string(r.Cause),
		Strength: int(r.Evidence), VendorID: r.VendorID, Task: r.Task, Code: r.VendorCode, Text: r.VendorText,
		Facts: record.Facts{
			SIP: r.SIP, Q850: r.Q850, Duration: r.Duration, Billed: r.Billed, Billable: r.Billable, Cost: r.Cost,
			Currency: r.Currency, DTMF: r.DTMF, HangupBy: r.HangupBy, Recording: r.Recording, Conflict: r.Conflict,
			UserData: r.UserData, Began: r.Began, Answered: r.Answered, Released: r.Released,
		},
		PollIn: l.pollFirst(), GiveUpIn: l.GiveUp,
	}
	if l.Recordings != nil && r.Recording != "" && r.State == providers.StateCompleted {
		e.Fetch = l.Recordings.fetch()
	}
	return e
}
