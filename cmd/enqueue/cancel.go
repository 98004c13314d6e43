package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/callpacer/callpacer/internal/record"
)

const cancelHelp = `Cancel a job that has not been sent. A job that is just being sent is marked:
the wish takes effect only if nothing was placed. What the vendor has accepted
cannot be called back; the command then fails and names the state. A poll of
yours ends at any time. A binding that is active is released with: enqueue unbind.`

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
		return a.printCanceled(canceledJSON{ID: id, State: s.state}, "")
	}
	if s.rec == nil {
		return refusedCancel(id, s.state, "")
	}
	answer, state, err := l.store.Cancel(ctx, id)
	if err != nil {
		return l.explain(err, "; whether the job was canceled is open: ask again")
	}
	switch answer {
	case record.CancelDone:
		return a.printCanceled(canceledJSON{ID: id, State: state}, "")
	case record.CancelRequested:
		return a.printCanceled(canceledJSON{ID: id, State: state, Requested: true},
			"it is being sent, and is canceled only if nothing was placed")
	case record.CancelRefused:
		return refusedCancel(id, state, s.rec.Account)
	default: // its record ended between the two looks
		return failf("", "%s ended before it could be canceled", id)
	}
}

func refusedCancel(id string, state record.State, account string) error {
	message := id + " is " + string(state) + " and cannot be canceled any more"
	if state == record.Active {
		message += "; release it with: enqueue unbind --account " + account + " --job " + id
	}
	return &failure{status: exitFailed, id: id, state: string(state), message: message}
}

func (a *app) printCanceled(c canceledJSON, note string) error {
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
