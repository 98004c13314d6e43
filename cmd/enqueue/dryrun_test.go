package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/tasks"
)

// twoFiles are a configuration whose Redis is r, and one whose Redis is away.
// Its account jumdata-main takes params; that of the workers on r does not.
func twoFiles(t *testing.T, r *redistest.Redis) (here, away string) {
	t.Helper()
	_, err := tasks.Publish(t.Context(), r.Client, tasks.Account{
		Name: account, Vendor: "jumdata", Group: "jumdata", Kinds: []tasks.Kind{tasks.KindNotify},
		Retention: time.Hour, KeyRetention: time.Hour,
	})
	if err != nil {
		t.Fatal(err)
	}
	here = file(t, "here.yaml", strings.ReplaceAll(vendors, "redis://127.0.0.1:1/0", r.URL()))
	return here, file(t, "away.yaml", vendors)
}

// Published accounts judge a dry run as they judge the job, also where the file
// says something else; the file's judge where nothing is published.
func TestDryRunIsByThePublishedAccounts(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		here, away := twoFiles(t, r)
		job := append(base(), "--param", "a", "--json")
		t.Setenv(redisEnv, r.URL())
		before := dump(t, r)
		for _, where := range [][]string{{"--redis", r.URL()}, {"--config", here}, {"--config", away, "--redis", r.URL()}, nil} {
			for _, dry := range [][]string{nil, {"--dry-run"}} {
				args := append(slices.Clone(job), append(slices.Clone(where), dry...)...)
				command(t, "", args...).wantError("params", "plays a file")
			}
		}
		other := append(base("--account"), "--account", "itnio-main", "--dry-run", "--config", here)
		command(t, "", other...).want(0, "valid: account itnio-main would take this notify; nothing was written\n", "")
		if after := dump(t, r); !slices.Equal(before, after) {
			t.Errorf("keys before %v, after %v", before, after)
		}
	})
}

func TestDryRunByTheFileOnly(t *testing.T) {
	_, away := twoFiles(t, redistest.Mini(t))
	job := append(base(), "--param", "a", "--dry-run")
	const note = "enqueue: Redis at 127.0.0.1:1 does not answer: "
	command(t, "", append(job, "--config", away)...).
		want(0, "valid: account jumdata-main would take this notify, by the configuration file only; nothing was written\n", note)
	command(t, "", append(job, "--config", away, "--json")...).want(0, `"state":"valid"}`, "by the configuration file only")
	command(t, "", append(job, "--config", away, "--times", "3", "--not-before", "2099-01-01T00:00:00Z", "--expires-in", "1h", "--json")...).
		wantError("not_before", "never run")
	// An address that is given has to answer, and so has the only one that may
	// know the account.
	for _, where := range [][]string{{"--redis", "redis://127.0.0.1:1"}, {"--redis", "redis://127.0.0.1:1", "--config", away}} {
		command(t, "", append(append(job, where...), "--json")...).wantError("", "Redis at 127.0.0.1:1 does not answer")
	}
	command(t, "", append(job, "--account", "nobody", "--config", away, "--json")...).wantError("", "Redis at 127.0.0.1:1 does not answer")
}

// A Redis that answers and refuses does not make the file the judge.
func TestDryRunOfARedisThatRefuses(t *testing.T) {
	r := redistest.Mini(t)
	here, _ := twoFiles(t, r)
	r.Mini.RequireAuth("right")
	command(t, "", append(base(), "--dry-run", "--config", here, "--json")...).wantError("", "refuses")
}

func TestImportDryRun(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		publishVendors(t, r)
		bound(t, r)
		content := "kind,account,to,template,job,vendor_id,not_before,expires_at\n" +
			",," + number + ",T1,,,,\n" +
			",,1390013900,T1,,,,\n" +
			"poll,itnio-main,,,,v1,,\n" +
			",nobody," + number + ",T1,,,,\n" +
			"unbind,interline-main,,," + boundJob + ",,,\n" +
			"unbind,interline-main,,," + boundJob + "x,,,\n" +
			",," + number + ",T1,,,,2001-01-01T00:00:00Z\n" +
			",," + number + ",T1,,,,\n"
		before := dump(t, r)
		o := imported(t, r, content, "--dry-run").want(3, "{", "enqueue: 8 rows: 4 valid, 4 failed; nothing was written\n")
		wantRows(t, o, []string{"", "to: 10 digits", "", "account: unknown", "", "job: no job of this id", "expires_at: past", ""})
		rows := o.lines()
		for i, want := range map[int]map[string]any{
			0: {"row": 1.0, "account": account, "kind": "notify", "state": "valid"},
			2: {"row": 3.0, "account": "itnio-main", "kind": "poll", "state": "valid"},
			4: {"row": 5.0, "account": "interline-main", "kind": "unbind", "state": "valid"},
		} {
			if !maps.Equal(rows[i], want) {
				t.Errorf("row %v, want %v", rows[i], want)
			}
		}
		on(t, r, "import", file(t, "calls.csv", content), "--account", account, "--dry-run").
			want(3, "row 1: valid: account jumdata-main would take this notify\n", "enqueue: row 2: to: ")
		imported(t, r, differentRows(450), "--dry-run").want(0, `{"row":450,"account":"jumdata-main","kind":"notify","state":"valid"}`, "450 valid, 0 failed")
		imported(t, r, "to,template,colour\n", "--dry-run").wantFileError(`"colour" is not a known column`)
		if after := dump(t, r); !slices.Equal(before, after) {
			t.Errorf("keys before %v, after %v", before, after)
		}
	})
}

func TestImportDryRunByTheFileOnly(t *testing.T) {
	_, away := twoFiles(t, redistest.Mini(t))
	csv := file(t, "calls.csv", "to,template,account\n"+number+",T1,\n"+number+",T1,nobody\n1,T1,\n")
	args := []string{"import", csv, "--dry-run", "--account", account, "--config", away}
	o := command(t, "", append(args, "--json")...).want(3, "{", "3 rows: 1 valid, 2 failed, by the configuration file only; nothing was written")
	wantRows(t, o, []string{"", "account: not in the configuration file", "to: 1 digits"})
	command(t, "", args...).want(3, "row 1: valid: account jumdata-main would take this notify, by the configuration file only\n", "Redis at 127.0.0.1:1")
	command(t, "", append(args, "--json", "--redis", "redis://127.0.0.1:1")...).wantFileError("does not answer")
}

// Redis goes away while rows are judged: the row that tells of it promises
// nothing about a job, and the import ends.
func TestImportDryRunLosesRedis(t *testing.T) {
	r := redistest.Mini(t)
	publishVendors(t, r)
	away := false
	faults := redistest.NewFaults(func(op redistest.Op) redistest.Verdict {
		if away = away || op.Name == "hmget"; away {
			return redistest.Verdict{Action: redistest.FailBefore}
		}
		return redistest.Verdict{}
	})
	o := appOn(t, r, faults).stdin(strings.NewReader(differentRows(300))).
		run(t.Context(), "import", "-", "--account", account, "--dry-run", "--json", "--redis", r.URL())
	o.want(1, "does not answer", "stopped after row 200")
	if len(o.lines()) != chunkRows || strings.Contains(o.stdout, "accepted is open") {
		t.Errorf("%d lines: %.300s", len(o.lines()), o.stdout)
	}
}

// What is told without a link is no fault of Redis.
func TestExplainWithoutALink(t *testing.T) {
	var l *link
	if f := l.explain(fmt.Errorf("odd: %w", errors.New("x")), "; hint"); f.message != "odd: x" || f.away {
		t.Errorf("%+v", f)
	}
}
