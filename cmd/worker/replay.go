package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

const replayHelp = `Process kept pushes again (see 'worker orphans'): once what they tell of is on
record, once public.secret is what it was, or with a newer version that can read
them. Name them, or take all of one account in one state.

Each goes through its account's :push queue as a new one does. Whatever it tells
is weighed like any evidence: it calls nobody, and nothing that is known better
is overwritten. If it tells nothing this time either, it is kept for 30 more days.
An old one does not wait two minutes for its call's record, as a new one does.

To repeat the command changes nothing: a push that waits to be processed is left
alone.

--json prints one object a push: {"id":…,"was":…,"state":…,"replayed":…,"error":…}.

Exit status: 0 it is done, also where nothing was to be done; 1 a push was
processed already or is not there (the others are replayed), or Redis is away;
2 wrong usage.`

const replayExample = `  worker replay itnio.push-0123456789abcdef0123456789abcdef --config callpacer.yaml
  worker replay --account itnio-main --state refused --since 2026-11-22T09:00:00+08:00 --config callpacer.yaml`

type replayFlags struct {
	file, account, state, since string
	json                        bool
}

func replayCommand(stdout io.Writer) *cobra.Command {
	var f replayFlags
	cmd := &cobra.Command{
		Use:     "replay (PUSH_ID… | --account ACCOUNT --state STATE [--since TIME]) --config FILE",
		Short:   "Process kept pushes again",
		Long:    replayHelp,
		Example: replayExample,
		RunE: func(cmd *cobra.Command, ids []string) error {
			since, err := f.check(ids)
			if err != nil {
				return usageError{fmt.Errorf("replay: %w", err)}
			}
			d, err := openDesk(cmd.Context(), f.file)
			if err != nil {
				return fmt.Errorf("replay: %w", err)
			}
			defer d.close()
			say := func(r replayedJSON) error { return printReplayed(stdout, r, f.json) }
			if len(ids) > 0 {
				err = d.replayIDs(cmd.Context(), ids, say)
			} else {
				err = d.replayAll(cmd.Context(), f, since, say)
			}
			if err != nil {
				return fmt.Errorf("replay: %w", err)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&f.file, "config", "", "the configuration `FILE` (YAML or JSON)")
	cmd.Flags().StringVar(&f.account, "account", "", "all of this `ACCOUNT` that are in --state")
	cmd.Flags().StringVar(&f.state, "state", "", "with --account: orphan, unreadable or refused")
	cmd.Flags().StringVar(&f.since, "since", "", "with --account: only those that came at this `TIME` or later, such as 2026-11-22T09:00:00+08:00")
	cmd.Flags().BoolVar(&f.json, "json", false, "print one JSON object a push")
	return cmd
}

// check says what cannot be meant, and reads --since; without it all time is meant.
func (f replayFlags) check(ids []string) (since time.Time, err error) {
	switch {
	case len(ids) > 0 && (f.account != "" || f.state != "" || f.since != ""):
		return since, errors.New("give either the ids of pushes or --account, --state and --since")
	case len(ids) > 0:
		return since, nil
	case f.account == "":
		return since, errors.New("give the ids of pushes, or --account and --state")
	case !slices.Contains(keptStates, f.state):
		return since, fmt.Errorf("--state is one of %s", strings.Join(keptStates, ", "))
	case f.since == "":
		return since, nil
	}
	if since, err = time.Parse(time.RFC3339, f.since); err != nil {
		return since, errors.New("--since is not a time such as 2026-11-22T09:00:00+08:00")
	}
	return since, nil
}
