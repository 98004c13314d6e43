package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/callpacer/callpacer/internal/app"
)

const resumeHelp = `Open a lane, or one of its queues, again: what a person can take away is taken
away, or only what --reason names. That is a pause (operator, operator/QUEUE), a
halt (set right first what the vendor refused for), the breaker's pause, what the
vendor said (vendor_window, vendor_frequency), and clock. A lane whose window is
shut or whose daily_cap is used up opens by itself when that ends, not before.

Resuming a whole lane resumes its queues, too; resuming a queue takes away the
pause of this queue alone.

Jobs go out as the rules let them: a lane that was shut for long opens at its
rate, not with a burst of everything that waits.

Exit status: 0 it is done, also where nothing was to be opened, or something else
still shuts the lane (which is told); 1 there is no such lane, Redis is away, or
--reason names what ends by itself; 2 wrong usage.`

func resumeCommand(stdout, stderr io.Writer) *cobra.Command {
	var file string
	var reasons []string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "resume LANE --config FILE [--reason REASON …]",
		Short: "Open a lane, or one of its queues, again",
		Long:  resumeHelp,
		Example: "  worker resume jumdata-main --config callpacer.yaml\n" +
			"  worker resume jumdata-main --reason halt --config callpacer.yaml",
		Args: oneLane("resume"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkReasons(args[0], reasons); err != nil {
				return fmt.Errorf("resume: %w", err)
			}
			return atLane(cmd.Context(), "resume", args[0], file, func(d *desk, name app.LaneName) error {
				out, err := d.lanes(stderr).Open(cmd.Context(), name, reasons...)
				if err != nil {
					return err
				}
				if asJSON {
					out.Still = clean(out.Still)
					return printJSON(stdout, out)
				}
				return sayResumed(stdout, out)
			})
		},
	}
	cmd.Flags().StringVar(&file, "config", "", "the configuration `FILE` (YAML or JSON)")
	cmd.Flags().StringSliceVar(&reasons, "reason", nil, "only this `REASON`; may be given several times")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

func checkReasons(lane string, reasons []string) error {
	if strings.Contains(lane, ":") && len(reasons) > 0 {
		return usageError{errors.New("--reason goes with a whole lane; of a queue its pause is taken away")}
	}
	for _, r := range reasons {
		if r == "window" || r == "daily_cap" {
			return fmt.Errorf("%s is a rule of the configuration; it ends by itself (worker lanes says when)", r)
		}
		if !slices.Contains(app.OpenableReasons, r) {
			return usageError{fmt.Errorf("%q is no reason that can be taken away; these are %s", r, strings.Join(app.OpenableReasons, ", "))}
		}
	}
	return nil
}

func sayResumed(w io.Writer, r app.ResumedLane) error {
	var out strings.Builder
	switch {
	case len(r.Opened) > 0:
		fmt.Fprintf(&out, "%s: %s taken away\n", r.Lane, strings.Join(r.Opened, ", "))
	default:
		fmt.Fprintf(&out, "%s: there was nothing to take away\n", r.Lane)
	}
	for _, s := range clean(r.Still) {
		switch {
		case s.Until != nil && !slices.Contains(app.OpenableReasons, s.Reason):
			fmt.Fprintf(&out, "still shut: %s, which ends by itself at %s\n", s.Reason, roundUp(*s.Until).Format(time.RFC3339))
		case s.Until != nil:
			fmt.Fprintf(&out, "still shut: %s until %s%s\n", s.Reason, roundUp(*s.Until).Format(time.RFC3339), behind(s.Detail))
		default:
			fmt.Fprintf(&out, "still shut: %s until somebody takes it away%s\n", s.Reason, behind(s.Detail))
		}
	}
	switch {
	case !r.RulesKnown:
		out.WriteString("its rules are not known here: its window or daily_cap may shut it\n")
	case len(r.Still) == 0:
		fmt.Fprintf(&out, "%s is open\n", r.Lane)
	}
	_, err := io.WriteString(w, out.String())
	return err
}

func behind(detail string) string {
	if detail == "" {
		return ""
	}
	return ": " + detail
}
