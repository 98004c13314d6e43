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

const replayHelp = `Process kept pushes again, or deliver dead letters after all. An id says which of
both it is; several may be named, of both kinds.

Pushes (see 'worker orphans'): once what they tell of is on record, once their secret
is known again (public.previous_secrets), or with a newer version that can read them.
Name them, or take all of one --account in one --state. Each goes through its account's :push queue as a new one does. Whatever it tells
is weighed like any evidence: it calls nobody, and nothing that is known better
is overwritten. If it tells nothing this time either, it is kept for 30 more days.
An old one does not wait two minutes for its call's record, as a new one does.

Dead letters (see 'worker dead-letters'): once the endpoint works again. Name the
events, or take all with --dead-letters, or those of one --account. Each is due at
once, under its old id and with its old content, and has another day.

To repeat the command changes nothing: a push that waits to be processed is left
alone, and an event that is due, or was told, is no dead letter.

--json prints one object a push or event: {"id":…,"was":…,"state":…,"replayed":…,"error":…}.

Exit status: 0 it is done, also where nothing was to be done; 1 a push was
processed already or is not there, or there is no such dead letter (the others are
replayed), or Redis is away; 2 wrong usage.`

const replayExample = `  worker replay itnio.push-0123456789abcdef0123456789abcdef --config callpacer.yaml
  worker replay --account itnio-main --state refused --since 2026-11-22T09:00:00+08:00 --config callpacer.yaml
  worker replay jumdata.01ARZ3NDEKTSV4RRFFQ69G5FAV:2 --config callpacer.yaml
  worker replay --dead-letters --since 2026-11-22T09:00:00+08:00 --config callpacer.yaml`

type replayFlags struct {
	file, account, state, since string
	dead, json                  bool
}

func replayCommand(stdout io.Writer) *cobra.Command {
	var f replayFlags
	cmd := &cobra.Command{
		Use:     "replay (ID… | --account ACCOUNT --state STATE [--since TIME] | --dead-letters [--account ACCOUNT] [--since TIME]) --config FILE",
		Short:   "Process kept pushes again, or deliver dead letters after all",
		Long:    replayHelp,
		Example: replayExample,
		RunE: func(cmd *cobra.Command, ids []string) error {
			since, err := f.check(ids)
			if err != nil {
				return usageError{fmt.Errorf("replay: %w", err)}
			}
			say := func(r replayedJSON) error { return printReplayed(stdout, r, f.json) }
			return atDesk(cmd.Context(), "replay", f.file, func(d *desk) error {
				switch {
				case len(ids) > 0:
					return d.replayIDs(cmd.Context(), ids, say)
				case f.dead:
					return d.replayDead(cmd.Context(), f, since, say)
				}
				return d.replayAll(cmd.Context(), f, since, say)
			})
		},
	}
	cmd.Flags().StringVar(&f.file, "config", "", "the configuration `FILE` (YAML or JSON)")
	cmd.Flags().StringVar(&f.account, "account", "", "all of this `ACCOUNT`: pushes in --state, or with --dead-letters its events")
	cmd.Flags().StringVar(&f.state, "state", "", "with --account: orphan, unreadable or refused")
	cmd.Flags().StringVar(&f.since, "since", "", "without ids: only those that came, or were given up, at this `TIME` or later, such as 2026-11-22T09:00:00+08:00")
	cmd.Flags().BoolVar(&f.dead, "dead-letters", false, "all events that were given up")
	cmd.Flags().BoolVar(&f.json, "json", false, "print one JSON object a push or event")
	return cmd
}

// check says what cannot be meant, and reads --since; without it all time is meant.
func (f replayFlags) check(ids []string) (since time.Time, err error) {
	switch {
	case len(ids) > 0 && (f.account != "" || f.state != "" || f.since != "" || f.dead):
		return since, errors.New("give either ids, or --account, --state, --since and --dead-letters")
	case len(ids) > 0:
		return since, nil
	case f.dead && f.state != "":
		return since, errors.New("--state is about pushes, and --dead-letters about events")
	case f.account == "" && !f.dead:
		return since, errors.New("give ids, or --account and --state, or --dead-letters")
	case !f.dead && !slices.Contains(keptStates, f.state):
		return since, fmt.Errorf("--state is one of %s", strings.Join(keptStates, ", "))
	case f.since == "":
		return since, nil
	}
	if since, err = time.Parse(time.RFC3339, f.since); err != nil {
		return since, errors.New("--since is not a time such as 2026-11-22T09:00:00+08:00")
	}
	return since, nil
}
