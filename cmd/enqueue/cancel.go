package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/tasks"
)

const cancelHelp = `Cancel a job that has not been sent. A job that is just being sent is marked:
the wish takes effect only if nothing was placed. What the vendor has accepted
cannot be called back; the command then fails and names the state, but from then
on nobody is called again after that call (redial). A poll of yours ends at any
time. A binding that is active is released with: enqueue unbind.

Of a call that has ended and is to be made again (redial), the job that calls again
is canceled in its place, and named: "redial" with --json.`

const cancelExample = `  enqueue cancel jumdata.01ARZ3NDEKTSV4RRFFQ69G5FAV`

func (a *app) cancelCommand() *cobra.Command {
	return &cobra.Command{
		Use: "cancel ID", Short: "Cancel a job that has not been sent", Long: cancelHelp, Example: cancelExample,
		Args: oneArgument("the job's id"),
		RunE: a.action(func(cmd *cobra.Command, args []string) error {
			return a.cancel(cmd.Context(), args[0])
		}),
	}
}

// canceledJSON is the answer of cancel.
type canceledJSON struct {
	ID        string       `json:"id"`
	State     record.State `json:"state"`
	Requested bool         `json:"requested,omitempty"`
	Redial    string       `json:"redial,omitempty"` // the state is that of this job, which calls again
}

func (a *app) cancel(ctx context.Context, id string) error {
	l, err := a.reach(ctx, id)
	if err != nil {
		return err
	}
	defer l.close()
	// Looking first keeps the script, which writes its group's clock, away from
	// groups that do not exist.
	s, err := l.look(ctx, id)
	if err != nil {
		return err
	}
	if s.rec == nil && s.state == record.Canceled {
		return a.printCanceled(canceledJSON{ID: id, State: s.state})
	}
	if s.rec == nil {
		return refusedCancel(id, "", s.state, nil)
	}
	answer, state, redial, err := l.cancel(ctx, id)
	if err != nil {
		return err
	}
	switch answer {
	case record.CancelDone:
		return a.printCanceled(canceledJSON{ID: id, State: state, Redial: redial})
	case record.CancelRequested:
		return a.printCanceled(canceledJSON{ID: id, State: state, Requested: true, Redial: redial})
	case record.CancelRefused:
		return refusedCancel(id, redial, state, s.rec)
	default: // its record ended between the two looks
		return failf("", "%s ended before it could be canceled", id)
	}
}

// cancel asks until the answer is that of the last job that calls again after this
// one, redial (empty: none does): a call may end, and be made again, between two looks.
func (l *link) cancel(ctx context.Context, id string) (answer record.Cancellation, state record.State, redial string, err error) {
	const open = "; whether the job was canceled is open: ask again"
	for before := ""; ; before = redial {
		if answer, state, err = l.store.Cancel(ctx, id); err != nil {
			return "", "", "", l.explain(err, open)
		}
		if redial, err = l.lastRedial(ctx, id); err != nil {
			return "", "", "", l.explain(err, open)
		}
		if answer != record.CancelRefused || redial == before {
			return answer, state, redial, nil
		}
	}
}

// lastRedial is the last of the jobs that call again after one; empty: none does.
func (l *link) lastRedial(ctx context.Context, of string) (last string, err error) {
	for id := of; ; {
		rec, err := l.store.Get(ctx, id)
		switch {
		case err != nil:
			return "", err
		case rec == nil: // gone; the wish reached the one before
			return last, nil
		case id != of:
			last = id
		}
		if rec.Redial == "" {
			return last, nil
		}
		id = rec.Redial
	}
}

// refusedCancel says what state stands in the way; rec is nil where it is gone.
func refusedCancel(id, redial string, state record.State, rec *record.Record) error {
	message := id + " is " + string(state) + " and cannot be canceled any more"
	if redial != "" {
		message = id + " has ended, and " + redial + ", which calls again after it, is " + string(state) + " and cannot be canceled any more"
	}
	switch {
	case rec == nil:
	case state == record.Active:
		message += "; release it with: enqueue unbind --account " + rec.Account + " --job " + id
	case isUnderWay(rec.Kind, state):
		message += "; it will not be called again"
	}
	return &failure{status: exitFailed, id: id, state: string(state), message: message}
}

// isUnderWay says of a job whether it is a call that the vendor has accepted, and that
// may be made again when it ends.
func isUnderWay(kind string, state record.State) bool {
	switch state {
	case record.Submitted, record.AwaitingDial, record.Ringing, record.InProgress:
		return kind == string(tasks.KindNotify) || kind == string(tasks.KindConnect)
	default:
		return false
	}
}

// note says what the answer's words mean.
func (c canceledJSON) note() string {
	const marked = "it is being sent, and is canceled only if nothing was placed"
	switch {
	case c.Redial != "" && c.Requested:
		return "that is the job that calls again after it, " + c.Redial + "; " + marked
	case c.Redial != "":
		return "that is the job that calls again after it, " + c.Redial
	case c.Requested:
		return marked
	}
	return ""
}

func (a *app) printCanceled(c canceledJSON) error {
	note := c.note()
	if !a.json {
		if note != "" {
			return printLine(a.stdout, "%s %s: %s", c.ID, c.State, note)
		}
		return printLine(a.stdout, "%s %s", c.ID, c.State)
	}
	if note != "" {
		a.say("%s: %s", c.ID, note)
	}
	return printJSON(a.stdout, c)
}
