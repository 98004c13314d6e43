package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/callpacer/callpacer/internal/redistest"
)

func suppressImported(t *testing.T, r *redistest.Redis, name, content string, more ...string) outcome {
	t.Helper()
	return on(t, r, append([]string{"suppress", "import", file(t, name, content), "--json"}, more...)...)
}

func TestSuppressImport(t *testing.T) {
	csv := "\uFEFFReason, NUMBER ,until\r\n投诉,+86 139 0013 9007,\r\n\r\n" +
		",13800138007,2099-01-31T09:00:00+08:00\r\n,1380013800x,\r\nx,13800138001,2020-01-31T09:00:00+08:00\r\n" +
		"x,13800138001,soon\r\nx,13800138001\r\nx\"y,13800138001,\r\n\"a\nb\",13800138001,\r\n" + strings.Repeat("长", 201) + ",13800138001,\r\nlast," + number + ",\r\n"
	ndjson := "\uFEFF" + `{"number":"+86 139 0013 9007","reason":"投诉"}

{"number":"13800138007","until":"2099-01-31T09:00:00+08:00","reason":null}
{"number":"1380013800x"}
{"number":"13800138001","until":"2020-01-31T09:00:00+08:00"}
{"number":"13800138001","until":"soon"}
{"number":13800138001}
[1]
{"number":"13800138001","reason":"a\nb"}
{"number":"13800138001","reasons":"x"}
{"number":"` + number + `","reason":"last"}
`
	fields := map[string][]string{
		"a.csv":    {"", "", "number", "until", "until", "-cells", "-bare", "-line break", "reason", ""},
		"a.ndjson": {"", "", "number", "until", "until", "number", "-JSON object", "reason", "reasons", ""},
	}
	for name, content := range map[string]string{"a.csv": csv, "a.ndjson": ndjson} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, r *redistest.Redis) {
				for range 2 { // twice
					o := suppressImported(t, r, name, content, "--reason", "court order")
					o.want(3, "{", "enqueue: 10 rows: 3 suppressed, 7 failed\n")
					wantSuppressRows(t, o.lines(), fields[name])
				}
				wantSuppressed(t, r, "jumdata", number, "0 last")
				wantSuppressed(t, r, "jumdata", aNumber, "4073504400000 court order")
				wantSuppressed(t, r, "jumdata", "13800138001", "")
				if n := len(on(t, r, "suppress", "list", "--json").lines()); n != 2 {
					t.Errorf("%d numbers are listed, want 2", n)
				}
				noNumberKept(t, r, number)
			})
		})
	}
}

// wantSuppressRows compares with the field in error, "-" and words of the message where
// it has none, or "" for a number that is suppressed.
func wantSuppressRows(t *testing.T, rows []map[string]any, want []string) {
	t.Helper()
	if len(rows) != len(want) {
		t.Fatalf("%d rows: %v", len(rows), rows)
	}
	for i, row := range rows {
		wrong, _ := row["error"].(map[string]any)
		words, noField := strings.CutPrefix(want[i], "-")
		switch {
		case row["row"] != float64(i+1):
			t.Errorf("line %d tells of row %v", i+1, row["row"])
		case want[i] == "" && (row["state"] != "suppressed" || !strings.Contains(fmt.Sprint(row["number"]), "****")):
			t.Errorf("row %v, want it suppressed", row)
		case noField && !strings.Contains(fmt.Sprint(wrong["message"]), words):
			t.Errorf("row %v, want %q", row, words)
		case want[i] != "" && !noField && wrong["field"] != want[i]:
			t.Errorf("row %v, want an error in %s", row, want[i])
		}
	}
}

// TestSuppressImportManyRows: more than one chunk, from standard input, for people.
func TestSuppressImportManyRows(t *testing.T) {
	r := mini(t)
	var rows strings.Builder
	for i := range 2*chunkRows + 1 {
		fmt.Fprintf(&rows, "{\"number\":\"139%08d\"}\n", i)
	}
	args := []string{"suppress", "import", "-", "--reason", "x", "--redis", r.URL()}
	o := command(t, rows.String(), args...).want(0, "row 401: 139****0400 suppressed\n", "401 rows: 401 suppressed, 0 failed")
	if n := strings.Count(o.stdout, "\n"); n != 2*chunkRows+1 {
		t.Errorf("%d rows were told, want each once", n)
	}
	wantSuppressed(t, r, "jumdata", "13900000400", "0 x")
	command(t, "number\n"+number+"\nx\n", args...).want(3, "row 1: "+masked+" suppressed\n", "enqueue: row 2: number: phone number has a letter")
}

func TestSuppressImportOfABadFile(t *testing.T) {
	r := mini(t)
	for name, c := range map[string]struct{ file, content, message string }{
		"empty":          {"a.csv", "", "the file is empty"},
		"no number":      {"a.csv", "reason\nx\n", `there is no column "number"`},
		"unknown column": {"a.csv", "number,colour\n", `line 1, column 2: "colour" is not a known column`},
		"twice":          {"a.csv", "number,Number\n", "is there twice"},
		"JSON as CSV":    {"a.csv", `{"number":"1"}`, "rename the file"},
		"array":          {"a.json", `[{"number":"1"}]`, "one object a line"},
		"GBK":            {"a.csv", "number,reason\n13800138001,\xcd\xb6\xcb\xdf\n", "not UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			o := suppressImported(t, r, c.file, c.content).want(1, "", c.message)
			if !strings.Contains(o.stderr, c.file) {
				t.Errorf("the file is not named: %s", o.stderr)
			}
		})
	}
	on(t, r, "suppress", "import", "/nowhere/a.csv").want(1, "", "no such file")
}

// TestSuppressImportBrokenOff: rows that were told stand, and no other is told.
func TestSuppressImportBrokenOff(t *testing.T) {
	r := mini(t)
	var rows strings.Builder
	for i := range chunkRows {
		fmt.Fprintf(&rows, "{\"number\":\"139%08d\"}\n", i)
	}
	broken := io.MultiReader(strings.NewReader(rows.String()+`{"number":"13911111111"}`+"\n"), failing{})
	o := appOn(t, r).stdin(broken).run(t.Context(), "suppress", "import", "-", "--reason", "x", "--json", "--redis", r.URL())
	o.want(1, "{", "stopped after row 200")
	if n := len(o.lines()); n != chunkRows {
		t.Errorf("%d rows were told, want %d", n, chunkRows)
	}
	wantSuppressed(t, r, "jumdata", "13900000199", "0 x")
	wantSuppressed(t, r, "jumdata", "13911111111", "")
}

type failing struct{}

// Read implements io.Reader.
func (failing) Read([]byte) (int, error) { return 0, errors.New("the disk is gone") }
