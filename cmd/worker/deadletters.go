package main

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/callpacer/callpacer/internal/record"
)

const deadLettersHelp = `List the events that the application was not told: every delivery failed for a
day, or the endpoint answered that it is gone. Each is kept for some days from then.
The oldest come first.

ENDPOINT is the host of the job's own event_url, or "configured": events.url. WHY is
why the last delivery failed.

To have some of them delivered after all, see 'worker replay --help'.

--json prints one object a line: {"id":…,"job":…,"revision":…,"account":…,"state":…,
"changed_at":…,"dead_at":…,"tries":…,"endpoint":…,"why":…}.`

// deadLetterJSON is an event that was given up, for machines.
type deadLetterJSON struct {
	ID        string       `json:"id"` // also the webhook-id of its deliveries, with "_" for "." "/" and ":"
	Job       string       `json:"job"`
	Revision  int          `json:"revision"`
	Account   string       `json:"account"`
	State     record.State `json:"state"` // that it tells
	ChangedAt time.Time    `json:"changed_at"`
	DeadAt    time.Time    `json:"dead_at"`
	Tries     int          `json:"tries"`
	Endpoint  string       `json:"endpoint"`
	Why       string       `json:"why"`
}

func deadLettersCommand(stdout io.Writer) *cobra.Command {
	var file, account string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "dead-letters --config FILE [--account ACCOUNT]",
		Short: "List the events that the application was not told",
		Long:  deadLettersHelp,
		Example: "  worker dead-letters --config callpacer.yaml\n" +
			"  worker dead-letters --account itnio-main --json --config callpacer.yaml",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return atDesk(cmd.Context(), "dead-letters", file, func(d *desk) error {
				show, end := deadLetterPrinter(stdout, asJSON)
				if err := d.eachDead(cmd.Context(), account, func(e record.DeadEvent) error { return show(deadLetterOf(e)) }); err != nil {
					return err
				}
				return end()
			})
		},
	}
	cmd.Flags().StringVar(&file, "config", "", "the configuration `FILE` (YAML or JSON)")
	cmd.Flags().StringVar(&account, "account", "", "only those of jobs of this `ACCOUNT` (default: all of the configuration's groups)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a line")
	return cmd
}

// eachDead calls do for every dead letter: of the account, or of all groups of the
// configuration.
func (d *desk) eachDead(ctx context.Context, account string, do func(record.DeadEvent) error) error {
	groups, err := d.groupsOf(account)
	if err != nil {
		return err
	}
	for _, group := range groups {
		err := d.store.EachDeadEvent(ctx, group, func(e record.DeadEvent) error {
			if account != "" && e.Account != account {
				return nil
			}
			return do(e)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func deadLetterOf(e record.DeadEvent) deadLetterJSON {
	group, _ := record.GroupOf(e.Job)
	return deadLetterJSON{
		ID: e.ID, Job: e.Job, Revision: e.Revision, Account: e.Account, State: e.State, ChangedAt: e.At.UTC(), DeadAt: e.DiedAt.UTC(),
		Tries: e.Tries, Endpoint: endpointOf(e.URL), Why: maskDetail(group, e.Why),
	}
}

// endpointOf names where an event goes, without the path and query, in which
// applications like to keep secrets.
func endpointOf(address string) string {
	if address == "" {
		return "configured"
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return "not an address"
	}
	return u.Scheme + "://" + u.Host
}

// deadLetterPrinter shows one after the other; end is called after the last one.
func deadLetterPrinter(w io.Writer, asJSON bool) (show func(deadLetterJSON) error, end func() error) {
	if asJSON {
		return func(e deadLetterJSON) error { return printJSON(w, e) }, func() error { return nil }
	}
	const flushEvery = 100 // the table's columns are as wide as these lines need them
	n, table := 0, tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	show = func(e deadLetterJSON) error {
		if n == 0 {
			fmt.Fprintln(table, "ID\tACCOUNT\tSTATE\tCHANGED\tDEAD SINCE\tTRIES\tENDPOINT\tWHY")
		}
		n++
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\n", e.ID, e.Account, e.State,
			e.ChangedAt.Format(time.RFC3339), e.DeadAt.Format(time.RFC3339), e.Tries, e.Endpoint, dash(e.Why))
		if n%flushEvery != 0 {
			return nil
		}
		return table.Flush()
	}
	end = func() error {
		if n == 0 {
			_, err := fmt.Fprintln(w, "there are no dead letters")
			return err
		}
		return table.Flush()
	}
	return show, end
}
