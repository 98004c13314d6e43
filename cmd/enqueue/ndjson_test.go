package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/tasks"
)

// lined runs an import of NDJSON lines.
func lined(t *testing.T, r *redistest.Redis, content string, more ...string) outcome {
	t.Helper()
	return on(t, r, append([]string{"import", file(t, "jobs.ndjson", content), "--json"}, more...)...)
}

// wantRows checks every row: "" is one that was accepted, else its field and
// words of its message.
func wantRows(t *testing.T, o outcome, want []string) {
	t.Helper()
	rows := o.lines()
	if len(rows) != len(want) {
		t.Fatalf("%d rows, want %d:\n%.3000s", len(rows), len(want), o.stdout)
	}
	for i, row := range rows {
		e, failed := row["error"].(map[string]any)
		field, words, _ := strings.Cut(want[i], ": ")
		switch {
		case row["row"] != float64(i+1), failed != (want[i] != ""), failed && len(row) != 2:
			t.Errorf("row %d: %v, want %q", i+1, row, want[i])
		case failed && (len(e) != 2 || e["field"] != field || !strings.Contains(e["message"].(string), words)):
			t.Errorf("row %d: %v, want field %q and %q", i+1, row, field, words)
		}
	}
}

func TestNDJSONReadsEveryField(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		publishVendors(t, r)
		o := lined(t, r, "\uFEFF"+`{"to":"139 0013 9007","template":"T1","params":["张三","8点"],"times":2,"priority":"urgent",`+
			`"not_before":"2099-01-31T09:00:00+08:00","tags":{"order":"7"},"idempotency_key":"K1"}`+"\r\n"+
			"\r\n   \n"+
			`{"kind":"bind","account":"interline-main","x":"`+xNumber+`","a":"`+aNumber+`","b":"`+number+`","ttl":"1h","record":true,`+
			`"display":"0,1","prompts":["","7"],"answer_prompts":["1"],"user_data":"d"}`+"\n"+
			` {"kind":"connect","account":"dingxin-main","from":"`+aNumber+`","to":"`+number+`","expires_in":"2h"} `+"\n"+
			`{"kind":"unbind","account":"interline-main","subid":"s"}`+"\n"+
			`{"kind":"poll","account":"itnio-main","vendor_id":"v","to":null}`+"\n"+
			`{"kind":"account","account":"itnio-main"}`, "--account", account)
		o.want(0, "{", "6 rows: 6 accepted, 0 duplicates, 0 failed\n")
		wantRows(t, o, make([]string, 6))
		want := []tasks.Content{
			{To: number, Template: "T1", Params: []string{"张三", "8点"}, Times: 2},
			{Mode: "axb", X: xNumber, A: aNumber, B: number, TTLSeconds: 3600, Record: true, Display: "0,1", Prompts: []string{"", "7"}, AnswerPrompts: []string{"1"}, UserData: "d"},
			{From: aNumber, To: number},
			{Subid: "s"},
			{VendorID: "v"},
			{},
		}
		for i, row := range o.lines() {
			rec := recordOf(t, r, row)
			c, err := tasks.DecodeContent(tasks.Kind(rec.Kind), rec.Content)
			if err != nil || !reflect.DeepEqual(c, want[i]) {
				t.Errorf("row %d: %+v, want %+v (%v)", i+1, c, want[i], err)
			}
			if i == 0 && (rec.Priority != "urgent" || rec.NotBefore.Unix() != 4073504400 || rec.Tags["order"] != "7") {
				t.Errorf("priority %s, not before %s, tags %v", rec.Priority, rec.NotBefore, rec.Tags)
			}
			if i == 2 && rec.ExpiresAt.Sub(rec.CreatedAt).Hours() != 2 {
				t.Errorf("life %s", rec.ExpiresAt.Sub(rec.CreatedAt))
			}
		}
		on(t, r, "notify", "--account", account, "--to", number, "--template", "T1", "--param", "张三", "--param", "8点",
			"--times", "2", "--key", "K1", "--json").want(0, `"duplicate":true`, "")
	})
}

func recordOf(t *testing.T, r *redistest.Redis, row map[string]any) *record.Record {
	t.Helper()
	rec, err := record.New(r.Client).Get(t.Context(), row["id"].(string))
	if err != nil || rec == nil {
		t.Fatal(rec, err)
	}
	return rec
}

func TestNDJSONRowErrorsStopNoOther(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		publishVendors(t, r)
		good := func(n int) string { return fmt.Sprintf(`{"to":"1391111%04d","template":"T1"}`, n) + "\n" }
		long := `{"to":"13911110009","template":"` + strings.Repeat("a", maxLine) + `"}` + "\n"
		o := lined(t, r, good(1)+
			"\n"+
			`{"to":"13911110002","template":`+"\n"+
			`{"to":"13911110002","template":"T1"} x`+"\n"+
			`{"to":"13911110002","template":"T1"}{"to":"13911110003","template":"T1"}`+"\n"+
			`{"to":"13911110002","template":"T1",}`+"\n"+
			`["13911110002","T1"]`+"\n"+
			"null\n"+
			"to,template\n"+
			`{"to":"13911110002","template":"T1","colour":"red"}`+"\n"+
			`{"to":"13911110002","template":"T1","to":"13911110003"}`+"\n"+
			`{"to":13911110002,"template":"T1"}`+"\n"+
			`{"to":"13911110002","template":"T1","params":"x"}`+"\n"+
			`{"to":"13911110002","template":"T1","expires_in":7200}`+"\n"+
			`{"to":"13911110002"}`+"\n"+
			`{"To":"13911110002","template":"T1"}`+"\n"+
			`{"kind":"dial","to":"13911110002"}`+"\n"+
			`{"kind":"connect","to":"13911110002","from":"13911110003","account":"dingxin-main","template":"T1"}`+"\n"+
			`{"kind":"connect","to":"13911110002","from":"13911110003"}`+"\n"+
			"{\"to\":\"13911110002\",\"template\":\"\xd5\xc5\"}\n"+
			long+
			`{"`+number+`":1}`+"\n"+
			`{"`+strings.Repeat("f", 200)+`":1}`+"\n"+
			good(2)+"\uFEFF"+good(3), "--account", account)
		o.want(3, "{", "24 rows: 2 accepted, 0 duplicates, 22 failed")
		wantRows(t, o, []string{"",
			": line 3: is not JSON: unexpected end", ": line 4: is not JSON: invalid character 'x'", ": line 5: is not JSON: invalid character '{'",
			": line 6: is not JSON", ": line 7: is not a JSON object", ": line 8: is not a JSON object", ": line 9: is not a JSON object",
			"colour: not a field of a job", "to: given twice", "to: must be a string", "params: a list of strings", "expires_in: a duration",
			"template: missing", "To: not a field", "kind: not a kind of job", "template: not a field of a connect job",
			"kind: connect is not served by account jumdata-main", ": line 20: is not UTF-8", ": line 21: is longer than 1024 KiB",
			masked + ": not a field", strings.Repeat("f", longestField) + "…: not a field", "", ": line 25: is not a JSON object"})
		if n := jobs(t, r); n != 2 {
			t.Errorf("%d jobs, want 2", n)
		}
	})
}

// The cap is on the line: one of 1 MiB is read, one byte more is not, and a
// longer one takes no memory along.
func TestNDJSONLineCap(t *testing.T) {
	r := allVendors(t)
	line := func(length int) string {
		head := `{"to":"13911110001","template":"T1"}`
		return head + strings.Repeat(" ", length-len(head))
	}
	o := lined(t, r, line(maxLine)+"\r\n"+line(maxLine+1)+"\r\n"+line(maxLine), "--account", account)
	o.want(3, "{", "3 rows: 2 accepted, 0 duplicates, 1 failed")
	wantRows(t, o, []string{"", ": line 2: is longer", ""})

	endless := io.MultiReader(io.LimitReader(repeat('a'), 64<<20), strings.NewReader("\n"+line(50)))
	rows := newNDJSONRows(bufferOf(endless), tasks.Job{Kind: tasks.KindNotify, Account: account}, "")
	if i, err := rows.next(); err != nil || i.err == nil || cap(rows.buf) > 4*maxLine {
		t.Errorf("%v, %v, %d bytes kept", i.err, err, cap(rows.buf))
	}
	if i, err := rows.next(); err != nil || i.err != nil || i.job.To != "13911110001" {
		t.Errorf("%+v, %v", i, err)
	}
	if _, err := rows.next(); !errors.Is(err, io.EOF) {
		t.Errorf("%v at the end", err)
	}
}

type repeat byte

func (r repeat) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(r)
	}
	return len(p), nil
}

func TestNDJSONTwiceIsOnce(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		publishVendors(t, r)
		const bind = `{"x":"` + xNumber + `","a":"` + aNumber + `","b":"` + number + `","ttl":"1h"}` + "\n"
		of := []string{"--account", "interline-main", "--kind", "bind"}
		lined(t, r, bind+strings.Replace(bind, "{", `{"kind":"","account":"",`, 1), of...).want(0, "{", "2 accepted, 0 duplicates")
		lined(t, r, bind+bind+bind, of...).want(0, "{", "1 accepted, 2 duplicates")
		// The same content in another form, and as CSV.
		lined(t, r, `{"b":"+86`+number+`","a":"+86 `+aNumber+`","x":"`+xNumber+`","ttl":"60m","mode":"axb","priority":"bulk","kind":"bind","prompts":[]}`,
			"--account", "interline-main").want(0, "{", "0 accepted, 1 duplicates")
		imported(t, r, "x,a,b,ttl\n"+xNumber+","+aNumber+","+number+",3600s\n", "--account", "interline-main", "--kind", "bind").
			want(0, "{", "0 accepted, 1 duplicates")
		lined(t, r, strings.Replace(bind, "1h", "2h", 1), of...).want(0, "{", "1 accepted")
		lined(t, r, bind, append(of, "--new")...).want(0, "{", "1 accepted")
		keys, err := r.Client.Keys(t.Context(), "callpacer:{interline}:job:*").Result()
		if err != nil || len(keys) != 5 {
			t.Errorf("%d jobs, want 5 (%v)", len(keys), err)
		}
	})
}

func TestNDJSONKeyColumn(t *testing.T) {
	r := allVendors(t)
	row := func(key, template string) string {
		return `{` + key + `"to":"13911110001","template":"` + template + `"}` + "\n"
	}
	of := []string{"--account", account, "--key-column", "order no"}
	o := lined(t, r, row(`"order no":"A1",`, "T1")+row(`"order no":"A1",`, "T1")+row(`"order no":"A1",`, "T2")+
		row(`"order no":17,`, "T1")+row(`"order no":"17",`, "T1")+row(`"order no":" ",`, "T1")+row(`"order no":null,`, "T1")+
		row(``, "T1")+row(`"order no":"a","order no":"b",`, "T1")+row(`"order no":{},`, "T1")+row(`"order no":true,`, "T1")+
		row(`"order no":"B","idempotency_key":"C",`, "T1")+row(`"order no":"B","to":"1",`, "T1")+`{"order no":"A1",`+"\n", of...)
	o.want(3, "{", "14 rows: 4 accepted, 2 duplicates, 8 failed")
	wantRows(t, o, []string{"", "", "template: was used before", "", "", "", "", "order no: missing", "order no: given twice",
		"order no: a string or a number", "order no: a string or a number", "idempotency_key: beside", "to: given twice", ": line 14: is not JSON"})
	rows := o.lines()
	for _, pair := range [][2]int{{0, 1}, {3, 4}} {
		if rows[pair[0]]["id"] != rows[pair[1]]["id"] || rows[pair[1]]["duplicate"] != true {
			t.Errorf("rows %v and %v of one key", rows[pair[0]], rows[pair[1]])
		}
	}
	// The key is the idempotency key itself, and a field of a job keeps its meaning.
	on(t, r, "notify", "--account", account, "--to", "13911110001", "--template", "T1", "--key", "17", "--json").want(0, `"duplicate":true`, "")
	lined(t, r, `{"kind":"poll","vendor_id":"v1"}`+"\n"+`{"kind":"poll","vendor_id":"v1"}`, "--account", "itnio-main", "--key-column", "vendor_id").
		want(0, "{", "1 accepted, 1 duplicates")
	lined(t, r, row(`"idempotency_key":"Z",`, "T1"), "--account", account, "--key-column", "idempotency_key").want(0, "{", "1 accepted")
}

func TestImportTellsTheFormat(t *testing.T) {
	r := allVendors(t)
	const line, table = `{"to":"13911110001","template":"T1"}` + "\n", "to,template\n13911110001,T1\n"
	where := []string{"--account", account, "--redis", r.URL(), "--json", "import"}
	for name, c := range map[string]struct {
		name, content string
		code          int
		stderr        string
	}{
		"standard input, NDJSON":    {"-", line, 0, "1 rows"},
		"after blanks":              {"-", "\uFEFF\r\n \n" + line, 0, "1 rows"},
		"standard input, CSV":       {"-", table, 0, "1 rows"},
		"CSV after blank lines":     {"-", "\n\n" + table, 0, "1 rows"},
		"standard input, empty":     {"-", "", 1, "standard input: line 1: the file is empty"},
		"standard input, blank":     {"-", "\n\n", 1, "is empty"},
		"no extension":              {"jobs", line, 0, "1 rows"},
		"unknown extension, NDJSON": {"jobs.txt", line, 0, "1 rows"},
		"unknown extension, CSV":    {"jobs.txt", table, 0, "1 rows"},
		"JSON":                      {"jobs.json", line, 0, "1 rows"},
		"a JSON array":              {"jobs.json", "[" + line + "]", 1, "as a JSON array does"},
		"jsonl":                     {"JOBS.JSONL", line, 0, "1 rows"},
		"NDJSON in name only":       {"jobs.ndjson", table, 3, "2 rows: 0 accepted, 0 duplicates, 2 failed"},
		"CSV in name only":          {"jobs.csv", line, 1, "rename the file"},
		"empty NDJSON":              {"jobs.ndjson", "\n", 0, "0 rows"},
	} {
		t.Run(name, func(t *testing.T) {
			path, stdin := c.name, c.content
			if path != "-" {
				path, stdin = file(t, c.name, c.content), ""
			}
			o := command(t, stdin, append(where, path)...)
			if o.code != c.code || !strings.Contains(o.stderr, c.stderr) {
				t.Errorf("exit status %d, stderr %q", o.code, o.stderr)
			}
		})
	}
}

// What is read ahead of the row that is due is a buffer, never the file.
func TestNDJSONStreams(t *testing.T) {
	const rows = 20_000
	var b strings.Builder
	for i := range rows {
		fmt.Fprintf(&b, `{"to":"139%08d","template":"T1","params":["第%d位"]}`+"\n", i, i)
	}
	content := b.String()
	counter := &counting{in: strings.NewReader(content), look: func(int) {}}
	source, err := rowsOf("-", counter, tasks.Job{Kind: tasks.KindNotify, Account: account}, "")
	if err != nil {
		t.Fatal(err)
	}
	perRow := len(content) / rows
	for n := range rows {
		i, err := source.next()
		if err != nil || i.err != nil || i.job.To != fmt.Sprintf("139%08d", n) {
			t.Fatalf("row %d: %+v, %v", n+1, i, err)
		}
		if ahead := counter.read - n*perRow; ahead > 2*maxRow {
			t.Fatalf("%d bytes were read ahead at row %d", ahead, n+1)
		}
	}
	if _, err := source.next(); !errors.Is(err, io.EOF) {
		t.Errorf("%v at the end", err)
	}
}

func bufferOf(r io.Reader) *bufio.Reader { return bufio.NewReaderSize(r, maxRow) }
