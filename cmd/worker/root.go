package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/callpacer/callpacer/internal/app"
)

// Exit statuses.
const (
	statusDone   = 0
	statusFailed = 1
	statusUsage  = 2
)

// usageError is a command line that cannot be meant.
type usageError struct{ error }

type flags struct {
	config        string
	sandbox, once bool
	json          bool
}

// run is the whole command: it prints what there is to say and returns the
// exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	cmd := command(stdout, stderr)
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(ctx)
	var usage usageError
	switch {
	case err == nil:
		return statusDone
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "worker: %v\nSee 'worker --help'.\n", err)
		return statusUsage
	}
	fmt.Fprintf(stderr, "worker: %v\n", err)
	return statusFailed
}

func command(stdout, stderr io.Writer) *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use:   "worker (--config FILE | --sandbox [--once])",
		Short: "Execute call jobs against the voice vendors, within every rule",
		Long: `Execute call jobs against the voice vendors, within every rule.

With --config it serves the accounts of a configuration file until it is told
to stop (SIGTERM or Ctrl-C): then it takes no more jobs, lets the requests in
flight end and settles them, and exits. Give it as long as the longest vendor
timeout and two and a half minutes before you kill it.

With --sandbox everything runs in this one process: an embedded Redis, a
simulated vendor of each kind on loopback, and a sample batch of every kind of
job. Nothing of it is kept and nobody is called.`,
		Example: `  worker --config /etc/callpacer/callpacer.yaml
  worker --sandbox --once
  worker check --config /etc/callpacer/callpacer.yaml`,
		Args:          noArguments,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.check(); err != nil {
				return usageError{err}
			}
			if f.sandbox {
				return app.RunSandbox(cmd.Context(), app.SandboxOptions{
					Once: f.once, JSON: f.json, Terminal: isTerminal(stdout), Out: stdout, Err: stderr,
				})
			}
			say := func(state) error { return nil }
			if f.json {
				say = func(s state) error { return printJSON(stdout, map[string]state{"state": s}) }
			}
			return serve(cmd.Context(), f.config, stderr, say)
		},
	}
	cmd.SetOut(stdout)
	cmd.SetErr(stderr)
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	cmd.CompletionOptions.DisableDefaultCmd = true
	cmd.SetHelpCommand(helpCommand())
	cmd.AddCommand(checkCommand(stdout), healthCommand(stdout), pushURLCommand(stdout))
	cmd.AddCommand(resolveCommand(stdout), locksCommand(stdout))
	cmd.AddCommand(orphansCommand(stdout), deadLettersCommand(stdout), replayCommand(stdout))
	cmd.AddCommand(lanesCommand(stdout, stderr), pauseCommand(stdout, stderr), resumeCommand(stdout, stderr))
	cmd.Flags().StringVar(&f.config, "config", "", "the configuration `FILE` (YAML or JSON)")
	cmd.Flags().BoolVar(&f.sandbox, "sandbox", false, "run everything in this process with simulated vendors")
	cmd.Flags().BoolVar(&f.once, "once", false, "with --sandbox: exit when the sample batch is done")
	cmd.Flags().BoolVar(&f.json, "json", false, "print one JSON object a line: with --sandbox the closing table, else {\"state\":…} when the worker is ready, stopping and stopped")
	return cmd
}

// What is drawn in place needs so many columns and lines.
const drawnWidth, drawnHeight = 100, 35

// isTerminal says that a person watches, at a terminal large enough to draw in.
func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	width, height, err := term.GetSize(int(file.Fd()))
	return err == nil && width >= drawnWidth && height >= drawnHeight
}

func noArguments(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError{fmt.Errorf("unknown command %q", args[0])}
	}
	return nil
}

func (f flags) check() error {
	switch {
	case f.sandbox && f.config != "":
		return errors.New("--sandbox and --config exclude each other")
	case !f.sandbox && f.config == "":
		return errors.New("give --config FILE, or --sandbox to try it without anything installed")
	case f.once && !f.sandbox:
		return errors.New("--once goes with --sandbox")
	}
	return nil
}
