package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/callpacer/callpacer/tasks"
)

// jobCommand is a command that enqueues one job of its kind.
type jobCommand struct {
	kind                 tasks.Kind
	short, long, example string
	required             []string // flags, beside --account
	// flags defines the kind's own, which fill the job.
	flags func(cmd *cobra.Command, j *tasks.Job)
	// contradiction says which flags exclude each other; nil: none do.
	contradiction func(given func(flag string) bool) error
}

// jobCommands are the kinds of jobs that applications can enqueue.
func jobCommands() []jobCommand {
	return []jobCommand{
		notifyCommand(), connectCommand(), bindCommand(), unbindCommand(), pollCommand(), recordingCommand(), accountCommand(),
	}
}

func (a *app) jobCommand(c jobCommand) *cobra.Command {
	f := &jobFlags{job: tasks.Job{Kind: c.kind}}
	cmd := &cobra.Command{
		Use: string(c.kind), Short: c.short, Long: c.long, Example: c.example,
		Args: noArguments,
	}
	cmd.RunE = a.action(func(cmd *cobra.Command, _ []string) error {
		job, err := c.read(f, cmd.Flags().Changed)
		if err != nil {
			return err
		}
		p, err := a.place()
		if err != nil {
			return err
		}
		if err := c.validate(job, cmd.Flags().Changed); err != nil {
			return err
		}
		if f.dryRun {
			return a.dryRun(cmd.Context(), p, job)
		}
		return a.enqueue(cmd.Context(), p, job)
	})
	f.define(cmd)
	c.flags(cmd, &f.job)
	return cmd
}

func (c jobCommand) read(f *jobFlags, given func(flag string) bool) (tasks.Job, error) {
	if err := missing(append([]string{"account"}, c.required...), given); err != nil {
		return tasks.Job{}, err
	}
	if c.contradiction != nil {
		if err := c.contradiction(given); err != nil {
			return tasks.Job{}, err
		}
	}
	return f.read(given)
}

// validate tells a value that no job may have from a flag that is not there,
// which is wrong usage.
func (c jobCommand) validate(job tasks.Job, given func(flag string) bool) error {
	err := job.Validate()
	if err == nil {
		return nil
	}
	f := refusal(err)
	if f == nil {
		return err
	}
	if !given(flagOf(f.field)) {
		f.status = exitUsage
	}
	return f
}

// noArguments differs from cobra.NoArgs, which speaks of an unknown command.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("", "%s takes flags only, and there is %q", cmd.Name(), args[0])
	}
	return nil
}

func (a *app) enqueue(ctx context.Context, p place, job tasks.Job) error {
	l, err := a.connect(ctx, p)
	if err != nil {
		return err
	}
	defer l.close()
	receipt, err := l.client.Enqueue(ctx, job)
	if err != nil {
		return l.explain(err, openEnd(job))
	}
	if a.json {
		return printJSON(a.stdout, receipt)
	}
	return printLine(a.stdout, "%s; follow it with: enqueue status %s%s --wait", accepted(receipt), receipt.ID, a.where.again())
}

// openEnd says what to do after an error that leaves open whether the job was
// accepted.
func openEnd(j tasks.Job) string {
	if j.IdempotencyKey != "" {
		return "; whether the job was accepted is open: submit it again, its key makes that safe"
	}
	again := "a second job"
	switch j.Kind {
	case tasks.KindNotify, tasks.KindConnect, "":
		again = "a second call"
	case tasks.KindBind:
		again = "a second binding"
	case tasks.KindUnbind, tasks.KindPoll, tasks.KindRecording, tasks.KindAccount, tasks.KindPush:
	}
	return "; whether the job was accepted is open, and without a key a second submit may be " + again
}

func accepted(r tasks.Receipt) string {
	if r.Duplicate {
		return fmt.Sprintf("%s is there already, %s", r.ID, r.State)
	}
	return r.ID + " " + r.State
}
