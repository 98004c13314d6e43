package main

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"github.com/callpacer/callpacer/internal/phone"
	"github.com/callpacer/callpacer/ratelimit"
	"github.com/callpacer/callpacer/tasks"
)

const suppressHelp = `Keep the list of numbers that nothing may dial, whatever the account or vendor. It
is asked when a call is about to go out, so it also stops what is queued already.

The list is one for all groups of accounts on this Redis. A change holds for all
of them when the command has ended with 0; where it failed, the workers complete
it within half a minute, or the command repeated does: each may be given twice.`

const suppressExample = `  enqueue suppress add 13800138000 --reason "asked to be left alone" --config callpacer.yaml
  enqueue suppress list --json --config callpacer.yaml
  enqueue suppress remove 13800138000 --config callpacer.yaml
  enqueue suppress import numbers.csv --reason "court order" --config callpacer.yaml`

func (a *app) suppressCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "suppress", Short: "Keep the list of numbers that nothing may dial", Long: suppressHelp, Example: suppressExample,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("", "unknown command %q for suppress; it has add, list, remove and import", args[0])
			}
			return nil
		},
		RunE: func(*cobra.Command, []string) error {
			return usagef("", "suppress needs one of its commands: add, list, remove or import")
		},
	}
	cmd.AddCommand(a.suppressAddCommand(), a.suppressListCommand(), a.suppressRemoveCommand(), a.suppressImportCommand())
	return cmd
}

// suppression is the list on a Redis, and the groups that are known there.
type suppression struct {
	link   *link
	list   *ratelimit.Suppression
	groups []string
}

// openSuppression connects; the caller closes the link.
func (a *app) openSuppression(ctx context.Context) (*suppression, error) {
	p, err := a.place()
	if err != nil {
		return nil, err
	}
	l, err := a.connect(ctx, p)
	if err != nil {
		return nil, err
	}
	s := &suppression{link: l, list: ratelimit.NewSuppression(l.rdb)}
	published, err := tasks.Accounts(ctx, l.rdb)
	if err != nil {
		l.close()
		return nil, l.explain(err, "")
	}
	for _, account := range published {
		s.groups = append(s.groups, account.Group)
	}
	for _, account := range p.accounts {
		s.groups = append(s.groups, account.Group)
	}
	slices.Sort(s.groups)
	s.groups = slices.Compact(s.groups)
	return s, nil
}

// explain is for a change that was broken off.
func (s *suppression) explain(err error) *failure {
	return s.link.explain(err, "; how far the change came is open: repeat it, that does no harm")
}

func suppressedNumber(written string) (ratelimit.Suppressed, error) {
	n, err := phone.ParseAny(written)
	if err != nil {
		return ratelimit.Suppressed{}, failf("number", "%s", err)
	}
	return ratelimit.Suppressed{Key: ratelimit.SuppressionKey(n), Masked: n.String()}, nil
}

// readReason masks numbers in a reason: it is shown to everybody who asks.
func readReason(written string) (string, error) {
	reason := maskNumbers(written)
	if err := ratelimit.CheckReason(reason); err != nil {
		return "", failf("reason", "%s", err)
	}
	return reason, nil
}
