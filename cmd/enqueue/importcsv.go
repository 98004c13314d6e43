package main

import (
	"context"
	"encoding/csv"
	"errors"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/callpacer/callpacer/tasks"
)

const importHelp = `Put every row of a CSV file (UTF-8) on the queue; - reads standard input.

The first line names the columns:
  to, template         required
  params               the template's variables with | between them: 张三|8点
  param1, param2, …    instead of params: one variable a column
  times, priority, not_before (RFC 3339), expires_in (such as 2h)
  account              of this row; else that of --account
  key                  or idempotency_key, or the column that --key-column names
  tags                 order=1024|shop=7, or columns tag.order, tag.shop
Any other column is an error. An empty cell is a value that is not given.

A file may be imported twice: a row without a key gets one made of its account,
to, template, params and times, and of how many equal rows stand before it in
the file. Rows that were accepted before are told as duplicates and call nobody,
also where their priority, times of day or tags have changed. --new makes no
keys: every row without one is then a new call. Counting equal rows takes some
20 bytes of memory a row, and --wait some 100; nothing else grows with the file.

A row that is refused stops no other. Standard error gets the summary. The exit
status is 3 where some rows failed, or all; 1 where the file, its header or
Redis did, or where --wait came to no end.

With --json every row that was tried is one line on standard output:
  {"row","error"}                       refused, at once
  {"row","id","state","duplicate"}      accepted, at once
With --wait an accepted row's line comes when its job has ended, and has "cause"
too; if the wait breaks off, it tells the last state that was seen.`

const importExample = `  enqueue import calls.csv --account jumdata-main --config callpacer.yaml
  enqueue import orders.csv --account jumdata-main --key-column order_no --json --wait
  cat calls.csv | enqueue import - --account jumdata-sandbox --sandbox`

type importFlags struct {
	account, kind, keyColumn string
	fresh, wait              bool
	timeout                  time.Duration
}

func (a *app) importCommand() *cobra.Command {
	var f importFlags
	cmd := &cobra.Command{
		Use: "import FILE.csv", Short: "Put every row of a file on the queue", Long: importHelp, Example: importExample,
		Args: oneArgument("a file, or - for standard input"),
		RunE: a.action(func(cmd *cobra.Command, args []string) error {
			if err := checkTimeout(cmd, f.wait, f.timeout); err != nil {
				return err
			}
			return a.importFile(cmd.Context(), args[0], f)
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&f.account, "account", "", "`NAME` of the account of rows that name none")
	flags.StringVar(&f.kind, "kind", string(tasks.KindNotify), "what every row is")
	flags.StringVar(&f.keyColumn, "key-column", "", "the column `NAME` that holds the idempotency key")
	flags.BoolVar(&f.fresh, "new", false, "make every row without a key a new call")
	flags.BoolVar(&f.wait, "wait", false, "wait until every accepted job has ended")
	flags.DurationVar(&f.timeout, "timeout", 0, "with --wait: wait no longer than this `DURATION`")
	return cmd
}

func (a *app) importFile(ctx context.Context, name string, f importFlags) error {
	p, err := a.place()
	if err != nil {
		return err
	}
	if f.kind != string(tasks.KindNotify) {
		return failf("kind", "%q cannot be imported in this version; notify can", f.kind)
	}
	switch lower := strings.ToLower(name); {
	case strings.HasSuffix(lower, ".ndjson"), strings.HasSuffix(lower, ".jsonl"):
		return failf("", "%s: NDJSON files come in a later version; this one imports CSV", name)
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
	rows := newCSVReader(in)
	t, err := headerOf(rows, f)
	if err != nil {
		return aboutFile(name, err)
	}
	l, err := a.connect(ctx, p)
	if err != nil {
		return err
	}
	defer l.close()
	b := newBatch(a, l, f)
	err = b.all(ctx, rows, t)
	return b.finish(ctx, aboutFile(name, err))
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

func headerOf(rows *csvReader, f importFlags) (*table, error) {
	cells, err := rows.next()
	var wrong *csv.ParseError
	switch {
	case errors.Is(err, io.EOF):
		return nil, failf("", "line 1: the file is empty; its first line names the columns")
	case errors.As(err, &wrong):
		return nil, badSyntax(wrong)
	case err != nil:
		return nil, err
	}
	line, _ := rows.rows.FieldPos(0)
	return readHeader(line, cells, tasks.KindNotify, f.account, f.keyColumn)
}
