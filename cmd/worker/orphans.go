package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/callpacer/callpacer/configs"
	"github.com/callpacer/callpacer/internal/record"
)

const orphansHelp = `List the pushes of vendors that told nothing to any job. Each is kept for 30 days.

  orphan      no record was found for it
  unreadable  it could not be read
  refused     it is not about the call for which it came, or its token is not ours

SIZE is that of its body and query in bytes. What stands in them is not shown;
--body shows it with every number of five digits and more masked. The list has no
order, and looks at every key of Redis, in small steps.

To have some of them processed again, see 'worker replay --help'.

--json prints one object a line: {"id":…,"account":…,"state":…,"received_at":…,
"detail":…,"size":…} and, with --body, "query" and "body".`

// keptStates are those in which a push told nothing to any job, and is kept to be
// looked at.
var keptStates = []string{"orphan", "unreadable", "refused"}

// orphanJSON is a kept push for machines.
type orphanJSON struct {
	ID         string    `json:"id"`
	Account    string    `json:"account"`
	State      string    `json:"state"`
	ReceivedAt time.Time `json:"received_at"`
	Detail     string    `json:"detail"`
	Size       int       `json:"size"`            // bytes
	Query      *string   `json:"query,omitempty"` // masked; with --body
	Body       *string   `json:"body,omitempty"`
}

// orphanFlags say which pushes are meant, and how they are shown.
type orphanFlags struct {
	file, account, state string
	json, body           bool
}

func orphansCommand(stdout io.Writer) *cobra.Command {
	var f orphanFlags
	cmd := &cobra.Command{
		Use:   "orphans --config FILE [--account ACCOUNT] [--state STATE] [--body]",
		Short: "List the pushes that told nothing to any job",
		Long:  orphansHelp,
		Example: "  worker orphans --config callpacer.yaml\n" +
			"  worker orphans --account itnio-main --state all --body --config callpacer.yaml",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			states := []string{f.state}
			if f.state == "all" {
				states = keptStates
			} else if !slices.Contains(keptStates, f.state) {
				return usageError{fmt.Errorf("orphans: --state is %s or all", strings.Join(keptStates, ", "))}
			}
			return atDesk(cmd.Context(), "orphans", f.file, func(d *desk) error {
				return d.listOrphans(cmd.Context(), stdout, f, states)
			})
		},
	}
	cmd.Flags().StringVar(&f.file, "config", "", "the configuration `FILE` (YAML or JSON)")
	cmd.Flags().StringVar(&f.account, "account", "", "only those of this `ACCOUNT` (default: all of the configuration's groups)")
	cmd.Flags().StringVar(&f.state, "state", "orphan", "only those in this `STATE`: orphan, unreadable, refused or all")
	cmd.Flags().BoolVar(&f.body, "body", false, "show what stands in them, with numbers masked")
	cmd.Flags().BoolVar(&f.json, "json", false, "print one JSON object a line")
	return cmd
}

// listOrphans prints each push as it is found: however many there are, only one
// is in memory.
func (d *desk) listOrphans(ctx context.Context, stdout io.Writer, f orphanFlags, states []string) error {
	show, end := orphanPrinter(stdout, f)
	err := d.eachKept(ctx, f.account, states, func(group string, p record.StoredPush) error {
		full, err := d.store.GetPush(ctx, p.ID)
		if err != nil {
			return fmt.Errorf("%s: %w", p.ID, err)
		}
		if full == nil || full.State != p.State {
			return nil // it is gone since it was found, or replayed
		}
		o := orphanJSON{
			ID: p.ID, Account: p.Account, State: p.State, ReceivedAt: p.ReceivedAt.UTC(),
			Detail: maskDetail(group, p.Detail), Size: len(full.Body) + len(full.RawQuery),
		}
		if f.body {
			query, body := maskContent(full.RawQuery), maskContent(string(full.Body))
			o.Query, o.Body = &query, &body
		}
		return show(o)
	})
	return errors.Join(err, end())
}

// eachKept calls do for every push in one of the states: of the account, or of all
// groups of the configuration.
func (d *desk) eachKept(ctx context.Context, account string, states []string, do func(group string, p record.StoredPush) error) error {
	groups, err := d.groupsOf(account)
	if err != nil {
		return err
	}
	for _, group := range groups {
		err := d.store.EachPush(ctx, group, func(p record.StoredPush) error {
			if !slices.Contains(states, p.State) || account != "" && p.Account != account {
				return nil
			}
			return do(group, p)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// groupsOf are the group of an account of the configuration, or with "" all of its
// groups.
func (d *desk) groupsOf(account string) ([]string, error) {
	if account == "" {
		return d.groups("")
	}
	i := slices.IndexFunc(d.config.Accounts, func(a configs.Account) bool { return a.Name == account })
	if i < 0 {
		return nil, fmt.Errorf("account %q is not in the configuration", account)
	}
	return []string{d.config.Accounts[i].Group}, nil
}
