package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/ratelimit"
)

// office is a Redis with jobs that were sent at some time, and a configuration.
type office struct {
	t     *testing.T
	r     *redistest.Redis
	file  string
	store *record.Store // whose clock is at sent
	sent  time.Time
}

func newOffice(t *testing.T, r *redistest.Redis, ago time.Duration) *office {
	t.Helper()
	o := &office{t: t, r: r, file: fileOf(t, oneAccount(r.URL())), sent: time.Now().Add(-ago)}
	o.store = record.New(r.Client).WithClock(func() time.Time { return o.sent })
	return o
}

// inDoubt is a job whose one request got no answer.
func (o *office) inDoubt(change func(*record.NewJob)) string {
	o.t.Helper()
	j := record.NewJob{
		ID: "jumdata.j", Account: "main", Vendor: "jumdata", Kind: "notify", Content: `{"to":"13800000001","template":"T"}`,
		Numbers: []string{"n"}, ExpiresIn: 24 * time.Hour, Retain: 72 * time.Hour, KeyRetain: 720 * time.Hour,
	}
	if change != nil {
		change(&j)
	}
	if _, err := o.store.Create(o.t.Context(), j); err != nil {
		o.t.Fatal(err)
	}
	bound := j.Kind != "notify"
	door := ratelimit.NewAdmission(o.store, ratelimit.Rules{}, func() time.Time { return o.sent })
	a, err := door.Admit(o.t.Context(), ratelimit.Request{
		JobID: j.ID, Numbers: j.Numbers, Attempt: 1, Token: "t", Go: true, Timeout: 10 * time.Second, Doubt: 30 * time.Minute,
		Free: bound, Repeatable: bound,
	})
	if err != nil || a.Decision != ratelimit.Go {
		o.t.Fatalf("%+v, %v", a, err)
	}
	_, err = o.store.Settle(o.t.Context(), j.ID, j.Numbers, record.Settlement{Attempt: 1, Token: "t", Result: record.ResultInDoubt, Sent: true})
	if err != nil {
		o.t.Fatal(err)
	}
	return j.ID
}

func (o *office) run(args ...string) (status int, out, errs string) {
	o.t.Helper()
	var stdout, stderr bytes.Buffer
	status = run(o.t.Context(), append(args, "--config", o.file), &stdout, &stderr)
	return status, stdout.String(), stderr.String()
}

func (o *office) get(id string) *record.Record {
	o.t.Helper()
	rec, err := o.store.Get(o.t.Context(), id)
	if err != nil || rec == nil {
		o.t.Fatalf("%s: %v, %v", id, rec, err)
	}
	return rec
}

func TestResolve(t *testing.T) {
	for as, want := range map[string]record.State{"completed": record.Completed, "failed": record.Failed, "resend": record.Queued} {
		redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
			o := newOffice(t, r, time.Hour)
			id := o.inDoubt(nil)
			for range 2 {
				status, out, errs := o.run("resolve", id, "--as", as, "--note", "the vendor\nsays so of 138 0000 0001", "--json")
				var got resolved
				if err := json.Unmarshal([]byte(out), &got); err != nil || status != statusDone || got != (resolved{id, want, record.InDoubt}) {
					t.Fatalf("%s: status %d, %q, %q", as, status, out, errs)
				}
			}
			rec := o.get(id)
			last := rec.Timeline[len(rec.Timeline)-1]
			if rec.State != want || last.State != want || last.Detail != "an operator says: "+as+": the vendor says so of 138****0001" {
				t.Errorf("%s: %+v", as, rec)
			}
			if n := len(rec.Timeline); n != 4 { // accepted, attempt 1, in doubt, and the word
				t.Errorf("%s: %d lines: %+v", as, n, rec.Timeline)
			}
		})
	}
}

func TestResolveIsRefused(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		o := newOffice(t, r, 0)
		id := o.inDoubt(nil)
		from := roundUp(o.get(id).SendBefore.Add(40 * time.Second)).Format(time.RFC3339)
		for name, tt := range map[string]struct {
			args   []string
			status int
			want   string
		}{
			"too early":     {[]string{id, "--as", "resend"}, statusFailed, id + " is in_doubt: its last request may still be on its way; it can be sent again from " + from},
			"no such job":   {[]string{"jumdata.none", "--as", "failed"}, statusFailed, "there is no job jumdata.none"},
			"no id":         {[]string{"frob", "--as", "failed"}, statusFailed, "is not a job id"},
			"no word":       {[]string{id}, statusUsage, "--as completed, failed or resend"},
			"another word":  {[]string{id, "--as", "done"}, statusUsage, "--as completed, failed or resend"},
			"two jobs":      {[]string{id, id, "--as", "failed"}, statusUsage, "the id of one job"},
			"no job at all": {[]string{"--as", "failed"}, statusUsage, "the id of one job"},
		} {
			status, out, errs := o.run(append([]string{"resolve"}, tt.args...)...)
			if status != tt.status || out != "" || !strings.Contains(errs, tt.want) {
				t.Errorf("%s: status %d, %q, %q; want %d, %q", name, status, out, errs, tt.status, tt.want)
			}
		}
		if rec := o.get(id); rec.State != record.InDoubt || len(rec.Timeline) != 3 {
			t.Errorf("it changed: %+v", rec)
		}
		if status, out, _ := o.run("resolve", id, "--as", "failed"); status != statusDone || out != id+" failed (was in_doubt)\n" {
			t.Errorf("status %d, %q", status, out)
		}
		if status, _, errs := o.run("resolve", id, "--as", "completed"); status != statusFailed || !strings.Contains(errs, id+" is failed: it has ended\n") {
			t.Errorf("status %d, %q", status, errs)
		}
		if n := r.Client.Exists(t.Context(), "callpacer:{frob}:clock").Val(); n != 0 {
			t.Error("a group was made by asking")
		}
	})
}

func TestResolveWithoutRedis(t *testing.T) {
	for name, tt := range map[string]struct {
		args   []string
		status int
		want   string
	}{
		"redis away":   {[]string{"resolve", "jumdata.j", "--as", "failed", "--config", fileOf(t, oneAccount("redis://u:hunter2@127.0.0.1:1/0"))}, statusFailed, "redis at 127.0.0.1:1 does not answer: "},
		"no file":      {[]string{"resolve", "jumdata.j", "--as", "failed"}, statusUsage, "give --config FILE"},
		"no such file": {[]string{"locks", "--config", "nope.yaml"}, statusFailed, "nope.yaml"},
	} {
		var out, errs bytes.Buffer
		status := run(t.Context(), tt.args, &out, &errs)
		if status != tt.status || !strings.Contains(errs.String(), tt.want) || strings.Contains(errs.String(), "hunter2") {
			t.Errorf("%s: status %d, %q", name, status, errs.String())
		}
	}
}

// What is gone is told by what is kept of its key.
func TestResolveOfAGoneRecord(t *testing.T) {
	o := newOffice(t, redistest.Mini(t), time.Hour)
	id := o.inDoubt(func(j *record.NewJob) { j.Keyed = true })
	if status, _, errs := o.run("resolve", id, "--as", "failed"); status != statusDone {
		t.Fatal(errs)
	}
	o.r.Client.Del(t.Context(), "callpacer:{jumdata}:job:"+id)
	if status, _, errs := o.run("resolve", id, "--as", "failed"); status != statusFailed || !strings.Contains(errs, id+" was failed in the end; its record is gone") {
		t.Errorf("status %d, %q", status, errs)
	}
}

func TestNoteOf(t *testing.T) {
	for text, want := range map[string]string{
		"": "", " a\tb\r\nc ": "a b c", "ticket 4711": "ticket 4711", "+86 138-0000-0001 rang": "138****0001 rang",
		"１３８００００００01": "138****0001", "a\xffb": "a?b",
		strings.Repeat("号", 201): strings.Repeat("号", 200) + "…",
		strings.Repeat("号", 200): strings.Repeat("号", 200),
	} {
		if got := noteOf(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
