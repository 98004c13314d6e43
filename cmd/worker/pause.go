package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/callpacer/callpacer/internal/app"
)

const pauseHelp = `Pause a lane, or one of its queues: nothing more goes out of it until it is
resumed, or for so long as --for says. LANE is an account, or an account with
:urgent, :normal or :bulk.

Jobs keep their places and can be enqueued as before; one that expires meanwhile
ends expired. What is with the vendor already goes on, and so do polls, unbinds
and pushes (the queues :follow and :push always run).

A pause that lasts longer is not made shorter: resume the lane first.

Exit status: 0 it is paused; 1 there is no such lane, or Redis is away; 2 wrong
usage.`

func pauseCommand(stdout, stderr io.Writer) *cobra.Command {
	var file, reason string
	var span time.Duration
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "pause LANE --config FILE [--reason TEXT] [--for 2h]",
		Short: "Pause a lane, or one of its queues",
		Long:  pauseHelp,
		Example: "  worker pause jumdata-main --reason \"the vendor works on its lines\" --for 2h --config callpacer.yaml\n" +
			"  worker pause jumdata-main:bulk --config callpacer.yaml",
		Args: oneLane("pause"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("for") && span < time.Millisecond {
				return usageError{errors.New("pause: --for must be longer than 0")}
			}
			return atLane(cmd.Context(), "pause", args[0], file, func(d *desk, name app.LaneName) error {
				out, err := d.lanes(stderr).Shut(cmd.Context(), name, span, strings.TrimSuffix("by "+whoAmI()+": "+noteOf(reason), ": "))
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(stdout, out)
				}
				return sayPaused(stdout, out)
			})
		},
	}
	cmd.Flags().StringVar(&file, "config", "", "the configuration `FILE` (YAML or JSON)")
	cmd.Flags().StringVar(&reason, "reason", "", "`TEXT` that says why, for everybody who looks")
	cmd.Flags().DurationVar(&span, "for", 0, "how long, such as 2h (default: until it is resumed)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

func oneLane(command string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usageError{fmt.Errorf("%s: give one lane, such as jumdata-main or jumdata-main:bulk", command)}
		}
		return nil
	}
}

// atLane does something to the lane that is named.
func atLane(ctx context.Context, command, lane, file string, do func(d *desk, name app.LaneName) error) error {
	return atDesk(ctx, command, file, func(d *desk) error {
		name, err := app.ParseLane(lane)
		if err != nil {
			return err
		}
		return do(d, name)
	})
}

// whoAmI is the name of the person at the keyboard, as far as it is known.
func whoAmI() string {
	if name := noteOf(os.Getenv("SUDO_USER")); name != "" {
		return name
	}
	if u, err := user.Current(); err == nil && noteOf(u.Username) != "" {
		return noteOf(u.Username)
	}
	return "somebody"
}

func sayPaused(w io.Writer, p app.PausedLane) error {
	until := "until it is resumed"
	if p.Until != nil {
		until = "until " + roundUp(*p.Until).Format(time.RFC3339)
	}
	text := p.Lane + " is paused " + until + ", " + noteOf(p.Detail)
	if p.Already {
		text = fmt.Sprintf("%s is paused already, since %s %s, %s; that stays (to change it: worker resume %s, then pause it again)",
			p.Lane, p.Since.Format(time.RFC3339), until, noteOf(p.Detail), p.Lane)
	}
	if len(p.PausedQueues) == 0 {
		text += "\nits workers pause its queues within a second"
	}
	_, err := fmt.Fprintln(w, text)
	return err
}
