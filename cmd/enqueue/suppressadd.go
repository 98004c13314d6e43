package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/callpacer/callpacer/ratelimit"
)

const suppressAddHelp = `Put a number on the list. It may be written in any form (+86 138…, 0086…, a
landline with its area code, +44…). To add it again replaces reason and end.

Without --until and --for it stays for ever. The reason is one line of at most 200
characters; a number in it is masked.`

const suppressAddExample = `  enqueue suppress add 13800138000 --reason "asked to be left alone" --config callpacer.yaml
  enqueue suppress add 13800138000 --reason "on leave" --for 720h --config callpacer.yaml
  enqueue suppress add +8613800138000 --reason 投诉 --until 2027-01-31T09:00:00+08:00 --sandbox`

type suppressFlags struct {
	reason, until string
	span          time.Duration
}

func (a *app) suppressAddCommand() *cobra.Command {
	var f suppressFlags
	cmd := &cobra.Command{
		Use: "add NUMBER", Short: "Put a number on the list", Long: suppressAddHelp, Example: suppressAddExample,
		Args: oneArgument("the number"),
	}
	cmd.RunE = a.action(func(cmd *cobra.Command, args []string) error {
		given := cmd.Flags().Changed
		entry, err := f.entry(args[0], given)
		if err != nil {
			return err
		}
		return a.suppressAdd(cmd.Context(), entry, f, given)
	})
	cmd.Flags().StringVar(&f.reason, "reason", "", "why nobody may dial it, a `TEXT` (required)")
	cmd.Flags().StringVar(&f.until, "until", "", "take it off the list at this `TIME` (RFC 3339; default: never)")
	cmd.Flags().DurationVar(&f.span, "for", 0, "take it off the list after this `DURATION`, such as 720h")
	return cmd
}

// entry reads what can be read without Redis's clock.
func (f suppressFlags) entry(number string, given func(flag string) bool) (ratelimit.Suppressed, error) {
	if err := missing([]string{"reason"}, given); err != nil {
		return ratelimit.Suppressed{}, err
	}
	switch {
	case given("until") && given("for"):
		return ratelimit.Suppressed{}, usagef("until", "--until and --for both say when it ends; leave one of them out")
	case given("for") && f.span <= 0:
		return ratelimit.Suppressed{}, failf("for", "--for must be longer than zero, such as 720h")
	}
	entry, err := suppressedNumber(number)
	if err != nil {
		return ratelimit.Suppressed{}, err
	}
	if entry.Reason, err = readReason(f.reason); err != nil {
		return ratelimit.Suppressed{}, err
	}
	if given("until") {
		if entry.Until, err = parseTime(f.until); err != nil {
			return ratelimit.Suppressed{}, usagef("until", "--until: %s", err)
		}
	}
	return entry, nil
}

func (a *app) suppressAdd(ctx context.Context, entry ratelimit.Suppressed, f suppressFlags, given func(string) bool) error {
	s, err := a.openSuppression(ctx)
	if err != nil {
		return err
	}
	defer s.link.close()
	now, err := s.link.store.Now(ctx)
	if err != nil {
		return s.link.explain(err, "")
	}
	if given("for") {
		entry.Until = now.Add(f.span)
	}
	if given("until") && !entry.Until.After(now) {
		return failf("until", "--until %s is in the past: the number would not be suppressed", f.until)
	}
	if err := s.list.Add(ctx, s.groups, entry); err != nil {
		return s.explain(err)
	}
	if a.json {
		return printJSON(a.stdout, suppressedJSON{Number: entry.Masked, State: stateSuppressed, Reason: entry.Reason, Until: timeOrNil(entry.Until)})
	}
	return printLine(a.stdout, "%s %s %s", entry.Masked, stateSuppressed, untilWords(entry.Until))
}
