package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/callpacer/callpacer/ratelimit"
)

const suppressRemoveHelp = `Take a number off the list: it may be dialled again, by queued jobs too. The exit
status is 1 where the number was not on the list.`

const suppressRemoveExample = `  enqueue suppress remove 13800138000 --config callpacer.yaml`

func (a *app) suppressRemoveCommand() *cobra.Command {
	return &cobra.Command{
		Use: "remove NUMBER", Short: "Take a number off the list", Long: suppressRemoveHelp, Example: suppressRemoveExample,
		Args: oneArgument("the number"),
		RunE: a.action(func(cmd *cobra.Command, args []string) error {
			entry, err := suppressedNumber(args[0])
			if err != nil {
				return err
			}
			return a.suppressRemove(cmd.Context(), entry)
		}),
	}
}

func (a *app) suppressRemove(ctx context.Context, entry ratelimit.Suppressed) error {
	s, err := a.openSuppression(ctx)
	if err != nil {
		return err
	}
	defer s.link.close()
	n, err := s.list.Remove(ctx, s.groups, entry.Key)
	switch {
	case err != nil:
		return s.explain(err)
	case n == 0:
		return failf("number", "%s is not on the suppression list", entry.Masked)
	case a.json:
		return printJSON(a.stdout, suppressedJSON{Number: entry.Masked, State: stateRemoved})
	}
	return printLine(a.stdout, "%s %s", entry.Masked, stateRemoved)
}
