package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/callpacer/callpacer/ratelimit"
)

const suppressImportHelp = `Put every number of a file on the list; - reads standard input. FILE.csv is CSV,
FILE.ndjson and FILE.jsonl are one JSON object a line; standard input and any
other name are NDJSON where they begin with {, else CSV. Both are UTF-8.

The first line of a CSV file names the columns, and a line of NDJSON has the same
fields, all strings: number, reason (of this row; else --reason), until (RFC 3339;
else for ever). Any other is an error. A number that comes twice has the reason
and end of its last row.

A file may be imported twice. A row that is refused stops no other. Standard error
gets the summary. The exit status is 3 where some rows failed, or all; 1 where the
file, its header or Redis did: rows that were told then stand.

With --json every row is one line on standard output, and nothing else is there:
  {"row","number","state"}              suppressed
  {"row","error"}                       refused`

const suppressImportExample = `  enqueue suppress import numbers.csv --reason "court order" --config callpacer.yaml
  cat numbers.ndjson | enqueue suppress import - --json --sandbox`

func (a *app) suppressImportCommand() *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use: importName + " FILE.csv|FILE.ndjson", Short: "Put every number of a file on the list",
		Long: suppressImportHelp, Example: suppressImportExample,
		Args: oneArgument("a file, or - for standard input"),
		RunE: a.action(func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("reason") {
				if _, err := readReason(reason); err != nil {
					return err
				}
			}
			return a.suppressImport(cmd.Context(), args[0], reason)
		}),
	}
	cmd.Flags().StringVar(&reason, "reason", "", "`TEXT` for rows that give no reason")
	return cmd
}

func (a *app) suppressImport(ctx context.Context, name, reason string) error {
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
	rows, err := suppressRowsOf(name, in)
	if err != nil {
		return aboutFile(name, err)
	}
	s, err := a.openSuppression(ctx)
	if err != nil {
		return err
	}
	defer s.link.close()
	now, err := s.link.store.Now(ctx)
	if err != nil {
		return s.link.explain(err, "")
	}
	b := &suppressBatch{app: a, suppression: s, reason: reason, now: now, out: bufio.NewWriter(a.stdout)}
	return b.finish(aboutFile(name, b.all(ctx, rows)))
}

// suppressBatch is one import of numbers.
type suppressBatch struct {
	app         *app
	suppression *suppression
	reason      string // of rows that give none
	now         time.Time
	out         *bufio.Writer

	chunk        []suppressItem
	told, failed int
}

// suppressItem is one row of a chunk.
type suppressItem struct {
	row   int
	entry ratelimit.Suppressed
	wrong error // the row's own; a *failure
}

// all adds every row. Its error ends the import early.
func (b *suppressBatch) all(ctx context.Context, rows suppressRows) error {
	for n := 1; ; n++ {
		row, wrong, err := rows.next()
		if errors.Is(err, io.EOF) {
			return b.flush(ctx)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err != nil {
			return err
		}
		i := suppressItem{row: n}
		if wrong != nil {
			i.wrong = wrong
		} else {
			row.reason = cmp.Or(row.reason, b.reason)
			i.entry, i.wrong = row.entry(b.now)
		}
		b.chunk = append(b.chunk, i)
		if len(b.chunk) == chunkRows {
			if err := b.flush(ctx); err != nil {
				return err
			}
		}
	}
}

// flush adds the chunk in the order of the file and tells its rows.
func (b *suppressBatch) flush(ctx context.Context) error {
	var entries []ratelimit.Suppressed
	for _, i := range b.chunk {
		if i.wrong == nil {
			entries = append(entries, i.entry)
		}
	}
	if len(entries) > 0 {
		if err := b.suppression.list.Add(ctx, b.suppression.groups, entries...); err != nil {
			return b.suppression.explain(err)
		}
	}
	for _, i := range b.chunk {
		if err := b.tell(i); err != nil {
			return err
		}
	}
	b.chunk = b.chunk[:0]
	if err := b.out.Flush(); err != nil {
		return failf("", "write to standard output: %v", err)
	}
	return nil
}

func (b *suppressBatch) tell(i suppressItem) error {
	b.told = i.row
	var f *failure
	switch wrong := errors.As(i.wrong, &f); {
	case wrong && !b.app.json:
		b.failed++
		b.app.say("row %d: %s", i.row, f)
		return nil
	case wrong:
		b.failed++
		return printJSON(b.out, struct {
			Row   int       `json:"row"`
			Error errorJSON `json:"error"`
		}{i.row, f.asJSON()})
	case !b.app.json:
		return printLine(b.out, "row %d: %s %s", i.row, i.entry.Masked, stateSuppressed)
	}
	return printJSON(b.out, struct {
		Row int `json:"row"`
		suppressedJSON
	}{i.row, suppressedJSON{Number: i.entry.Masked, State: stateSuppressed}})
}

// finish tells the sum and finds the status. broken is what ended the import early.
func (b *suppressBatch) finish(broken error) error {
	b.app.say("%d rows: %d suppressed, %d failed", b.told, b.told-b.failed, b.failed)
	var f *failure
	switch {
	case errors.As(broken, &f):
		b.app.say("%s (stopped after row %d; import the file again when this is mended)", f, b.told)
		return &failure{status: exitFailed, silent: true}
	case broken != nil:
		return broken
	case b.failed > 0:
		return &failure{status: exitSomeRows, silent: true}
	}
	return nil
}
