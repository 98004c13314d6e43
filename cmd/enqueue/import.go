package main

import (
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/callpacer/callpacer/tasks"
)

const importHelp = `Put every row of a file on the queue; - reads standard input. FILE.csv is CSV,
FILE.ndjson and FILE.jsonl are one JSON object a line; standard input and any
other name are NDJSON where they begin with {, else CSV. Both are UTF-8.

--kind says what rows are that do not say it themselves (default notify); any
kind can be imported that has a command here. The first line of a CSV file names
the columns:
  notify               to, template, params (the template's variables with |
                       between them: 张三|8点; or param1, param2, …), times
  connect              from, to
  bind                 x (or auto), a, b, ttl, mode, record, display, prompts,
                       answer_prompts (ids with | or , between), user_data
  unbind               job, or subid, or mode and x
  poll, recording      vendor_id; poll also to
  every kind           kind, account (of this row; else --kind and --account),
                       priority, not_before, expires_at (RFC 3339), expires_in
                       (such as 2h), tags (order=1024|shop=7, or columns
                       tag.order, tag.shop), key or idempotency_key, or the
                       column that --key-column names
Any other column is an error. An empty cell is a value that is not given.

A line of NDJSON is one job with the same fields, params and prompts as lists of
strings, tags as an object, and the field that --key-column names. An unknown
field, one given twice or of the wrong type, and a line that is no JSON or longer
than 1 MiB are errors of that row. Empty lines are no rows.

A file may be imported twice: a row without a key gets one made of its account
and content, and of how many equal rows stand before it in the file. Rows that
were accepted before are told as duplicates and call nobody, also where their
priority, times of day or tags have changed. --new makes no keys: every row
without one is then a new job. Counting equal rows takes some 20 bytes of memory
a row, and --wait some 100; nothing else grows with the file.

A row that is refused stops no other. Standard error gets the summary. The exit
status is 3 where some rows failed, or all; 1 where the file, its header or
Redis did, or where --wait came to no end.

--dry-run only says which rows would be accepted. What their keys were used for
before is not looked at.

With --json every row that was tried is one line on standard output, and nothing
else is there: what is wrong with the file or Redis goes to standard error.
  {"row","error"}                       refused, at once
  {"row","id","state","duplicate"}      accepted, at once
  {"row","account","kind","state"}      valid, with --dry-run
With --wait an accepted row's line comes when its job has ended, or its binding
is active, and has "cause" too; if the wait breaks off, it tells the last state
that was seen.`

const importExample = `  enqueue import calls.csv --account jumdata-main --config callpacer.yaml
  enqueue import bindings.ndjson --account interline-main --kind bind --key-column order_no
  enqueue import calls.csv --account jumdata-main --config callpacer.yaml --dry-run
  enqueue import orders.csv --account jumdata-main --key-column order_no --json --wait
  cat calls.csv | enqueue import - --account jumdata-sandbox --sandbox`

const importName = "import"

type importFlags struct {
	account, kind, keyColumn string
	fresh, wait, dryRun      bool
	timeout                  time.Duration
}

func (a *app) importCommand() *cobra.Command {
	var f importFlags
	cmd := &cobra.Command{
		Use: importName + " FILE.csv|FILE.ndjson", Short: "Put every row of a file on the queue", Long: importHelp, Example: importExample,
		Args: oneArgument("a file, or - for standard input"),
		RunE: a.action(func(cmd *cobra.Command, args []string) error {
			if err := checkTimeout(cmd, f.wait, f.timeout); err != nil {
				return err
			}
			if f.dryRun && f.wait {
				return usagef("dry_run", "--dry-run accepts no job that --wait could wait for; leave one of them out")
			}
			return a.importFile(cmd.Context(), args[0], f)
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&f.account, "account", "", "`NAME` of the account of rows that name none")
	flags.StringVar(&f.kind, "kind", string(tasks.KindNotify), "`KIND` of rows that name none")
	flags.StringVar(&f.keyColumn, "key-column", "", "`NAME` of the column or field that holds the idempotency key")
	flags.BoolVar(&f.fresh, "new", false, "make every row without a key a new job")
	flags.BoolVar(&f.dryRun, "dry-run", false, "only say which rows would be accepted, and write nothing")
	flags.BoolVar(&f.wait, "wait", false, "wait until every accepted job has ended, or its binding is active")
	flags.DurationVar(&f.timeout, "timeout", 0, "with --wait: wait no longer than this `DURATION`")
	return cmd
}

func (a *app) importFile(ctx context.Context, name string, f importFlags) error {
	p, err := a.place()
	if err != nil {
		return err
	}
	defaults := tasks.Job{Kind: tasks.Kind(cmp.Or(f.kind, string(tasks.KindNotify))), Account: f.account}
	if err := checkKind(defaults.Kind); err != nil {
		return err
	}
	in := io.Reader(&interruptible{ctx: ctx, in: a.stdin})
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return failf("", "%s", err)
		}
		defer file.Close() //nolint:errcheck // only read from
		in = file
	} else {
		name = "standard input"
	}
	rows, err := rowsOf(name, in, defaults, f.keyColumn)
	if err != nil {
		return aboutFile(name, err)
	}
	b, stop, err := a.openBatch(ctx, p, f)
	if err != nil {
		return err
	}
	defer stop()
	err = b.all(ctx, rows)
	return b.finish(ctx, aboutFile(name, err))
}

// openBatch connects a batch to its Redis; stop ends the connection.
func (a *app) openBatch(ctx context.Context, p place, f importFlags) (b *batch, stop func(), err error) {
	if f.dryRun {
		j, err := a.newJudge(ctx, p)
		if err != nil {
			return nil, nil, err
		}
		j.note(a)
		return newBatch(a, j.link, j, f), j.close, nil
	}
	l, err := a.connect(ctx, p)
	if err != nil {
		return nil, nil, err
	}
	return newBatch(a, l, nil, f), l.close, nil
}

// checkKind refuses what no row could be.
func checkKind(kind tasks.Kind) error {
	f := refusal(tasks.Job{Kind: kind, Account: "any"}.Validate())
	if f != nil && f.field == "kind" {
		return f
	}
	return nil // what else is wrong with such a job is no matter here
}

// aboutFile puts the file's name before an error of reading it.
func aboutFile(name string, err error) error {
	var f *failure
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled):
		return failf("", "interrupted")
	case !errors.As(err, &f):
		return failf("", "%s: %s", name, err)
	case strings.HasPrefix(f.message, "line "):
		named := *f
		named.message = name + ": " + f.message
		return &named
	default:
		return f
	}
}
