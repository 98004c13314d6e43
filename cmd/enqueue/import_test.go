package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/tasks"
)

// imported runs an import of a file with this content.
func imported(t *testing.T, r *redistest.Redis, content string, more ...string) outcome {
	t.Helper()
	args := append([]string{"import", file(t, "calls.csv", content), "--json"}, more...)
	if !slices.Contains(more, "--account") {
		args = append(args, "--account", account)
	}
	return on(t, r, args...)
}

// contentOf returns the record of a row and what it is to say.
func contentOf(t *testing.T, r *redistest.Redis, row map[string]any) (*record.Record, tasks.Content) {
	t.Helper()
	rec, err := record.New(r.Client).Get(t.Context(), row["id"].(string))
	if err != nil || rec == nil {
		t.Fatal(rec, err)
	}
	n, err := tasks.DecodeContent(tasks.KindNotify, rec.Content)
	if err != nil {
		t.Fatal(err)
	}
	return rec, n
}

func TestImportReadsEveryColumn(t *testing.T) {
	each(t, func(t *testing.T, r *redistest.Redis) {
		o := imported(t, r, "\uFEFFTo,template, params ,times,account,priority,not_before,expires_in,key,tags,tag.Shop\r\n"+
			"139 0013 9007,T1,张三|8点,2,"+account+",urgent,2099-01-31T09:00:00+08:00,,K1,order=7|a=b=c,\"7,\"\"8\"\"\"\r\n"+
			"\r\n"+
			"13911110002, T2 ,,,,,,2h,,,\r\n", "--account", account)
		o.want(0, "{", "enqueue: 2 rows: 2 accepted, 0 duplicates, 0 failed\n")
		rows := o.lines()
		for i, row := range rows {
			keys := slices.Sorted(maps.Keys(row))
			if !slices.Equal(keys, []string{"duplicate", "id", "row", "state"}) || row["row"] != float64(i+1) ||
				row["state"] != "queued" || row["duplicate"] != false {
				t.Errorf("row %v", row)
			}
		}
		rec, n := contentOf(t, r, rows[0])
		if n.To != number || n.Template != "T1" || !slices.Equal(n.Params, []string{"张三", "8点"}) || n.Times != 2 {
			t.Errorf("template %s, params %q, times %d", n.Template, n.Params, n.Times)
		}
		if rec.Priority != "urgent" || rec.NotBefore.Unix() != 4073504400 ||
			!maps.Equal(rec.Tags, map[string]string{"order": "7", "a": "b=c", "Shop": `7,"8"`}) {
			t.Errorf("priority %s, not before %s, tags %v", rec.Priority, rec.NotBefore.UTC(), rec.Tags)
		}
		keyed := on(t, r, "notify", "--account", account, "--to", number, "--template", "T1", "--param", "张三", "--param", "8点",
			"--times", "2", "--key", "K1", "--json").want(0, `"duplicate":true`, "").only()
		if keyed["id"] != rows[0]["id"] {
			t.Error("the column key is not the idempotency key")
		}
		rec, n = contentOf(t, r, rows[1])
		if n.Template != "T2" || len(n.Params) != 0 || rec.ExpiresAt.Sub(rec.CreatedAt).Hours() != 2 {
			t.Errorf("template %q, params %q, life %s", n.Template, n.Params, rec.ExpiresAt.Sub(rec.CreatedAt))
		}
	})
}

func TestImportNumberedParams(t *testing.T) {
	r := mini(t)
	o := imported(t, r, "param2,to,param1,template,param3\n b,13911110001,a|x,T1,\n,13911110002,,T1,\nb,13911110003,,T1,\n").want(0, "{", "3 accepted")
	for i, want := range [][]string{{"a|x", " b"}, nil, {"", "b"}} {
		if _, n := contentOf(t, r, o.lines()[i]); !slices.Equal(n.Params, want) {
			t.Errorf("row %d: params %q, want %q", i+1, n.Params, want)
		}
	}
}

func TestImportRowErrorsStopNoOther(t *testing.T) {
	each(t, func(t *testing.T, r *redistest.Redis) {
		o := imported(t, r, `to,template,params,times,account,priority,not_before,expires_in,tags
13911110001,T1,,,,,,,
1390013900,T1,,,,,,,
13911110002,T1,"a,b",,,,,,
13911110002,T1,,0,,,,,
13911110002,T1,,two,,,,,
13911110002,T1,,,nobody,,,,
13911110002,T1,,,,soon,,,
13911110002,T1,,,,,tomorrow,,
13911110002,T1,,,,,,long,
13911110002,T1,,,,,,,order
13911110002,T1,,
13911110002,T1,a"b,,,,,,
"13911110002,T1
x",T1,,,,,,,
13911110002,T1,"a
b",,,,,,
13911110002,,,,,,,,
,,,,,,,,
13911110003,T1,,,,,,,
`)
		o.want(3, "{", "17 rows: 2 accepted, 0 duplicates, 15 failed")
		want := []string{"", "to", "params", "times", "times", "account", "priority", "not_before", "expires_in", "tags",
			"-cells", "-line 13", "-line break", "-line break", "template", "to", ""}
		rows := o.lines()
		if len(rows) != len(want) {
			t.Fatalf("%d lines: %v", len(rows), rows)
		}
		for i, row := range rows {
			if row["row"] != float64(i+1) {
				t.Errorf("line %d tells of row %v", i+1, row["row"])
			}
			e, failed := row["error"].(map[string]any)
			field, words := want[i], ""
			if after, ok := strings.CutPrefix(field, "-"); ok {
				field, words = "", after
			}
			switch {
			case want[i] == "" && failed, want[i] != "" && !failed:
				t.Errorf("row %d: %v", i+1, row)
			case failed && (e["field"] != field || !strings.Contains(e["message"].(string), words) || len(row) != 2):
				t.Errorf("row %d: %v, want field %q and %q", i+1, row, field, words)
			}
		}
		if n := jobs(t, r); n != 2 {
			t.Errorf("%d jobs, want 2", n)
		}
	})
}

func TestImportExitStatus(t *testing.T) {
	r := mini(t)
	imported(t, r, "to,template\nbad,T1\nworse,T1\n").want(3, `{"row":2,"error":{"field":"to"`, "2 rows: 0 accepted, 0 duplicates, 2 failed")
	imported(t, r, "to,template\n").want(0, "", "0 rows")
	plain := command(t, "to,template\nbad,T1\n"+number+",T1\n", "import", "-", "--account", account, "--redis", r.URL())
	plain.want(3, "row 2: jumdata.", "enqueue: row 1: to: ")
	imported(t, r, "to,template\n"+number+",T1\n", "--kind", "push").wantFileError(`kind: "push" is not a kind of job`)
}

func TestImportRefusesFiles(t *testing.T) {
	r := mini(t)
	for name, c := range map[string]struct {
		content string
		args    []string
		message string
	}{
		"empty":          {"", nil, "line 1: the file is empty"},
		"unknown column": {"to,template,colour\n", nil, `line 1, column 3: "colour" is not a known column; known are to, template, params`},
		"later header":   {"\n\nto,template,colour\n", nil, "line 3, column 3"},
		"no header":      {number + ",T1\n", nil, masked},
		"twice":          {"to,template,TO\n", nil, `line 1, column 3: "to" is column 1 already`},
		"no to":          {"template\n", nil, `no column "to"`},
		"no template":    {"to\n", nil, `no column "template"`},
		"no account":     {"to,template\n", []string{"--account", ""}, `no column "account"`},
		"two keys":       {"to,template,key,idempotency_key\n", nil, "column 4: key and idempotency_key"},
		"key columns":    {"to,template,key,order\n", []string{"--key-column", "order"}, "column 3: there is a key column beside"},
		"no key column":  {"to,template\n", []string{"--key-column", "order"}, `no column "order"`},
		"other column":   {"to,template,order,shop\n", []string{"--key-column", "order"}, `column 4: "shop"`},
		"both params":    {"to,template,params,param1\n", nil, "column 3: there are columns param1"},
		"params gap":     {"to,template,param1,param3\n", nil, `no column "param2"`},
		"param0":         {"to,template,param0\n", nil, `"param0" is not a known`},
		"quote":          {"to,\"template\n", nil, "line"},
		"gbk header":     {"to,template,\xb2\xce\n", nil, "line 1: is not UTF-8"},
		"gbk row":        {"to,template,params\n" + number + ",T1,a\n" + number + ",T1,\xd5\xc5\xc8\xfd\n", nil, "line 3: is not UTF-8 (GBK, perhaps); save the file as UTF-8"},
		"utf-16":         {"\xff\xfet\x00o\x00\n", nil, "line 1: is not UTF-8"},
		"long":           {"to,template,params\n" + number + ",T1,\"a\n" + strings.Repeat("13911110001,T1,b\n", 5000), nil, "longer than 64 KiB"},
		"long line":      {"to,template,params\n" + number + ",T1," + strings.Repeat("a", 70000) + "\n", nil, "line 2: the row is longer"},
	} {
		t.Run(name, func(t *testing.T) {
			o := imported(t, r, c.content, c.args...)
			o.want(1, "", c.message) // with --json standard output is for rows
			o.want(1, "", "calls.csv: line ")
		})
	}
	if n := jobs(t, r); n != 0 {
		t.Errorf("%d jobs of refused files", n)
	}
	where := []string{"--account", account, "--redis", r.URL(), "--json"}
	command(t, "", append(where, "import", "no-such.csv")...).want(1, "", "no-such.csv")
	command(t, "", append(where, "import", t.TempDir())...).want(1, "", "directory")
	command(t, "colour,b\n", append(where, "import", "-")...).wantFileError("standard input: line 1, column 1")
	command(t, "", append(where, "import", "-")...).want(1, "", "standard input: line 1: the file is empty")
}

func TestImportStopsAtALineInAnotherEncoding(t *testing.T) {
	r := mini(t)
	content := differentRows(210) + "13900000000,T1,\xd5\xc5\n"
	o := imported(t, r, content).want(1, "{", "line 212: is not UTF-8").want(1, "{", "200 rows: 200 accepted").want(1, "{", "stopped after row 200")
	if n := len(o.lines()); n != 200 {
		t.Errorf("%d lines, want those of the 200 rows that were tried", n)
	}
	imported(t, r, differentRows(210)).want(0, "{", "210 rows: 10 accepted, 200 duplicates, 0 failed")
}

// differentRows is a file of n different rows.
func differentRows(n int) string {
	var b strings.Builder
	b.WriteString("to,template,params\n")
	for i := range n {
		fmt.Fprintf(&b, "139%08d,T1,第%d位\n", i, i)
	}
	return b.String()
}

// counting counts what was read, and looks at the jobs at that time.
type counting struct {
	in   io.Reader
	read int
	look func(read int)
}

func (c *counting) Read(p []byte) (int, error) {
	c.look(c.read)
	n, err := c.in.Read(p[:min(len(p), 8192)])
	c.read += n
	return n, err
}

func TestImportStreams(t *testing.T) {
	each(t, importStreams)
}

func importStreams(t *testing.T, r *redistest.Redis) {
	t.Helper()
	rows := 10_000
	switch {
	case r.Mini != nil && redistest.Raced:
		t.Skip("a Redis in this process is too slow under the race detector")
	case r.Mini != nil: // whose scripts take milliseconds each
		rows = 1000
	case redistest.Raced:
		rows = 3000
	}
	content := differentRows(rows)
	most := 0 // bytes that were read and not yet enqueued
	perRow := len(content) / rows
	counter := &counting{in: strings.NewReader(content), look: func(read int) {
		keys := jobs(t, r)
		most = max(most, read-keys*perRow)
	}}
	g := appOn(t, r).stdin(counter)
	o := g.run(t.Context(), "import", "-", "--account", account, "--json", "--redis", r.URL())
	o.want(0, "{", fmt.Sprintf("%d rows: %d accepted, 0 duplicates, 0 failed", rows, rows))
	if counter.read != len(content) {
		t.Errorf("read %d of %d bytes", counter.read, len(content))
	}
	if limit := 4 * chunkRows * perRow; most > limit {
		t.Errorf("%d bytes were read ahead, want at most %d of %d", most, limit, len(content))
	}
	lines := o.lines()
	for i, line := range lines {
		if line["row"] != float64(i+1) {
			t.Fatalf("line %d tells of row %v", i+1, line["row"])
		}
	}
	if len(lines) != rows {
		t.Fatalf("%d lines", len(lines))
	}

	again := appOn(t, r).stdin(strings.NewReader(content)).
		run(t.Context(), "import", "-", "--account", account, "--json", "--redis", r.URL())
	again.want(0, "{", fmt.Sprintf("%d rows: 0 accepted, %d duplicates, 0 failed", rows, rows))
	for i, line := range again.lines() {
		if line["id"] != lines[i]["id"] || line["duplicate"] != true {
			t.Fatalf("row %d: %v, first %v", i+1, line, lines[i])
		}
	}
}

func TestImportTwiceCallsOnce(t *testing.T) {
	each(t, func(t *testing.T, r *redistest.Redis) {
		const a, b = "13911110001,T1,x\n", "13911110002,T1,x\n"
		const header = "to,template,params\n"
		imported(t, r, header+a+b+a).want(0, "{", "3 accepted, 0 duplicates")
		imported(t, r, header+a+b+a).want(0, "{", "0 accepted, 3 duplicates")
		// Another order, a number in another form and other timing are no other calls.
		imported(t, r, "template,to,params,priority,tags\nT1,139 1111-0002,x,urgent,n=1\nT1,+8613911110001,x,,\n").want(0, "{", "0 accepted, 2 duplicates")
		imported(t, r, header+a+b+a+a).want(0, "{", "1 accepted, 3 duplicates")
		imported(t, r, header+"13911110001,T1,y\n").want(0, "{", "1 accepted, 0 duplicates")
		imported(t, r, header+a+b, "--new").want(0, "{", "2 accepted, 0 duplicates")
		if n := jobs(t, r); n != 7 {
			t.Errorf("%d jobs, want 7", n)
		}
	})
}

func TestImportKeyColumn(t *testing.T) {
	r := mini(t)
	content := "order no,to,template,params\nA1,13911110001,T1,x\nA1,13911110001,T1,x\nA1,13911110001,T1,y\n,13911110001,T1,x\n,13911110001,T1,x\n"
	o := imported(t, r, content, "--key-column", "order no").want(3, "{", "5 rows: 3 accepted, 1 duplicates, 1 failed")
	rows := o.lines()
	if rows[0]["duplicate"] != false || rows[1]["duplicate"] != true || rows[0]["id"] != rows[1]["id"] {
		t.Errorf("rows of one key: %v, %v", rows[0], rows[1])
	}
	if e, _ := rows[2]["error"].(map[string]any); e["field"] != "params" {
		t.Errorf("another content under the key: %v", rows[2])
	}
	// A column that means something else keeps its meaning.
	imported(t, r, "to,template\n13911110009,T1\n13911110009,T2\n", "--key-column", "to").want(3, `"field":"template"`, "1 accepted")
}

func TestImportAtOnceFromFive(t *testing.T) {
	each(t, func(t *testing.T, r *redistest.Redis) {
		const rows = 120
		path := file(t, "calls.csv", differentRows(rows))
		outcomes := make([]outcome, 5)
		var wg sync.WaitGroup
		for i := range outcomes {
			wg.Go(func() {
				g := appOn(t, r)
				outcomes[i] = g.run(t.Context(), "import", path, "--account", account, "--json", "--redis", r.URL())
			})
		}
		wg.Wait()
		fresh := map[float64]int{}
		for _, o := range outcomes {
			o.want(0, "{", "0 failed")
			for _, line := range o.lines() {
				if line["duplicate"] == false {
					fresh[line["row"].(float64)]++
				}
			}
		}
		if n := jobs(t, r); n != rows {
			t.Errorf("%d jobs, want %d", n, rows)
		}
		if len(fresh) != rows {
			t.Errorf("%d rows were new to somebody, want %d", len(fresh), rows)
		}
		for row, n := range fresh {
			if n != 1 {
				t.Errorf("row %v was new to %d imports", row, n)
			}
		}
	})
}

// Redis goes away in the middle: what was not tried stays untried, and the same
// command again does the rest.
func TestImportGoesOnAfterRedisWasAway(t *testing.T) {
	r := mini(t)
	away := false
	faults := redistest.NewFaults(func(redistest.Op) redistest.Verdict {
		if away {
			return redistest.Verdict{Action: redistest.FailBefore}
		}
		return redistest.Verdict{}
	})
	content := differentRows(600)
	in := &counting{in: strings.NewReader(content), look: func(read int) { away = read > len(content)/2 }}
	o := appOn(t, r, faults).stdin(in).run(t.Context(), "import", "-", "--account", account, "--json", "--redis", r.URL())
	o.want(1, `"message":"Redis at `, "does not answer").want(1, "its key makes that safe", "stopped after row")
	before := jobs(t, r)
	if before == 0 || before > 500 || len(o.lines()) != before+chunkRows {
		t.Errorf("%d jobs, %d lines", before, len(o.lines()))
	}
	imported(t, r, content).want(0, "{", fmt.Sprintf("600 rows: %d accepted, %d duplicates, 0 failed", 600-before, before))
}

func TestImportEndsWithCtrlC(t *testing.T) {
	r := mini(t)
	in, keyboard := io.Pipe()
	defer keyboard.Close()
	reads, typed := 0, make(chan struct{})
	stdin := &counting{in: in, look: func(int) {
		if reads++; reads == 2 { // the row is read, Redis is reached, the keyboard is silent
			close(typed)
		}
	}}
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	done := waiting(ctx, appOn(t, r).stdin(stdin), "import", "-", "--account", account, "--json")
	if _, err := keyboard.Write([]byte("to,template\n13911110001,T1\n")); err != nil {
		t.Fatal(err)
	}
	<-typed
	interrupt()
	o := <-done
	o.want(1, "", "interrupted")
	if n := jobs(t, r); n != 0 {
		t.Errorf("%d jobs", n)
	}
}
