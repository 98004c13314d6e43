package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/callpacer/callpacer/internal/explain"
)

const whyHelp = `Say why a job waits: every rule of its account with what it counted, the one that
binds the job (of several the one that ends last), and the earliest time at which
they all let it out. Numbers are masked, and nothing is changed. Rules that are off
are not listed. Of a job that is not waiting it says what is waited for instead.

until is when a rule passes (of calls in flight and lines: at the latest); of
expires it is when the job ends unsent. Where a rule has no known end, such as a
halt that an operator must lift, earliest is null and the table shows "-".`

const whyExample = `  enqueue why jumdata.01ARZ3NDEKTSV4RRFFQ69G5FAV --config callpacer.yaml
  enqueue why jumdata.01ARZ3NDEKTSV4RRFFQ69G5FAV --json | jq .earliest`

func (a *app) whyCommand() *cobra.Command {
	return &cobra.Command{
		Use: "why ID", Short: "Say why a job waits", Long: whyHelp, Example: whyExample,
		Args: oneArgument("the job's id"),
		RunE: a.action(func(cmd *cobra.Command, args []string) error {
			return a.why(cmd.Context(), args[0])
		}),
	}
}

func (a *app) why(ctx context.Context, id string) error {
	p, err := a.place()
	if err != nil {
		return err
	}
	if err := checkID(id); err != nil {
		return err
	}
	l, err := a.connect(ctx, p)
	if err != nil {
		return err
	}
	defer l.close()
	explainer := explain.Explainer{Store: l.store, Accounts: explain.Published(l.rdb, p.accounts...), Now: time.Now}
	view, err := explainer.Why(ctx, id)
	var unknown *explain.UnknownError
	if errors.As(err, &unknown) {
		return failf("", "%s; Redis is %s", unknown, l.address)
	}
	if err != nil {
		return l.explain(err, "")
	}
	if a.json {
		return printJSON(a.stdout, view)
	}
	if err := view.Text(a.stdout); err != nil {
		return failf("", "%s", err)
	}
	return nil
}
