package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/callpacer/callpacer/internal/phone"
	"github.com/callpacer/callpacer/ratelimit"
)

const liftHelp = `Lift the lock of a phone number: jobs that were held by it run at once, as far as
the other rules let them. Where the vendor still has its own lock, the next call
is refused and locks the number again.

Exit status: 0 it was locked, and is no more; 1 it was not locked.`

const addHelp = `Lock a phone number: nothing dials it until then. A lock that ends later already
stays as it is; lift it first to shorten it. To stop calls to a number for good
use the suppression list (enqueue suppress).`

// lifted is the answer for machines.
type lifted struct {
	Number string `json:"number"` // masked
	Group  string `json:"group"`
	Lifted bool   `json:"lifted"`
}

// parseNumber reads a number as jobs' numbers are read; its error does not quote it.
func parseNumber(text string) (phone.Number, error) {
	n, err := phone.ParseAny(text)
	if err != nil {
		return phone.Number{}, usageError{fmt.Errorf("locks: %w", err)}
	}
	return n, nil
}

func lockLiftCommand(stdout io.Writer) *cobra.Command {
	var f lockFlags
	cmd := &cobra.Command{
		Use:     "lift NUMBER --config FILE [--group GROUP]",
		Short:   "Lift the lock of a phone number",
		Long:    liftHelp,
		Example: "  worker locks lift 13800000001 --config callpacer.yaml",
		Args:    oneNumber("lift"),
		RunE: func(cmd *cobra.Command, args []string) error {
			n, err := parseNumber(args[0])
			if err != nil {
				return err
			}
			return f.work(cmd.Context(), func(d *desk, groups []string) error {
				found := false
				for _, group := range groups {
					ok, err := ratelimit.NewLocks(d.store).Lift(cmd.Context(), group, n.Key(group))
					if err != nil {
						return fmt.Errorf("group %s: %w", group, err)
					}
					found = found || ok
					if err := printLifted(stdout, lifted{n.String(), group, ok}, f.json); err != nil {
						return err
					}
				}
				if !found {
					return fmt.Errorf("%s is not locked", n)
				}
				return nil
			})
		},
	}
	f.add(cmd)
	return cmd
}

func printLifted(w io.Writer, l lifted, asJSON bool) (err error) {
	switch {
	case asJSON:
		return printJSON(w, l)
	case l.Lifted:
		_, err = fmt.Fprintf(w, "%s is not locked any more in group %s\n", l.Number, l.Group)
	}
	return err
}

func lockAddCommand(stdout io.Writer) *cobra.Command {
	var f lockFlags
	var until, reason string
	var span time.Duration
	cmd := &cobra.Command{
		Use:     "add NUMBER (--until TIME | --for 24h) --reason TEXT --config FILE [--group GROUP]",
		Short:   "Lock a phone number for a while",
		Long:    addHelp,
		Example: "  worker locks add 13800000001 --for 24h --reason \"asked us to stop\" --config callpacer.yaml",
		Args:    oneNumber("add"),
		RunE: func(cmd *cobra.Command, args []string) error {
			n, err := parseNumber(args[0])
			if err != nil {
				return err
			}
			end, err := lockEnd(until, span)
			if err != nil {
				return err
			}
			if reason = noteOf(reason); reason == "" {
				return usageError{errors.New("locks add: give --reason TEXT")}
			}
			lock := ratelimit.Lock{Masked: n.String(), Reason: reason, Until: end}
			return f.work(cmd.Context(), func(d *desk, groups []string) error {
				all, err := d.lock(cmd.Context(), groups, n, lock, span)
				if err != nil {
					return err
				}
				return printLocks(stdout, all, f.json)
			})
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&until, "until", "", "the `TIME` at which it ends, such as 2026-11-22T09:00:00+08:00")
	cmd.Flags().DurationVar(&span, "for", 0, "how long it lasts, such as 24h")
	cmd.Flags().StringVar(&reason, "reason", "", "`TEXT` that says why")
	return cmd
}

// lock locks the number in the groups, for so long where the lock has no end, and
// returns how it is locked then.
func (d *desk) lock(ctx context.Context, groups []string, n phone.Number, lock ratelimit.Lock, span time.Duration) ([]lockJSON, error) {
	if lock.Until.IsZero() {
		now, err := d.store.Now(ctx)
		if err != nil {
			return nil, err
		}
		lock.Until = now.Add(span)
	}
	for _, group := range groups {
		lock.Key = n.Key(group)
		if err := ratelimit.NewLocks(d.store).Add(ctx, group, lock); err != nil {
			return nil, fmt.Errorf("group %s: %w", group, err)
		}
	}
	return d.locks(ctx, groups, n)
}

// lockEnd reads --until; the zero time leaves it to --for, and thus to Redis's clock.
func lockEnd(until string, span time.Duration) (time.Time, error) {
	switch {
	case (until == "") == (span == 0):
		return time.Time{}, usageError{errors.New("locks add: give either --until TIME or --for DURATION")}
	case span < 0:
		return time.Time{}, usageError{errors.New("locks add: --for must be longer than 0")}
	case until == "":
		return time.Time{}, nil
	}
	end, err := time.Parse(time.RFC3339, until)
	if err != nil {
		return time.Time{}, usageError{errors.New("locks add: --until is not a time such as 2026-11-22T09:00:00+08:00")}
	}
	return end, nil
}
