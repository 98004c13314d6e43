package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"
)

const exportHelp = `Write one row for each job that was created on a day, and for each call and each
message (kind sms, without its text) over a binding whose record began on it: what
the vendor calls it, how it ended and why, how long it took and what it cost.
Numbers are masked.

A day is one of Asia/Shanghai, or of --zone; the times in the rows are of that zone
too, in RFC 3339. The rows are in the order of their ids: those of jobs without an
idempotency key follow each other as they were created, those with one do not.

Records leave Redis when their job has ended and records.retention (72h unless the
configuration says otherwise) has passed: a day further back than that is not
complete. Export each day soon after its end; jobs that have not ended are there
too, as they stand.

Both formats have the same columns:
  id, account, vendor, kind, state, cause, to, from, vendor_id, vendor_task,
  attempts, created_at, ended_at, answered_at, released_at, duration_s, billed_s,
  billable, cost, currency, dtmf, hangup_by, vendor_code, tags
to and from are a binding's B and A. What is not known is empty, in ndjson null or
"" or, of tags, {}.

--format csv (the default) is for Excel: UTF-8 with a byte order mark, CRLF, quotes
where they are needed (RFC 4180); a cell that a spreadsheet would take for a formula
begins with '. Tags are name=value with | between them. Excel rounds long ids when
it opens a file: import the columns as text. --format ndjson, which is also what
--json means here, is one object a line and alters nothing.

--out FILE is there whole or not at all, readable by its owner only; - is standard
output. The number of rows goes to standard error. A record that leaves Redis while
it is read is left out, and counted there.`

const exportExample = `  enqueue export --day 2026-11-22 --config callpacer.yaml --out calls.csv
  enqueue export --day 2026-11-22 --account jumdata-main --format ndjson | jq .cost
  enqueue export --day 2026-11-22 --zone Asia/Tokyo --sandbox`

const (
	exportName = "export"
	chinaZone  = "Asia/Shanghai"
	csvName    = "csv"
	ndjsonName = "ndjson"
)

type exportFlags struct {
	day, account, format, out, zone string
}

func (a *app) exportCommand() *cobra.Command {
	var f exportFlags
	cmd := &cobra.Command{
		Use: exportName, Short: "Write a day's jobs as CSV or NDJSON", Long: exportHelp, Example: exportExample,
		Args: noArguments,
		RunE: a.action(func(cmd *cobra.Command, _ []string) error {
			given := cmd.Flags().Changed
			if err := missing([]string{"day"}, given); err != nil {
				return err
			}
			d, err := readDay(f.day, f.zone)
			if err != nil {
				return err
			}
			if f.format, err = a.exportFormat(f.format, given("format")); err != nil {
				return err
			}
			if given("account") && f.account == "" { // of a script's unset variable: all was not meant
				return usagef("account", "--account is empty; leave it out for all of them")
			}
			if f.out == "" {
				return usagef("out", "--out is empty; give a file, or - for standard output")
			}
			return a.export(cmd.Context(), d, f)
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&f.day, "day", "", "the `DAY` of creation, such as 2026-11-22 (required)")
	flags.StringVar(&f.account, "account", "", "only jobs of this account, by its `NAME` (default: of all)")
	flags.StringVar(&f.format, "format", csvName, "csv or ndjson")
	flags.StringVar(&f.out, "out", "-", "write to `FILE`; - is standard output")
	flags.StringVar(&f.zone, "zone", chinaZone, "time `ZONE` of the day and of the times in the rows")
	return cmd
}

// exportFormat is the format of the rows; --json asks for NDJSON.
func (a *app) exportFormat(format string, given bool) (string, error) {
	switch {
	case format != csvName && format != ndjsonName:
		return "", usagef("format", "--format %q is not known; it is csv or ndjson", format)
	case a.json && given && format == csvName:
		return "", usagef("format", "--json is --format ndjson, and there is --format csv; leave one of them out")
	case a.json:
		return ndjsonName, nil
	}
	return format, nil
}

// day is a calendar day of a zone.
type day struct {
	name string // such as 2026-11-22
	zone *time.Location
}

func readDay(written, zoneName string) (day, error) {
	if zoneName == "" || zoneName == "Local" { // which would depend on the machine
		return day{}, usagef("zone", "--zone %q is not a time zone such as %s or UTC", zoneName, chinaZone)
	}
	zone, err := time.LoadLocation(zoneName)
	if err != nil {
		return day{}, usagef("zone", "--zone %q is not a time zone such as %s or UTC", zoneName, chinaZone)
	}
	if _, err := time.Parse(time.DateOnly, written); err != nil {
		return day{}, usagef("day", "--day %q is not a date such as 2026-11-22", written)
	}
	return day{written, zone}, nil
}

// has also holds in zones where a day has no midnight, or 23 hours.
func (d day) has(t time.Time) bool { return t.In(d.zone).Format(time.DateOnly) == d.name }

func (a *app) export(ctx context.Context, d day, f exportFlags) error {
	p, err := a.place()
	if err != nil {
		return err
	}
	l, err := a.connect(ctx, p)
	if err != nil {
		return err
	}
	defer l.close()
	groups, err := l.groupsOf(ctx, p, f.account)
	if err != nil {
		return err
	}
	out, err := a.openOut(f.out)
	if err != nil {
		return err
	}
	e := &exporter{link: l, day: d, account: f.account, rows: newRowWriter(out.buffer, f.format)}
	if err := e.all(ctx, groups); err != nil {
		out.drop()
		return l.explain(err, "; what was written is not the whole day")
	}
	if err := out.keep(); err != nil {
		return err
	}
	a.say("%s", e.summary())
	return nil
}
