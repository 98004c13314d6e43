package main

import (
	"bufio"
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/callpacer/callpacer/internal/phone"
	"github.com/callpacer/callpacer/internal/record"
)

const bindingsHelp = `Print the bindings that may stand now, those that end first first, of all accounts
that workers have published, or of one. Numbers are masked, but for an X that
callpacer chose (enqueue bind --x auto). A binding that --b or --a names is listed
whichever of the two the number is.

STATE is what is known of the binding:
  chosen    its X is kept for it until it is sent
  sent      its request is on its way
  in_doubt  the vendor's answer was lost; the same request goes out again
  active    it stands
  unknown   nobody knows whether it was made: its X counts as taken until its
            ttl is over
ENDS is counted from the latest moment at which the vendor can have made it; of
a chosen X it is when its job expires. JOB is for enqueue status and unbind.

With --json each is one line; b is empty in mode xa, and an end that is not there
is left out:
  {"x","a","b","mode","state","ends_at","account","job","generation"}
Of two bindings of one X the one with the higher generation is the later one.`

const bindingsExample = `  enqueue bindings --config callpacer.yaml
  enqueue bindings --account interline-main --x 17000000000 --config callpacer.yaml
  enqueue bindings --state unknown --sandbox --json`

// holdingStates are the states of a binding that may stand.
var holdingStates = []string{"chosen", "sent", "in_doubt", "active", "unknown"}

// bindingsFlags say which bindings are listed.
type bindingsFlags struct{ account, x, a, b, state string }

func (a *app) bindingsCommand() *cobra.Command {
	var f bindingsFlags
	cmd := &cobra.Command{
		Use: "bindings", Short: "Print the bindings that may stand", Long: bindingsHelp, Example: bindingsExample,
		Args: noArguments,
		RunE: a.action(func(cmd *cobra.Command, _ []string) error {
			want, err := f.read(cmd.Flags().Changed)
			if err != nil {
				return err
			}
			return a.bindings(cmd.Context(), want)
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&f.account, "account", "", "only those of the account `NAME`")
	flags.StringVar(&f.x, "x", "", "only those on the privacy `NUMBER`")
	flags.StringVar(&f.a, "a", "", "only those of A's `NUMBER`")
	flags.StringVar(&f.b, "b", "", "only those of B's `NUMBER`")
	flags.StringVar(&f.state, "state", "", "only those in this state: "+strings.Join(holdingStates, ", "))
	return cmd
}

// wanted is what the flags ask for. A number's lookup key is another one in each group.
type wanted struct {
	account, state string
	x, a, b        phone.Number // zero: any
}

func (f bindingsFlags) read(given func(flag string) bool) (wanted, error) {
	w := wanted{account: f.account, state: f.state}
	if given("account") && f.account == "" {
		return wanted{}, usagef("account", "is empty; leave --account out for those of all accounts")
	}
	if given("state") && !slices.Contains(holdingStates, f.state) {
		return wanted{}, usagef("state", "--state %q is not one of %s", f.state, strings.Join(holdingStates, ", "))
	}
	for _, n := range []struct {
		flag, written string
		to            *phone.Number
	}{{"x", f.x, &w.x}, {"a", f.a, &w.a}, {"b", f.b, &w.b}} {
		if !given(n.flag) {
			continue
		}
		number, err := phone.ParseAny(n.written)
		if err != nil {
			return wanted{}, usagef(n.flag, "%s", err)
		}
		*n.to = number
	}
	return w, nil
}

func (w wanted) in(group string) record.HoldingFilter {
	return record.HoldingFilter{Account: w.account, State: w.state, X: w.x.Key(group), A: w.a.Key(group), B: w.b.Key(group)}
}

func (a *app) bindings(ctx context.Context, w wanted) error {
	p, err := a.place()
	if err != nil {
		return err
	}
	l, err := a.connect(ctx, p)
	if err != nil {
		return err
	}
	defer l.close()
	groups, err := l.groupsOf(ctx, p, w.account)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(a.stdout)
	n := 0
	for h, err := range l.holdings(ctx, groups, w) {
		if err != nil {
			_ = out.Flush() // the failure that ended the list is the one to tell
			return l.explain(err, "")
		}
		if n++; n == 1 && !a.json {
			if err := printBindingCells(out, "X", "A", "B", "MODE", "STATE", "ENDS", "ACCOUNT", "JOB"); err != nil {
				return err
			}
		}
		if err := a.printBinding(out, h); err != nil {
			return err
		}
	}
	if err := out.Flush(); err != nil {
		return failf("", "write to standard output: %v", err)
	}
	if n == 0 && !a.json {
		a.say("no binding may stand")
	}
	return nil
}
