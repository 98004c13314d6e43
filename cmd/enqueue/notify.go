package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/callpacer/callpacer/tasks"
)

const notifyHelp = `Play a vendor's template to one phone.

--param gives the template's variables in order, once for each; a comma does
not separate them. With --key every submit of the same key is one call, also
days later; without it each run of this command is a new call.

With --sandbox the last two digits of --to decide what happens: 11 no answer,
12 busy, 13 rejected, 14 the vendor refuses the number, 15, 17 and 19 the
vendor's answer is lost after the call was placed, 16 the connection is cut
before, once, 18 blacklisted, 20 maintenance, once; any other is answered.`

const notifyExample = `  enqueue notify --account jumdata-main --to 13800138000 --template 1001 --param 张三 --param 8点 --key order-1
  enqueue notify --sandbox --account jumdata-sandbox --to 13800138012 --template 1001 --priority urgent --json`

// notifyFlags are the flags of one job.
type notifyFlags struct {
	job       tasks.Job
	times     int
	priority  string
	notBefore string
	expiresIn time.Duration
	tags      []string
	dryRun    bool
}

func (a *app) notifyCommand() *cobra.Command {
	var f notifyFlags
	cmd := &cobra.Command{
		Use: "notify", Short: "Play a template to one phone", Long: notifyHelp, Example: notifyExample,
		Args: noArguments,
		RunE: a.action(func(cmd *cobra.Command, _ []string) error {
			job, err := f.read(cmd.Flags().Changed)
			if err != nil {
				return err
			}
			p, err := a.place()
			if err != nil {
				return err
			}
			if err := job.Validate(); err != nil {
				return refusal(err)
			}
			if f.dryRun {
				return a.dryRun(cmd.Context(), p, job)
			}
			return a.notify(cmd.Context(), p, job)
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&f.job.Account, "account", "", "`NAME` of the account that calls (required)")
	flags.StringVar(&f.job.To, "to", "", "11-digit mainland mobile `NUMBER` (required)")
	flags.StringVar(&f.job.Template, "template", "", "the vendor's template `ID` (required)")
	flags.StringArrayVar(&f.job.Params, "param", nil, "`VALUE` of the next template variable; repeat it")
	flags.IntVar(&f.times, "times", 0, "play it `N` times, 1 to 3 (default: the vendor's)")
	flags.StringVar(&f.job.IdempotencyKey, "key", "", "idempotency `KEY`: all its submits are one call")
	flags.StringVar(&f.notBefore, "not-before", "", "do not call before this `TIME` (RFC 3339)")
	flags.DurationVar(&f.expiresIn, "expires-in", 0, "give up when not called within this `DURATION` (default 24h)")
	flags.StringVar(&f.priority, "priority", "", "urgent, normal or bulk (default normal)")
	flags.StringArrayVar(&f.tags, "tag", nil, "`NAME=VALUE` kept with the job; repeat it")
	flags.BoolVar(&f.dryRun, "dry-run", false, "only say whether the job would be accepted")
	for _, name := range []string{"account", "to", "template"} {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic(err) // a flag that was just defined
		}
	}
	return cmd
}

// noArguments differs from cobra.NoArgs, which speaks of an unknown command.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("", "%s takes flags only, and there is %q", cmd.Name(), args[0])
	}
	return nil
}

// read makes the job of the flags. A malformed flag is wrong usage; a value
// that no job may have is a refused job.
func (f *notifyFlags) read(given func(flag string) bool) (tasks.Job, error) {
	j := f.job
	j.Kind, j.Times, j.Priority, j.ExpiresIn = tasks.KindNotify, f.times, tasks.Priority(f.priority), f.expiresIn
	if given("not-before") {
		at, err := parseTime(f.notBefore)
		if err != nil {
			return tasks.Job{}, usagef("not_before", "%s", err)
		}
		j.NotBefore = at
	}
	for _, tag := range f.tags {
		if err := addTag(&j, tag); err != nil {
			return tasks.Job{}, usagef("tags", "%s", err)
		}
	}
	switch {
	case given("key") && j.IdempotencyKey == "":
		return tasks.Job{}, failf("idempotency_key", "is empty; without a key each submit would be a new call")
	case given("times") && j.Times == 0:
		return tasks.Job{}, failf("times", "%s", zeroTimes)
	case given("expires-in") && j.ExpiresIn == 0:
		return tasks.Job{}, failf("expires_in", "%s", zeroSpan)
	}
	return j, nil
}

const (
	zeroTimes = "is 0; a message is played 1 to 3 times"
	zeroSpan  = "is zero; give a duration such as 2h"
)

func parseTime(text string) (time.Time, error) {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || at.IsZero() {
		return time.Time{}, fmt.Errorf("%q is not a time in RFC 3339, such as 2027-01-31T09:00:00+08:00", text)
	}
	return at, nil
}

func addTag(j *tasks.Job, text string) error {
	name, value, ok := strings.Cut(text, "=")
	if !ok || name == "" {
		return fmt.Errorf("a tag is NAME=VALUE, such as order=1024")
	}
	if _, twice := j.Tags[name]; twice {
		return fmt.Errorf("tag %q is given twice", name)
	}
	if j.Tags == nil {
		j.Tags = map[string]string{}
	}
	j.Tags[name] = value
	return nil
}

func (a *app) notify(ctx context.Context, p place, job tasks.Job) error {
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
	return "; whether the job was accepted is open, and without a key a second submit may be a second call"
}

func accepted(r tasks.Receipt) string {
	if r.Duplicate {
		return fmt.Sprintf("%s is there already, %s", r.ID, r.State)
	}
	return r.ID + " " + r.State
}
