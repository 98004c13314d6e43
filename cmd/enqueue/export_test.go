package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/tasks"
)

// born puts a record there as the scripts would, created at the time.
func born(t *testing.T, r *redistest.Redis, id, created string, fields ...any) {
	t.Helper()
	at, err := time.Parse(time.RFC3339, created)
	if err != nil {
		t.Fatal(err)
	}
	set(t, r, id, append([]any{"state", "queued", "kind", "notify", "account", account, "vendor", "jumdata", "created_at", at.UnixMilli()}, fields...)...)
}

// sheet reads standard output, or a file's content, as CSV: by id, what each
// column says. It fails unless every row has every column.
func (o outcome) sheet(content string) (ids []string, rows map[string]map[string]string) {
	o.t.Helper()
	content, marked := strings.CutPrefix(content, "\xef\xbb\xbf")
	if !marked || strings.Contains(strings.ReplaceAll(content, "\r\n", ""), "\n") || !strings.HasSuffix(content, "\r\n") {
		o.t.Errorf("no byte order mark, or a line end that is not CRLF: %q", content)
	}
	table := csv.NewReader(strings.NewReader(content))
	header, err := table.Read()
	if err != nil || !slices.Equal(header, exportColumns) {
		o.t.Fatalf("header %v, %v", header, err)
	}
	rows = make(map[string]map[string]string)
	for {
		cells, err := table.Read()
		if err == io.EOF {
			return ids, rows
		}
		if err != nil {
			o.t.Fatal(err)
		}
		row := make(map[string]string)
		for i, cell := range cells {
			row[header[i]] = cell
		}
		ids = append(ids, row["id"])
		rows[row["id"]] = row
	}
}

func TestExportOfADay(t *testing.T) {
	each(t, func(t *testing.T, r *redistest.Redis) {
		if _, err := tasks.Publish(t.Context(), r.Client, tasks.Account{Name: "interline-main", Vendor: "interline", Group: "interline"}); err != nil {
			t.Fatal(err)
		}
		id := notify(t, r, "--tag", "order=7", "--tag", "phone=139 0013 9007")
		set(t, r, id, "state", "completed", "vendor_id", "69564903663951243279", "vendor_task", "t", "attempts", 2,
			"created_at", 1795276800123, "ended_at", 1795276830000, "answered_at", 1795276810000, "released_at", 1795276822500,
			"duration_ms", 12500, "billed_ms", 60000, "billable", 1, "cost", "0.02", "currency", "CNY", "dtmf", "1#",
			"hangup_by", "callee", "vendor_code", "200", "cause", "told of "+number)
		born(t, r, "jumdata.other", "2026-11-22T04:00:00Z", "account", "jumdata-other")
		born(t, r, "jumdata.before", "2026-11-21T15:59:59.999Z")
		born(t, r, "interline.b", "2026-11-22T04:00:00Z", "kind", "bind", "account", "interline-main", "vendor", "interline")
		born(t, r, "interline.b/c1", "2026-11-22T05:00:00Z", "kind", "call", "account", "interline-main", "parent", "interline.b",
			"from", "138****8007", "state", "no_answer")
		born(t, r, "interline.b/m1", "2026-11-22T06:00:00Z", "kind", "sms", "account", "interline-main", "parent", "interline.b",
			"from", "138****8007", "state", "completed")

		o := on(t, r, "export", "--day", "2026-11-22").want(0, "id,", "5 rows of 2026-11-22 (Asia/Shanghai)\n")
		ids, rows := o.sheet(o.stdout)
		if !slices.Equal(ids, []string{"interline.b", "interline.b/c1", "interline.b/m1", id, "jumdata.other"}) || rows["interline.b/m1"]["kind"] != "sms" {
			t.Errorf("ids %v", ids)
		}
		want := map[string]string{
			"id": id, "account": account, "vendor": "jumdata", "kind": "notify", "state": "completed", "cause": "told of " + masked,
			"to": masked, "from": "", "vendor_id": "69564903663951243279", "vendor_task": "t", "attempts": "2",
			"created_at": "2026-11-22T00:00:00.123+08:00", "ended_at": "2026-11-22T00:00:30.000+08:00",
			"answered_at": "2026-11-22T00:00:10.000+08:00", "released_at": "2026-11-22T00:00:22.500+08:00",
			"duration_s": "12.5", "billed_s": "60", "billable": "true", "cost": "0.02", "currency": "CNY", "dtmf": "1#",
			"hangup_by": "callee", "vendor_code": "200", "tags": "order=7|phone=" + masked,
		}
		if !maps.Equal(rows[id], want) {
			t.Errorf("row  %v\nwant %v", rows[id], want)
		}
		if call := rows["interline.b/c1"]; call["kind"] != "call" || call["from"] != "138****8007" || call["duration_s"] != "" || call["billable"] != "" || call["ended_at"] != "" {
			t.Errorf("call %v", call)
		}

		o = on(t, r, "export", "--day", "2026-11-22", "--account", account, "--format", "ndjson").want(0, "{", "1 row of 2026-11-22")
		got := o.only()
		if got["id"] != id || got["duration_s"] != 12.5 || got["billable"] != true || got["cost"] != "0.02" || got["attempts"] != 2.0 ||
			got["created_at"] != want["created_at"] || got["tags"].(map[string]any)["phone"] != masked {
			t.Errorf("object %v", got)
		}
		on(t, r, "export", "--day", "2026-11-23").want(0, "id,", "0 rows of 2026-11-23")
		on(t, r, "export", "--day", "2026-11-23", "--json").want(0, "", "0 rows")
	})
}

// TestExportsNamesAreOne: both formats have the same names in the same order,
// and NDJSON has each of them in every object.
func TestExportsNamesAreOne(t *testing.T) {
	r := mini(t)
	born(t, r, "jumdata.a", "2026-11-22T04:00:00Z")
	o := on(t, r, "export", "--day", "2026-11-22", "--json").want(0, "{", "1 row")
	var names []string
	d := json.NewDecoder(strings.NewReader(o.stdout))
	for depth, name := 0, true; d.More() || depth > 0; {
		token, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		switch v := token.(type) {
		case json.Delim:
			depth += map[json.Delim]int{'{': 1, '}': -1}[v]
			name = true // after an object, or in one, a name is next
		case string:
			if name && depth == 1 {
				names = append(names, v)
			}
			name = !name
		default:
			name = true
		}
	}
	if !slices.Equal(names, exportColumns) {
		t.Errorf("names %v", names)
	}
	got := o.only()
	for name, want := range map[string]any{"ended_at": nil, "duration_s": nil, "billable": nil, "cost": "", "attempts": 0.0} {
		if v, there := got[name]; !there || v != want {
			t.Errorf("%s is %v (%v), want %v", name, v, there, want)
		}
	}
	if tags, ok := got["tags"].(map[string]any); !ok || len(tags) != 0 {
		t.Errorf("tags %v", got["tags"])
	}
}

// TestExportsDayIsTheZones: its first and last millisecond are in it, and those
// beside it are not.
func TestExportsDayIsTheZones(t *testing.T) {
	r := mini(t)
	for id, created := range map[string]string{
		"a": "2026-11-21T14:59:59.999Z", "b": "2026-11-21T15:00:00Z", "c": "2026-11-21T15:59:59.999Z", "d": "2026-11-21T16:00:00Z",
		"e": "2026-11-22T14:59:59.999Z", "f": "2026-11-22T15:00:00Z", "g": "2026-11-22T15:59:59.999Z", "h": "2026-11-22T16:00:00Z",
	} {
		born(t, r, "jumdata."+id, created)
	}
	for zone, want := range map[string]string{"": "d e f g", "Asia/Shanghai": "d e f g", "Asia/Tokyo": "b c d e", "UTC": "e f g h"} {
		args := []string{"export", "--day", "2026-11-22"}
		if zone != "" {
			args = append(args, "--zone", zone)
		}
		o := on(t, r, args...).want(0, "id,", "4 rows")
		ids, rows := o.sheet(o.stdout)
		if got := strings.ReplaceAll(strings.Join(ids, " "), "jumdata.", ""); got != want {
			t.Errorf("%q has %s, want %s", zone, got, want)
		}
		if zone == "Asia/Tokyo" && rows["jumdata.b"]["created_at"] != "2026-11-22T00:00:00.000+09:00" {
			t.Errorf("times of another zone: %v", rows["jumdata.b"])
		}
	}
}

// TestExportHasNoFormulas: what a vendor or an application wrote is text to a
// spreadsheet, and as it is in NDJSON.
func TestExportHasNoFormulas(t *testing.T) {
	r := mini(t)
	for value, cell := range map[string]string{
		"=HYPERLINK(\"http://x\")": "'=HYPERLINK(\"http://x\")", "+1": "'+1", "-1": "'-1", "@SUM(A1)": "'@SUM(A1)", "\t=1": "'\t=1", "\r=1": "'\r=1",
		"＝1": "'＝1", "a=1": "a=1", "12": "12", "1,\"2\"": "1,\"2\"",
	} {
		tags, err := json.Marshal(map[string]string{value: "v"})
		if err != nil {
			t.Fatal(err)
		}
		born(t, r, "jumdata.a", "2026-11-22T04:00:00Z", "vendor_id", value, "vendor_task", value, "dtmf", value, "cost", value,
			"currency", value, "hangup_by", value, "vendor_code", value, "cause", value, "to", value, "from", value, "tags", tags)
		cell = strings.ReplaceAll(cell, "\r", "") // the writer of CSV drops lone ones
		o := on(t, r, "export", "--day", "2026-11-22").want(0, "id,", "1 row")
		_, rows := o.sheet(o.stdout)
		for _, name := range []string{"vendor_id", "vendor_task", "dtmf", "cost", "currency", "hangup_by", "vendor_code", "cause", "to", "from"} {
			if got := rows["jumdata.a"][name]; got != cell {
				t.Errorf("%s: %q became %q, want %q", name, value, got, cell)
			}
		}
		if got := rows["jumdata.a"]["tags"]; got != cell+"=v" {
			t.Errorf("tags: %q became %q", value, got)
		}
		if got := on(t, r, "export", "--day", "2026-11-22", "--json").only()["vendor_id"]; got != value {
			t.Errorf("NDJSON: %q became %q", value, got)
		}
	}
}

func TestExportWrongUsage(t *testing.T) {
	r := mini(t)
	for name, c := range map[string]struct {
		args    []string
		message string
	}{
		"no day":        {nil, `"day" not set`},
		"no date":       {[]string{"--day", "yesterday"}, "not a date such as"},
		"no such date":  {[]string{"--day", "2026-02-30"}, "not a date such as"},
		"number as day": {[]string{"--day", number}, masked},
		"no zone":       {[]string{"--day", "2026-11-22", "--zone", ""}, "not a time zone"},
		"local zone":    {[]string{"--day", "2026-11-22", "--zone", "Local"}, "not a time zone"},
		"no such zone":  {[]string{"--day", "2026-11-22", "--zone", "Asia/Nowhere"}, "not a time zone"},
		"format":        {[]string{"--day", "2026-11-22", "--format", "xlsx"}, "csv or ndjson"},
		"both formats":  {[]string{"--day", "2026-11-22", "--format", "csv", "--json"}, "leave one of them out"},
		"empty account": {[]string{"--day", "2026-11-22", "--account", ""}, "--account is empty"},
		"empty file":    {[]string{"--day", "2026-11-22", "--out", ""}, "--out is empty"},
		"argument":      {[]string{"--day", "2026-11-22", number}, "takes flags only"},
	} {
		t.Run(name, func(t *testing.T) {
			on(t, r, append([]string{"export"}, c.args...)...).want(2, "", c.message)
		})
	}
	on(t, r, "export", "--day", "2026-11-22", "--account", "nobody", "--json").wantFileError(`"nobody" is unknown; known are ` + account)
	on(t, redistest.Mini(t), "export", "--day", "2026-11-22").wantFileError("no worker has published an account")
	command(t, "", "export", "--day", "2026-11-22", "--json", "--redis", "redis://127.0.0.1:1").wantFileError("Redis at 127.0.0.1:1 does not answer")
	help := command(t, "", "export", "--help").want(0, "Examples:\n  ", "").stdout
	for _, words := range []string{"Asia/Shanghai", "records.retention (72h", "order of their ids", strings.Join(exportColumns[20:], ", ")} {
		if !strings.Contains(help, words) {
			t.Errorf("the help does not say %q", words)
		}
	}
}

func TestExportKnowsAccountsOfTheConfiguration(t *testing.T) {
	r := redistest.Mini(t)
	born(t, r, "jumdata.a", "2026-11-22T04:00:00Z")
	c := file(t, "c.yaml", fmt.Sprintf("redis: {url: %s}\naccounts:\n  - {name: %s, vendor: jumdata, credentials: {app_id: a, app_secret: b}}\n", r.URL(), account))
	command(t, "", "export", "--day", "2026-11-22", "--account", account, "--config", c).want(0, "jumdata.a", "1 row")
}
