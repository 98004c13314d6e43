package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/recordjson"
)

const statusHelp = `Print what is known about a job: state, cause, attempts, the vendor's words, what
it told of the call, and the timeline. Numbers are masked. Of a binding, from is
A, to is B, and vendor_id is its subid; each call and message over it has a record
of its own, and of a message that has no text. Its x is in clear where callpacer
chose it (enqueue bind --x auto).

A call that the account's workers make again (redial) names the job that calls
again, which has a record of its own too and names the call before it.

--wait looks until the job has ended (completed, busy, no_answer, rejected,
failed, canceled, released, expired or unknown) or its binding is active. What
happens meanwhile is told on standard error as it happens: each new line of the
timeline, each state, and why and until when the job is held. Standard output has
the record, once, in the end. The exit status tells whether the job was found and,
with --wait, has come so far; not whether the call succeeded.

A timeline of 60 lines gets no more about waiting, only what the vendor and
operators did; the table then says that some may be left out.`

const statusExample = `  enqueue status jumdata.01ARZ3NDEKTSV4RRFFQ69G5FAV
  enqueue status jumdata.01ARZ3NDEKTSV4RRFFQ69G5FAV --wait --timeout 5m --json`

func (a *app) statusCommand() *cobra.Command {
	var wait bool
	var timeout time.Duration
	cmd := &cobra.Command{
		Use: "status ID", Short: "Print what is known about a job", Long: statusHelp, Example: statusExample,
		Args: oneArgument("the job's id"),
		RunE: a.action(func(cmd *cobra.Command, args []string) error {
			if err := checkTimeout(cmd, wait, timeout); err != nil {
				return err
			}
			return a.status(cmd.Context(), args[0], wait, timeout)
		}),
	}
	cmd.Flags().BoolVar(&wait, "wait", false, "wait until the job has ended, or its binding is active")
	cmd.Flags().DurationVar(&timeout, "timeout", 0, "wait no longer than this `DURATION` (default: no end)")
	return cmd
}

// oneArgument differs from cobra.ExactArgs in that it says what is missing.
func oneArgument(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usagef("", "%s takes one argument, %s, and there are %d", cmd.Name(), what, len(args))
		}
		return nil
	}
}

func checkTimeout(cmd *cobra.Command, wait bool, timeout time.Duration) error {
	switch {
	case !cmd.Flags().Changed("timeout"):
		return nil
	case !wait:
		return usagef("timeout", "goes with --wait")
	case timeout <= 0:
		return usagef("timeout", "must be longer than zero")
	}
	return nil
}

func (a *app) status(ctx context.Context, id string, wait bool, timeout time.Duration) error {
	l, err := a.reach(ctx, id)
	if err != nil {
		return err
	}
	defer l.close()
	if !wait {
		s, err := l.look(ctx, id)
		if err != nil {
			return err
		}
		return a.printSight(s)
	}
	w, stop := a.newWaiter(l, timeout)
	w.live = true
	defer stop()
	s, late, err := w.wait(ctx, id)
	if err != nil {
		return err
	}
	if late {
		return &failure{
			status: exitFailed, id: id, state: string(s.state),
			message: "waited " + timeout.String() + "; " + id + " is " + string(s.state),
		}
	}
	return a.printSight(s)
}

// reach connects for a command about a job.
func (a *app) reach(ctx context.Context, id string) (*link, error) {
	p, err := a.place()
	if err != nil {
		return nil, err
	}
	if err := checkID(id); err != nil {
		return nil, err
	}
	return a.connect(ctx, p)
}

func (a *app) printSight(s sight) error {
	if s.rec == nil {
		a.say("the record of %s is gone; its idempotency key keeps the last state", s.id)
		if a.json {
			return printJSON(a.stdout, struct {
				ID    string       `json:"id"`
				State record.State `json:"state"`
			}{s.id, s.state})
		}
		return printLine(a.stdout, "%s %s", s.id, s.state)
	}
	if a.json {
		return printJSON(a.stdout, recordjson.Of(s.rec, s.parent))
	}
	return printTable(a.stdout, recordjson.Of(s.rec, s.parent))
}
