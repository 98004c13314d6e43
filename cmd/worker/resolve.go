package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/tasks"
)

const resolveHelp = `Say what became of a job of which callpacer cannot know it: one in doubt or
unknown, or one that the vendor accepted and whose end never came.

  completed  it took effect. A binding is active then, for its time to live from
             the latest moment at which the vendor can have made it; an unbind
             releases the binding that it names.
  failed     it did not.
  resend     send it once more, whatever became of it: only for what is in doubt
             or unknown, and only when its last request can no longer be on its
             way. If it was placed after all, somebody is called twice: ask the
             vendor first. The attempt in doubt stays charged to its number, every
             rule is asked again, and a push that proves it before the next one
             goes still ends the job. What the vendor knows by a request id (a
             binding) goes out as the same request. A job whose time is over gets
             one hour more.

An end by your word is weaker than evidence that comes later, except that a
call which is told completed stays that. To repeat the command changes nothing.

Exit status: 0 it is done; 1 refused, with the reason, or the job is unknown;
2 wrong usage.`

const resolveExample = `  worker resolve jumdata.01ARZ3NDEKTSV4RRFFQ69G5FAV --as failed --note "vendor's ticket 4711" --config callpacer.yaml
  worker resolve jumdata.01ARZ3NDEKTSV4RRFFQ69G5FAV --as resend --config callpacer.yaml`

// resolved is the answer for machines.
type resolved struct {
	ID    string       `json:"id"`
	State record.State `json:"state"`
	Was   record.State `json:"was"`
}

func resolveCommand(stdout io.Writer) *cobra.Command {
	var file, as, note string
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "resolve ID --as completed|failed|resend --config FILE [--note TEXT]",
		Short:   "Say what became of a job in doubt",
		Long:    resolveHelp,
		Example: resolveExample,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError{errors.New("resolve: give the id of one job")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			word := record.Word(as)
			if word != record.SayCompleted && word != record.SayFailed && word != record.SayResend {
				return usageError{errors.New("resolve: give --as completed, failed or resend")}
			}
			d, err := openDesk(cmd.Context(), file)
			if err != nil {
				return fmt.Errorf("resolve: %w", err)
			}
			defer d.close()
			out, err := d.resolve(cmd.Context(), args[0], record.Resolution{As: word, Token: rand.Text(), Note: noteOf(note)})
			if err != nil {
				return fmt.Errorf("resolve: %w", err)
			}
			if asJSON {
				return printJSON(stdout, out)
			}
			_, err = fmt.Fprintf(stdout, "%s %s (was %s)\n", out.ID, out.State, out.Was)
			return err
		},
	}
	cmd.Flags().StringVar(&file, "config", "", "the configuration `FILE` (YAML or JSON)")
	cmd.Flags().StringVar(&as, "as", "", "what became of it: completed, failed or resend")
	cmd.Flags().StringVar(&note, "note", "", "`TEXT` for the job's timeline")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

// resolve takes the operator's word about the job. Its errors say why not.
func (d *desk) resolve(ctx context.Context, id string, word record.Resolution) (resolved, error) {
	// Looking first keeps the script, which writes its group's clock, away from
	// groups that do not exist.
	rec, err := d.store.Get(ctx, id)
	if err != nil {
		return resolved{}, err
	}
	if rec == nil {
		return resolved{}, d.unknown(ctx, id)
	}
	out, err := d.store.Resolve(ctx, id, rec.Numbers, record.Names{VendorID: rec.VendorID}, word)
	switch {
	case err != nil:
		return resolved{}, err
	case out.Missing:
		return resolved{}, d.unknown(ctx, id)
	case out.Refused != "" && out.When.IsZero():
		return resolved{}, fmt.Errorf("%s is %s: %s", id, out.State, out.Refused)
	case out.Refused != "":
		return resolved{}, fmt.Errorf("%s is %s: %s %s", id, out.State, out.Refused, roundUp(out.When).Format(time.RFC3339))
	}
	if rec.Kind == string(tasks.KindUnbind) && word.As == record.SayCompleted {
		if err := d.released(ctx, rec); err != nil {
			return resolved{}, fmt.Errorf("%s is %s, but its binding could not be marked released; repeat this: %w", id, out.State, err)
		}
	}
	return resolved{ID: id, State: out.State, Was: out.Was}, nil
}

// roundUp is the first full second at which the time has come.
func roundUp(t time.Time) time.Time {
	return t.Add(time.Second - time.Nanosecond).Truncate(time.Second)
}

func (d *desk) unknown(ctx context.Context, id string) error {
	state, err := d.store.MarkerState(ctx, id)
	switch {
	case err != nil:
		return err
	case state != "":
		return fmt.Errorf("%s was %s in the end; its record is gone", id, state)
	}
	return fmt.Errorf("there is no job %s", id)
}
