package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/callpacer/callpacer/configs"
	"github.com/callpacer/callpacer/internal/app"
)

const checkHelp = `Say whether a worker with this configuration would run and keep its promises.

It loads the configuration, builds every account's adapter, and looks at Redis:
version, maxmemory-policy, persistence and what a power loss can cost, scripts,
asynq's channel, and the clocks. It prints one line for each finding (ok, warn,
fail) and one for each lane. No vendor is asked, and nothing stays in Redis.

Exit status: 0 nothing failed (there may be warnings); 1 something failed;
2 wrong usage.`

func checkCommand(stdout io.Writer) *cobra.Command {
	var file string
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "check --config FILE",
		Short:   "Check the configuration, Redis and the clocks",
		Long:    checkHelp,
		Example: "  worker check --config /etc/callpacer/callpacer.yaml\n  worker check --config callpacer.yaml --json",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if file == "" {
				return usageError{errors.New("check: give --config FILE")}
			}
			report := examine(cmd.Context(), file)
			write := report.WriteText
			if asJSON {
				write = report.WriteJSON
			}
			if err := write(stdout); err != nil {
				return err
			}
			if n := report.Count(app.LevelFail); n > 0 {
				return fmt.Errorf("check: failed: %d", n)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&file, "config", "", "the configuration `FILE` (YAML or JSON)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a line")
	return cmd
}

// examine is the whole check; of a file that does not load it names every
// problem.
func examine(ctx context.Context, file string) app.Report {
	config, err := configs.LoadFile(file)
	if err == nil {
		return app.Check(ctx, config, app.CheckOptions{})
	}
	var report app.Report
	var broken *configs.Error
	if !errors.As(err, &broken) {
		report.Add("configuration", app.LevelFail, "%v", err)
		return report
	}
	for _, p := range broken.Problems {
		one := configs.Error{File: broken.File, Problems: []configs.Problem{p}}
		report.Add("configuration", app.LevelFail, "%v", &one)
	}
	return report
}
