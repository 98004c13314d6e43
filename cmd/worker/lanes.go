package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"

	"github.com/callpacer/callpacer/internal/app"
)

const lanesHelp = `Show how the lane of each account of the configuration stands: whether it is
open, why not and until when, and what waits in it.

  WHY, UNTIL            of several reasons the one that ends last; all of them, and
                        what is known of each, stand below the lane
  URGENT/NORMAL/BULK    tasks in the three queues, to be taken when they are open
  LATER                 tasks that come back at a time of their own
  IN-FLIGHT             calls that use a line, of max_in_flight
  RATE                  calls per second, in the last ten, of the rate
  HELD                  jobs that a rule or a retry keeps until a time, by reason
  IN-DOUBT              jobs that may have been placed: see enqueue status ID and
                        worker resolve

Reasons: window, daily_cap (rules of yours; they end by themselves), breaker (the
vendor fails; one trial after each pause), vendor_window, vendor_frequency (the
vendor said so), halt (balance, credentials: set it right, then worker resume, or
wait for a probe that finds it well; wrong credentials wait for a person),
operator (somebody paused it), operator/QUEUE (one queue), clock (Redis's time
was set back).

Of an account that its workers ask its vendor about, a line below the lane says
how it stands: state, balance (low: less is left than probe.warn_below) and how
long ago that was; or that the last question failed, and why.

Calls go only while a worker runs: a lane that none serves says so.

Nothing is written. Every job that has not ended is counted: a second or two
for each 100,000.

--json prints one object a line: {"account":…,"vendor":…,"group":…,"state":
"open"|"shut","reasons":[{"reason","since","until","detail"}],"depth":{"urgent",
"normal","bulk"},"later":…,"active":…,"in_flight":…,"max_in_flight":…,"rate":
{"used","limit","burst"},"held":{…},"in_doubt":…,"reserved":…,"failures":…,
"paused_queues":[…],"probe":{"at","state","balance","overdraft","currency","low",
"why"},"workers":…}; null is no limit, or no known end. probe is left out where the
vendor was never asked; its at is null where it never answered.
A reason has "trial":true while only the breaker's trial call is out.`

func lanesCommand(stdout, stderr io.Writer) *cobra.Command {
	var file string
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "lanes --config FILE",
		Short:   "Show which lanes are open, why not, and what waits in them",
		Long:    lanesHelp,
		Example: "  worker lanes --config callpacer.yaml\n  worker lanes --config callpacer.yaml --json",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, err := openDesk(cmd.Context(), file)
			if err != nil {
				return fmt.Errorf("lanes: %w", err)
			}
			defer d.close()
			if len(d.config.Accounts) == 0 {
				return errors.New("lanes: the configuration has no accounts; give that of a worker")
			}
			lanes := d.lanes(stderr)
			all, err := lanes.List(cmd.Context())
			if err != nil {
				return fmt.Errorf("lanes: %w", err)
			}
			now, err := d.store.Now(cmd.Context())
			if err != nil {
				return fmt.Errorf("lanes: %w", err)
			}
			others, err := lanes.Others(cmd.Context())
			if err != nil {
				return fmt.Errorf("lanes: %w", err)
			}
			write := func(w io.Writer) error { return laneTable{d.config, now}.write(w, all) }
			if asJSON {
				write = func(w io.Writer) error { return printLanes(w, all) }
			}
			if err := write(stdout); err != nil {
				return err
			}
			if len(others) > 0 {
				fmt.Fprintf(stderr, "worker: other workers have lanes that are not in this configuration: %s\n", strings.Join(others, ", "))
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&file, "config", "", "the configuration `FILE` (YAML or JSON)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a line")
	return cmd
}

// lanes are those of the configuration; what a person should know beside an answer
// goes to stderr.
func (d *desk) lanes(stderr io.Writer) *app.Lanes {
	log := logrus.New()
	log.SetOutput(stderr)
	log.SetLevel(logrus.WarnLevel)
	return app.NewLanes(d.config, d.rdb, log)
}

func printLanes(w io.Writer, all []app.LaneStatus) error {
	for _, l := range all {
		l.Reasons = clean(l.Reasons)
		if l.Probe != nil {
			l.Probe.Currency, l.Probe.Why = noteOf(l.Probe.Currency), noteOf(l.Probe.Why)
		}
		if err := printJSON(w, l); err != nil {
			return err
		}
	}
	return nil
}

// clean makes what vendors and persons said fit to be shown.
func clean(reasons []app.LaneReason) []app.LaneReason {
	for i := range reasons {
		reasons[i].Detail = noteOf(reasons[i].Detail)
	}
	return reasons
}
