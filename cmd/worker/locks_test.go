package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/phone"
	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/ratelimit"
)

const locked = "+86 138-0000-0001"

// twoGroups are accounts of two groups.
func twoGroups(url string) string {
	return fmt.Sprintf(`redis: {url: %q}
accounts:
  - {name: one, vendor: jumdata, group: g1, credentials: {app_id: a, app_secret: "${NOT_SET_ANYWHERE}"}}
  - {name: two, vendor: jumdata, group: g1, credentials: {app_id: a, app_secret: s}}
  - {name: three, vendor: jumdata, group: g2, credentials: {app_id: a, app_secret: s}}
`, url)
}

func newLockOffice(t *testing.T, r *redistest.Redis) *office {
	t.Helper()
	o := newOffice(t, r, 0)
	o.file = fileOf(t, twoGroups(r.URL()))
	return o
}

// listed are the locks that the command lists for machines.
func (o *office) listed(args ...string) []lockJSON {
	o.t.Helper()
	status, out, errs := o.run(append([]string{"locks", "--json"}, args...)...)
	if status != statusDone || strings.Contains(out, "13800000001") {
		o.t.Fatalf("status %d, %q, %q", status, out, errs)
	}
	return locksOf(o.t, out)
}

func locksOf(t *testing.T, out string) []lockJSON {
	t.Helper()
	var locks []lockJSON
	for line := range strings.Lines(out) {
		var l lockJSON
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		locks = append(locks, l)
	}
	return locks
}

func TestLocks(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		o := newLockOffice(t, r)
		if status, out, _ := o.run("locks"); status != statusDone || out != "no number is locked\n" || len(o.listed()) != 0 {
			t.Errorf("status %d, %q", status, out)
		}
		until := time.Now().Add(2 * time.Hour).Truncate(time.Second)
		status, out, errs := o.run("locks", "add", locked, "--until", until.Format(time.RFC3339), "--reason", "asked 13800000001 to stop", "--json")
		if status != statusDone || len(locksOf(t, out)) != 2 {
			t.Fatalf("status %d, %q, %q", status, out, errs)
		}
		for i, l := range o.listed() {
			if want := fmt.Sprintf("138****0001 g%d asked 138****0001 to stop  ", i+1); fmt.Sprint(l.Number, " ", l.Group, " ", l.Reason, " ", l.Account, " ", l.Job) != want || !l.Until.Equal(until) {
				t.Errorf("%+v, want %s until %v", l, want, until)
			}
		}
		if _, out, _ := o.run("locks"); strings.Count(out, "\n") != 3 || !strings.Contains(out, "138****0001  g1     "+until.Format(time.RFC3339)+"  -        -    asked 138****0001 to stop\n") {
			t.Errorf("the table:\n%s", out)
		}
		// Another number, and a shorter lock of the same, change nothing.
		if status, out, _ := o.run("locks", "add", "13800000001", "--for", "1h", "--reason", "shorter", "--group", "g2"); status != statusDone || !strings.Contains(out, until.Format(time.RFC3339)) || strings.Count(out, "\n") != 2 {
			t.Errorf("status %d, %q", status, out)
		}
		if status, _, errs := o.run("locks", "lift", "13800000002"); status != statusFailed || !strings.Contains(errs, "138****0002 is not locked") {
			t.Errorf("status %d, %q", status, errs)
		}
		if status, out, _ := o.run("locks", "lift", "013800000001", "--group", "g1"); status != statusDone || out != "138****0001 is not locked any more in group g1\n" {
			t.Errorf("status %d, %q", status, out)
		}
		if locks := o.listed(); len(locks) != 1 || locks[0].Group != "g2" || locks[0].Reason != "asked 138****0001 to stop" {
			t.Errorf("left are %+v", locks)
		}
		if locks := o.listed("--group", "g1"); len(locks) != 0 {
			t.Errorf("in g1: %+v", locks)
		}
		status, out, _ = o.run("locks", "lift", locked, "--json")
		want := `{"number":"138****0001","group":"g1","lifted":false}` + "\n" + `{"number":"138****0001","group":"g2","lifted":true}` + "\n"
		if status != statusDone || out != want || len(o.listed()) != 0 {
			t.Errorf("status %d, %q", status, out)
		}
	})
}

// A lock stands on the number that jobs to it are counted by, and for so long as
// Redis's clock says.
func TestLockHoldsJobs(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		o := newLockOffice(t, r)
		if status, _, errs := o.run("locks", "add", locked, "--for", "90m", "--reason", "x", "--group", "g1"); status != statusDone {
			t.Fatal(errs)
		}
		n, err := phone.Parse("13800000001")
		if err != nil {
			t.Fatal(err)
		}
		store, numbers := record.New(r.Client), []string{n.Key("g1")}
		if _, err := store.Create(t.Context(), record.NewJob{ID: "g1.j", Account: "one", Kind: "notify", Numbers: numbers, ExpiresIn: 24 * time.Hour}); err != nil {
			t.Fatal(err)
		}
		a, err := ratelimit.NewAdmission(store, ratelimit.Rules{}, time.Now).Admit(t.Context(), ratelimit.Request{
			JobID: "g1.j", Numbers: numbers, Attempt: 1, Token: "t", Go: true, Timeout: time.Second, Doubt: time.Minute,
		})
		if left := a.Until.Sub(a.Now); err != nil || a.Decision != ratelimit.Hold || a.Reason != "lockout" || left > 90*time.Minute || left < 89*time.Minute {
			t.Errorf("%+v, %v", a, err)
		}
	})
}

func TestLocksAreRefused(t *testing.T) {
	o := newLockOffice(t, redistest.Mini(t))
	future := time.Now().Add(time.Hour).Format(time.RFC3339)
	for name, tt := range map[string]struct {
		args   []string
		status int
		want   string
	}{
		"another group":     {[]string{"--group", "g3"}, statusFailed, `group "g3" is not in the configuration; it has g1, g2`},
		"another command":   {[]string{"frob"}, statusUsage, `"frob"`},
		"lift nothing":      {[]string{"lift"}, statusUsage, "give one phone number"},
		"lift no number":    {[]string{"lift", "1380000000x"}, statusUsage, "letter at position 11"},
		"lift, other group": {[]string{"lift", locked, "--group", "g3"}, statusFailed, `group "g3"`},
		"add no number":     {[]string{"add", "12", "--for", "1h", "--reason", "x"}, statusUsage, "has 2 digits"},
		"add without end":   {[]string{"add", locked, "--reason", "x"}, statusUsage, "either --until TIME or --for DURATION"},
		"add with two ends": {[]string{"add", locked, "--reason", "x", "--for", "1h", "--until", future}, statusUsage, "either --until TIME or --for DURATION"},
		"add a bad time":    {[]string{"add", locked, "--reason", "x", "--until", "tomorrow"}, statusUsage, "--until is not a time"},
		"add backwards":     {[]string{"add", locked, "--reason", "x", "--for", "-1h"}, statusUsage, "longer than 0"},
		"add without why":   {[]string{"add", locked, "--for", "1h", "--reason", " "}, statusUsage, "give --reason TEXT"},
		"add in the past":   {[]string{"add", locked, "--reason", "x", "--until", "2020-01-01T00:00:00Z"}, statusFailed, "would end before it begins"},
	} {
		status, out, errs := o.run(append([]string{"locks"}, tt.args...)...)
		if status != tt.status || out != "" || !strings.Contains(errs, tt.want) || strings.Contains(errs, "1380000000") {
			t.Errorf("%s: status %d, %q, %q; want %d, %q", name, status, out, errs, tt.status, tt.want)
		}
	}
	if locks := o.listed(); len(locks) != 0 {
		t.Errorf("locked: %+v", locks)
	}
	o.file = fileOf(t, fmt.Sprintf("redis: {url: %q}\n", o.r.URL()))
	for name, args := range map[string][]string{
		"add": {"add", locked, "--for", "1h", "--reason", "x"}, "lift": {"lift", locked}, "list": {},
	} {
		if status, out, errs := o.run(append([]string{"locks"}, args...)...); status != statusFailed || out != "" || !strings.Contains(errs, "the configuration has no accounts") {
			t.Errorf("%s without accounts: status %d, %q, %q", name, status, out, errs)
		}
	}
}

// Every subcommand speaks to machines, too.
func TestEveryLockCommandHasJSON(t *testing.T) {
	for _, cmd := range locksCommand(&bytes.Buffer{}).Commands() {
		if cmd.Flags().Lookup("json") == nil || cmd.Example == "" {
			t.Errorf("%s has no --json, or no example", cmd.CommandPath())
		}
	}
}
