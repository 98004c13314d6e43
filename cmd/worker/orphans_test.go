package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
)

// kept is a push that came at o.sent and ended in the state.
func (o *office) kept(group, hash, account, state string) string {
	o.t.Helper()
	pushID := record.PushID(group, hash)
	if _, _, err := o.store.StorePush(o.t.Context(), pushID, record.Push{
		Account: account, Method: "POST", RawQuery: "to=13800000001", Body: []byte("caller 138-0000-0001, code 12345\x1b[31m \xb0\xdc " + hash),
	}); err != nil {
		o.t.Fatal(err)
	}
	if state == "received" {
		return pushID
	}
	detail := "no record (any more) of job " + group + ".2345672345672345; it named 13800000001\x1b"
	if err := o.store.EndPush(o.t.Context(), pushID, state, detail, time.Hour); err != nil {
		o.t.Fatal(err)
	}
	return pushID
}

// lines are what a command said to machines, by push.
func lines[T any](t *testing.T, out string, id func(T) string) map[string]T {
	t.Helper()
	all := map[string]T{}
	for line := range strings.Lines(out) {
		var v T
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if _, twice := all[id(v)]; twice {
			t.Errorf("twice: %s", line)
		}
		all[id(v)] = v
	}
	return all
}

func (o *office) orphans(args ...string) map[string]orphanJSON {
	o.t.Helper()
	status, out, errs := o.run(append([]string{"orphans", "--json"}, args...)...)
	if status != statusDone || strings.Contains(out, "13800000001") {
		o.t.Fatalf("status %d, %q, %q", status, out, errs)
	}
	return lines(o.t, out, func(p orphanJSON) string { return p.ID })
}

func newPushOffice(t *testing.T, r *redistest.Redis) *office {
	t.Helper()
	o := newOffice(t, r, time.Hour)
	o.file = fileOf(t, twoGroups(r.URL()))
	return o
}

func TestOrphans(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		o := newPushOffice(t, r)
		if status, out, _ := o.run("orphans"); status != statusDone || out != "no such push is kept\n" || len(o.orphans()) != 0 {
			t.Errorf("status %d, %q", status, out)
		}
		orphan1, orphan2, orphan3 := o.kept("g1", "h1", "one", "orphan"), o.kept("g1", "h2", "two", "orphan"), o.kept("g2", "h3", "three", "orphan")
		unreadable, refused := o.kept("g1", "h4", "one", "unreadable"), o.kept("g1", "h5", "one", "refused")
		o.kept("g1", "h6", "one", "done")
		o.kept("g1", "h7", "one", "received")
		for _, tt := range []struct {
			args []string
			want []string
		}{
			{nil, []string{orphan1, orphan2, orphan3}},
			{[]string{"--account", "two"}, []string{orphan2}},
			{[]string{"--account", "one", "--state", "all"}, []string{orphan1, unreadable, refused}},
			{[]string{"--state", "unreadable"}, []string{unreadable}},
			{[]string{"--state", "refused"}, []string{refused}},
			{[]string{"--account", "three", "--state", "refused"}, nil},
		} {
			got := o.orphans(tt.args...)
			for _, id := range tt.want {
				if _, ok := got[id]; !ok {
					t.Errorf("%v: %s is missing", tt.args, id)
				}
			}
			if len(got) != len(tt.want) {
				t.Errorf("%v: %d pushes, want %d", tt.args, len(got), len(tt.want))
			}
		}
		p := o.orphans()[orphan1]
		if want := "no record (any more) of job g1.2345672345672345; it named 138****0001 "; p.Detail != want || p.State != "orphan" ||
			p.Account != "one" || !p.ReceivedAt.Equal(o.sent.Truncate(time.Millisecond)) || p.Size != 14+43 || p.Body != nil || p.Query != nil {
			t.Errorf("%+v, want detail %q", p, want)
		}
	})
}

func TestOrphansForPeople(t *testing.T) {
	o := newPushOffice(t, redistest.Mini(t))
	id := o.kept("g1", "h1", "one", "orphan")
	at := o.sent.Truncate(time.Millisecond).UTC().Format(time.RFC3339)
	table := "ID          ACCOUNT  STATE   RECEIVED              SIZE  DETAIL\n" +
		id + "  one      orphan  " + at + "  57    no record (any more) of job g1.2345672345672345; it named 138****0001 \n"
	if status, out, errs := o.run("orphans"); status != statusDone || out != table {
		t.Errorf("status %d, %q\n%s\nwant\n%s", status, errs, out, table)
	}
	body := "  query: to=138****0001\n  body: caller 138****0001, code ***45?[31m ? h1\n"
	if status, out, errs := o.run("orphans", "--body"); status != statusDone || out != table+body {
		t.Errorf("status %d, %q\n%s\nwant\n%s", status, errs, out, table+body)
	}
	if p := o.orphans("--body")[id]; p.Body == nil || *p.Body != "caller 138****0001, code ***45?[31m ? h1" || *p.Query != "to=138****0001" {
		t.Errorf("%+v", p)
	}
}

func TestOrphansAreRefused(t *testing.T) {
	o := newPushOffice(t, redistest.Mini(t))
	for name, tt := range map[string]struct {
		args   []string
		status int
		want   string
	}{
		"another state":   {[]string{"--state", "done"}, statusUsage, "orphan, unreadable, refused or all"},
		"another account": {[]string{"--account", "four"}, statusFailed, `account "four" is not in the configuration`},
		"a word":          {[]string{"x"}, statusUsage, `"x"`},
	} {
		status, out, errs := o.run(append([]string{"orphans"}, tt.args...)...)
		if status != tt.status || !strings.Contains(errs, tt.want) {
			t.Errorf("%s: status %d, %q, %q", name, status, out, errs)
		}
	}
}
