package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/callpacer/callpacer/internal/phone"
	"github.com/callpacer/callpacer/ratelimit"
)

const locksHelp = `List the phone numbers that nothing dials for a while, because a vendor's answer
or an operator locked them.

A lock holds in one group, for all its accounts. What a vendor locked is seen
here with the account, the job whose call was refused and the vendor's words.
Numbers are masked; to lift a lock you have to know the number.

--json prints one object a line: {"number":…,"group":…,"until":…,"account":…,
"job":…,"reason":…}.`

// lockJSON is a lock for machines; account and job are empty where an operator
// added it.
type lockJSON struct {
	Number  string    `json:"number"` // masked
	Group   string    `json:"group"`
	Until   time.Time `json:"until"`
	Account string    `json:"account"`
	Job     string    `json:"job"`
	Reason  string    `json:"reason"`
}

// lockFlags are what every command about locks takes.
type lockFlags struct {
	file, group string
	json        bool
}

func (f *lockFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.file, "config", "", "the configuration `FILE` (YAML or JSON)")
	cmd.Flags().StringVar(&f.group, "group", "", "only this `GROUP` of accounts (default: all of the configuration)")
	cmd.Flags().BoolVar(&f.json, "json", false, "print one JSON object a line")
}

func locksCommand(stdout io.Writer) *cobra.Command {
	var f lockFlags
	cmd := &cobra.Command{
		Use:     "locks --config FILE [--group GROUP]",
		Short:   "List, lift and add locks of phone numbers",
		Long:    locksHelp,
		Example: "  worker locks --config callpacer.yaml\n  worker locks lift 13800000001 --config callpacer.yaml",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.work(cmd.Context(), func(d *desk, groups []string) error {
				all, err := d.locks(cmd.Context(), groups, phone.Number{})
				if err != nil {
					return err
				}
				return printLocks(stdout, all, f.json)
			})
		},
	}
	f.add(cmd)
	cmd.AddCommand(lockLiftCommand(stdout), lockAddCommand(stdout))
	return cmd
}

// work does something about the locks of the groups that are meant.
func (f *lockFlags) work(ctx context.Context, do func(d *desk, groups []string) error) error {
	return atDesk(ctx, "locks", f.file, func(d *desk) error {
		groups, err := d.groups(f.group)
		if err != nil {
			return err
		}
		return do(d, groups)
	})
}

// locks are those of the groups; only the number's own, unless it is the zero Number.
func (d *desk) locks(ctx context.Context, groups []string, n phone.Number) ([]lockJSON, error) {
	var out []lockJSON
	for _, group := range groups {
		locks, err := ratelimit.NewLocks(d.store).List(ctx, group)
		if err != nil {
			return nil, fmt.Errorf("group %s: %w", group, err)
		}
		for _, l := range locks {
			if n.IsZero() || l.Key == n.Key(group) {
				out = append(out, lockJSON{l.Masked, group, l.Until, l.Account, l.Job, l.Reason})
			}
		}
	}
	return out, nil
}

func printLocks(w io.Writer, locks []lockJSON, asJSON bool) error {
	if asJSON {
		for _, l := range locks {
			if err := printJSON(w, l); err != nil {
				return err
			}
		}
		return nil
	}
	if len(locks) == 0 {
		_, err := fmt.Fprintln(w, "no number is locked")
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NUMBER\tGROUP\tUNTIL\tACCOUNT\tJOB\tREASON")
	for _, l := range locks {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", l.Number, l.Group, roundUp(l.Until).Format(time.RFC3339), dash(l.Account), dash(l.Job), dash(l.Reason))
	}
	return table.Flush()
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// oneNumber is the check of a command line that names one phone number.
func oneNumber(command string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usageError{errors.New("locks " + command + ": give one phone number")}
		}
		return nil
	}
}
