package main

import (
	"bufio"
	"context"
	"time"

	"github.com/spf13/cobra"
)

// States of a number in answers about the suppression list.
const (
	stateSuppressed = "suppressed"
	stateRemoved    = "removed"
)

// suppressedJSON is a number on the list, or what became of it.
type suppressedJSON struct {
	Number string     `json:"number"`
	State  string     `json:"state,omitempty"`
	Reason string     `json:"reason,omitempty"`
	Until  *time.Time `json:"until,omitempty"` // nil: for ever
	Added  *time.Time `json:"added,omitempty"`
}

func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func untilWords(until time.Time) string {
	if until.IsZero() {
		return "for ever"
	}
	return "until " + clock(until)
}

const suppressListHelp = `Print the numbers on the list, masked, with reason, end and the time since when
each has been there; those that changed last at the end. Numbers whose time is
over are not listed.

With --json each is one line; an end that is not there is left out:
  {"number","reason","until","added"}`

const suppressListExample = `  enqueue suppress list --config callpacer.yaml
  enqueue suppress list --sandbox --json`

func (a *app) suppressListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "Print the numbers on the list", Long: suppressListHelp, Example: suppressListExample,
		Args: noArguments,
		RunE: a.action(func(cmd *cobra.Command, _ []string) error { return a.suppressList(cmd.Context()) }),
	}
}

func (a *app) suppressList(ctx context.Context) error {
	s, err := a.openSuppression(ctx)
	if err != nil {
		return err
	}
	defer s.link.close()
	out := bufio.NewWriter(a.stdout)
	n := 0
	for e, err := range s.list.List(ctx) {
		if err != nil {
			_ = out.Flush() // the failure that ended the list is the one to tell
			return s.link.explain(err, "")
		}
		n++
		if a.json {
			err = printJSON(out, suppressedJSON{Number: e.Masked, Reason: e.Reason, Until: timeOrNil(e.Until), Added: timeOrNil(e.Added)})
		} else {
			err = printLine(out, "%s  %s, since %s: %s", e.Masked, untilWords(e.Until), clock(e.Added), e.Reason)
		}
		if err != nil {
			return err
		}
	}
	if err := out.Flush(); err != nil {
		return failf("", "write to standard output: %v", err)
	}
	if n == 0 && !a.json {
		a.say("no number is suppressed")
	}
	return nil
}
