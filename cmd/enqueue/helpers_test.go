package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/tasks"
)

const (
	number  = "13900139007" // nobody's
	masked  = "139****9007"
	account = "jumdata-main"

	xNumber = "17000000007" // nobody's either
	aNumber = "13800138007"
	bNumber = "02088886607"
)

func TestMain(m *testing.M) {
	redis.SetLogger(noLog{})
	goleak.VerifyTestMain(m)
}

// outcome is what one run of the command came to.
type outcome struct {
	t      *testing.T
	code   int
	stdout string
	stderr string
}

// command runs the command line and looks for numbers in all that it says.
func command(t *testing.T, stdin string, args ...string) outcome {
	t.Helper()
	var out, errs bytes.Buffer
	code := run(t.Context(), args, strings.NewReader(stdin), &out, &errs)
	o := outcome{t: t, code: code, stdout: out.String(), stderr: errs.String()}
	o.checkStreams()
	return o
}

func (o outcome) checkStreams() {
	o.t.Helper()
	for _, text := range []string{o.stdout, o.stderr} {
		for _, secret := range []string{number, "0013900", xNumber, aNumber, bNumber} {
			if strings.Contains(text, secret) {
				o.t.Errorf("the number %s in clear:\n%s", secret, text)
			}
		}
	}
}

// on runs a command on r, whose account is published.
func on(t *testing.T, r *redistest.Redis, args ...string) outcome {
	t.Helper()
	return command(t, "", append(args, "--redis", r.URL())...)
}

// want checks the exit status and words of both streams.
func (o outcome) want(code int, stdout, stderr string) outcome {
	o.t.Helper()
	if o.code != code {
		o.t.Errorf("exit status %d, want %d", o.code, code)
	}
	if !strings.Contains(o.stdout, stdout) || stdout == "" && o.stdout != "" {
		o.t.Errorf("stdout lacks %q", stdout)
	}
	if !strings.Contains(o.stderr, stderr) || stderr == "" && o.stderr != "" {
		o.t.Errorf("stderr lacks %q", stderr)
	}
	if o.t.Failed() {
		o.t.Logf("stdout: %.2000s\nstderr: %.2000s", o.stdout, o.stderr)
	}
	return o
}

// lines returns standard output as one object a line.
func (o outcome) lines() []map[string]any {
	o.t.Helper()
	var all []map[string]any
	for line := range strings.Lines(o.stdout) {
		var object map[string]any
		if err := json.Unmarshal([]byte(line), &object); err != nil {
			o.t.Fatalf("not a JSON object: %q", line)
		}
		all = append(all, object)
	}
	return all
}

// only returns the one object on standard output.
func (o outcome) only() map[string]any {
	o.t.Helper()
	all := o.lines()
	if len(all) != 1 {
		o.t.Fatalf("%d lines on stdout, want 1: %s", len(all), o.stdout)
	}
	return all[0]
}

// wantError checks exit status 1, the error object and that the failure is one line.
func (o outcome) wantError(field, message string) {
	o.t.Helper()
	o.want(1, `"error"`, message)
	e, _ := o.only()["error"].(map[string]any)
	if e["field"] != field || !strings.Contains(e["message"].(string), message) {
		o.t.Errorf("error %v, want field %q and %q", e, field, message)
	}
	if strings.Count(o.stderr, "\n") != 1 || !strings.HasPrefix(o.stderr, "enqueue: ") {
		o.t.Errorf("stderr is not one line of ours: %q", o.stderr)
	}
}

// wantFileError checks exit status 1, and that the failure is one line on standard
// error, and nothing is where the rows of an import are.
func (o outcome) wantFileError(words string) {
	o.t.Helper()
	o.want(1, "", words)
	if strings.Count(o.stderr, "\n") != 1 || !strings.HasPrefix(o.stderr, "enqueue: ") {
		o.t.Errorf("stderr is not one line of ours: %q", o.stderr)
	}
}

func publish(t *testing.T, r *redistest.Redis) {
	t.Helper()
	_, err := tasks.Publish(t.Context(), r.Client, tasks.Account{
		Name: account, Vendor: "jumdata", Group: "jumdata", Kinds: []tasks.Kind{tasks.KindNotify}, Traits: tasks.Traits{Params: true},
		Retention: 72 * time.Hour, KeyRetention: 720 * time.Hour,
	})
	if err != nil {
		t.Fatal(err)
	}
}

// each runs f on every Redis, with the account published.
func each(t *testing.T, f func(t *testing.T, r *redistest.Redis)) {
	t.Helper()
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		t.Helper()
		publish(t, r)
		f(t, r)
	})
}

// mini is one embedded Redis with the account published.
func mini(t *testing.T) *redistest.Redis {
	t.Helper()
	r := redistest.Mini(t)
	publish(t, r)
	return r
}

// set changes fields of a job's record as no script would: it stands for what a
// worker does.
func set(t *testing.T, r *redistest.Redis, id string, fields ...any) {
	t.Helper()
	if err := r.Client.HSet(context.WithoutCancel(t.Context()), jobKey(id), fields...).Err(); err != nil {
		t.Fatal(err)
	}
}

func jobKey(id string) string {
	group, _ := record.GroupOf(id)
	if group == "" {
		group = "jumdata"
	}
	return "callpacer:{" + group + "}:job:" + id
}

// jobs returns how many records there are.
func jobs(t *testing.T, r *redistest.Redis) int {
	t.Helper()
	keys, err := r.Client.Keys(t.Context(), jobKey("*")).Result()
	if err != nil {
		t.Fatal(err)
	}
	return len(keys)
}

// file writes a file of its own for the test.
func file(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// notify enqueues one job and returns its id.
func notify(t *testing.T, r *redistest.Redis, more ...string) string {
	t.Helper()
	args := append([]string{"notify", "--account", account, "--to", number, "--template", "T1", "--json"}, more...)
	o := on(t, r, args...)
	o.want(0, `"state":"queued"`, "")
	return o.only()["id"].(string)
}
