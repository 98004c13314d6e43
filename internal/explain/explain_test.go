package explain_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/callpacer/callpacer/internal/explain"
	"github.com/callpacer/callpacer/internal/phone"
	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/ratelimit"
	"github.com/callpacer/callpacer/tasks"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	caller = "13800138007"
	callee = "13900139007"
)

// desk explains jobs of one account at a time of its choice.
type desk struct {
	t     *testing.T
	r     *redistest.Redis
	now   time.Time
	store *record.Store
	rules ratelimit.Rules
	zone  *time.Location
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{t: t, r: redistest.Mini(t), now: time.Date(2026, 11, 22, 12, 0, 0, 0, zone), zone: zone}
	d.store = record.New(d.r.Client).WithClock(func() time.Time { return d.now })
	d.rules = ratelimit.Rules{
		Window:    &ratelimit.Window{Open: 9 * time.Hour, Close: 21 * time.Hour, Location: zone, OpenGuard: 5 * time.Second, CloseGuard: 30 * time.Second},
		PerNumber: []ratelimit.PerNumber{{Limit: 3, Calendar: true, Location: zone}, {Limit: 3, Width: 24 * time.Hour, Margin: 2 * time.Second}},
		Lockout:   time.Hour, OneAtATime: true, Rate: ratelimit.Rate{PerSecond: 20, Burst: 5}, MaxInFlight: 2, DailyCap: 2, Day: zone,
	}
	return d
}

func (d *desk) create(j record.NewJob) string {
	d.t.Helper()
	j.Account, j.Priority, j.Retain, j.ExpiresIn = "acct", "normal", time.Hour, 48*time.Hour
	if _, err := d.store.Create(d.t.Context(), j); err != nil {
		d.t.Fatal(err)
	}
	d.set("job:"+j.ID, "state", "queued")
	return j.ID
}

// connect is a job about two phones.
func (d *desk) connect() string {
	d.t.Helper()
	return d.create(record.NewJob{
		ID: "g.c", Kind: "connect", Numbers: []string{"n1", "n2"}, From: phone.Mask(caller), To: phone.Mask(callee),
		Content: fmt.Sprintf(`{"from":%q,"to":%q}`, caller, callee),
	})
}

func (d *desk) set(key string, values ...any) {
	d.t.Helper()
	if err := d.r.Client.HSet(d.t.Context(), "callpacer:{g}:"+key, values...).Err(); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) zadd(key, member string, score int64) {
	d.t.Helper()
	if err := d.r.Client.Do(d.t.Context(), "ZADD", "callpacer:{g}:"+key, score, member).Err(); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) in(span time.Duration) int64 { return d.now.Add(span).UnixMilli() }

func (d *desk) ask(id string) (explain.View, error) {
	d.t.Helper()
	set, err := json.Marshal(d.rules)
	if err != nil {
		d.t.Fatal(err)
	}
	e := explain.Explainer{Store: d.store, Now: func() time.Time { return d.now }, Accounts: func(_ context.Context, name string) (tasks.Account, error) {
		return tasks.Account{Name: name, RuleSet: set}, nil
	}}
	return e.Why(d.t.Context(), id)
}

// why explains a job and checks that the words show no number.
func (d *desk) why(id string) (explain.View, string) {
	d.t.Helper()
	v, err := d.ask(id)
	if err != nil {
		d.t.Fatal(err)
	}
	var text strings.Builder
	if err := v.Text(&text); err != nil {
		d.t.Fatal(err)
	}
	object, err := json.Marshal(v)
	if err != nil {
		d.t.Fatal(err)
	}
	for _, number := range []string{caller, callee, "139 0013 9007"} {
		if strings.Contains(text.String()+string(object), number) {
			d.t.Errorf("the number %s in clear: %s\n%s", number, text.String(), object)
		}
	}
	return v, text.String()
}

// want checks the sentence, the rule that binds ("": none), and lines of the table.
func (d *desk) want(id, summary, binding string, lines ...string) {
	d.t.Helper()
	v, text := d.why(id)
	got := ""
	if v.BindingRule != nil {
		got = *v.BindingRule
	}
	if !strings.Contains(v.Summary, summary) || got != binding || !strings.Contains(text, v.Summary) {
		d.t.Errorf("bound by %q: %s\nwant %q: %s", got, v.Summary, binding, summary)
	}
	for _, line := range lines {
		if !strings.Contains(squeeze(text), squeeze(line)) {
			d.t.Errorf("the table lacks %q:\n%s", line, text)
		}
	}
}

func squeeze(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.Join(strings.Fields(lines[i]), " ")
	}
	return strings.Join(lines, "\n")
}

func TestEveryRuleOfAFreeJob(t *testing.T) {
	d := newDesk(t)
	id := d.connect()
	d.want(id, "Nothing stands in its way; it waits for its turn in queue acct:normal.", "",
		"RULE PASSES COUNT LIMIT UNTIL DETAIL",
		"window yes - - - 09:00 to 21:00 Asia/Shanghai, less 5s and 30s; shuts at 2026-11-22 20:59:30 +08:00\n",
		"per_number yes 0 3 - 3 a calendar day, from 138****8007\n",
		"per_number yes 0 3 - 3 in 24h2s, to 139****9007\n",
		"rate yes 0 20 - 20 a second, burst of 5\n", "max_in_flight yes 0 2 - ", "daily_cap yes 0 2 - ",
		"halt yes - - -", "expires yes - - 2026-11-24 12:00:00 +08:00 ")
	d.set("job:"+id, "state", "reserved")
	d.want(id, "it waits for its slot.", "")
	d.set("job:"+id, "state", "held", "hold_reason", "per_number", "hold_until", d.in(time.Hour))
	d.want(id, "it was held (per_number), and its task comes back at 2026-11-22 13:00:00 +08:00.", "")
}

func TestWhatBinds(t *testing.T) {
	gate := func(until int64, detail string) string { return fmt.Sprintf("%d 1 %s", until, detail) }
	for name, c := range map[string]struct {
		prepare          func(d *desk)
		summary, binding string
		line             string
	}{
		"per_number": {func(d *desk) {
			d.set("number:n2", "c:a", d.in(-time.Minute), "c:b", d.in(-time.Hour), "c:c", d.in(-2*time.Hour))
			d.rules.PerNumber = d.rules.PerNumber[:1]
		}, "Not before 2026-11-23 09:00:05 +08:00, because of per_number (3 of 3 in a calendar day, to 139****9007).", "per_number",
			"per_number NO 3 3 2026-11-23 00:00:00 +08:00 3 a calendar day, to 139****9007\n"},
		"rolling": {func(d *desk) {
			d.set("number:n1", "c:a", d.in(-time.Minute), "c:b", d.in(-time.Hour), "c:c", d.in(-2*time.Hour))
		}, "Not before 2026-11-23 10:00:02 +08:00, because of per_number (3 of 3 in 24h2s, from 138****8007).", "per_number", "per_number NO 3 3"},
		"window": {func(d *desk) { d.now = d.now.Add(11 * time.Hour) },
			"Not before 2026-11-23 09:00:05 +08:00, because of window (09:00 to 21:00 Asia/Shanghai, less 5s and 30s).", "window",
			"window NO - - 2026-11-23 09:00:05 +08:00 09:00 to 21:00"},
		"not_before": {func(d *desk) { d.set("job:g.c", "not_before", d.in(time.Hour+1500*time.Millisecond)) },
			"Not before 2026-11-22 13:00:01.5 +08:00, because of not_before (as the application wished).", "not_before", "not_before NO"},
		"its own wait": {func(d *desk) {
			d.set("job:g.c", "retry_at", d.in(time.Minute), "retry_reason", "line_busy", "vendor_code", "5", "vendor_text", "139 0013 9007 busy")
		}, "because of line_busy (5 139****9007 busy).", "line_busy", "line_busy NO - - 2026-11-22 12:01:00 +08:00 5 139****9007 busy\n"},
		"in flight": {func(d *desk) { d.set("number:n1", "fly", fmt.Sprint("g.x.1@0 ", d.in(time.Minute))) },
			"Not before 2026-11-22 12:00:01 +08:00, because of one_at_a_time (a call to its number is in flight).", "one_at_a_time",
			"one_at_a_time NO - - 2026-11-22 12:01:00 +08:00 "},
		"lockout": {func(d *desk) { d.set("number:n2", "lock", d.in(time.Hour)) },
			"because of lockout (to 139****9007 is locked).", "lockout", "lockout NO - - 2026-11-22 13:00:00 +08:00 to 139****9007 is locked\n"},
		"suppressed": {func(d *desk) {
			n, _ := phone.Parse(callee)
			d.set("suppressed", ratelimit.SuppressionKey(n), "0 asked for by "+callee)
		}, "a number of it is on the suppression list (asked for by 139****9007).", "suppression", "suppression NO - - - asked for by 139****9007\n"},
		"halt": {func(d *desk) { d.set("lane:acct", "g:halt", gate(0, "balance 139 0013 9007")) },
			"Its lane is shut by halt (balance 139****9007) until somebody resumes it (worker resume acct).", "halt", "halt NO - - - balance 139****9007\n"},
		"paused queue": {func(d *desk) {
			d.set("lane:acct", "g:operator/normal", gate(0, "lunch"), "g:operator/bulk", gate(0, "x"))
		},
			"Its lane is shut by operator (queue acct:normal: lunch) until", "operator", "operator NO - - - queue acct:normal: lunch\n"},
		"breaker": {func(d *desk) { d.set("lane:acct", "b:until", d.in(10*time.Second)) },
			"Not before 2026-11-22 12:00:10 +08:00, because of breaker (too many failures in a row).", "breaker", "breaker NO"},
		"trial": {func(d *desk) {
			d.set("lane:acct", "b:until", d.in(-time.Second), "b:probe", fmt.Sprint("g.x ", d.in(time.Minute)))
		}, "It waits until the breaker's trial call", "breaker", "breaker NO - - 2026-11-22 12:01:00 +08:00 a trial call is under way\n"},
		"lines": {func(d *desk) {
			for i := range 3 {
				d.zadd("lane:acct:lines", fmt.Sprint("g.l", i), d.in(time.Duration(i+1)*time.Minute))
			}
		}, "It waits for a line: max_in_flight (3 of 2 in use).", "max_in_flight", "max_in_flight NO 3 2 2026-11-22 12:02:00 +08:00 "},
		"as many lines as there are": {func(d *desk) {
			for i := range 2 {
				d.zadd("lane:acct:lines", fmt.Sprint("g.l", i), d.in(time.Duration(i+1)*time.Minute))
			}
		}, "It waits for a line: max_in_flight (2 of 2 in use).", "max_in_flight", "max_in_flight NO 2 2 2026-11-22 12:01:00 +08:00 "},
		"a line is free": {func(d *desk) {
			d.zadd("lane:acct:lines", "g.l1", d.in(time.Minute))
			d.zadd("lane:acct:lines", "g.l2", d.in(0))
		}, "Nothing stands in its way", "", "max_in_flight yes 1 2 - "},
		"daily_cap": {func(d *desk) {
			d.zadd("lane:acct:day", "a", d.in(-time.Hour))
			d.zadd("lane:acct:day", "b", d.in(-time.Hour))
		}, "Not before 2026-11-23 09:00:05 +08:00, because of daily_cap (2 of 2 in a calendar day).", "daily_cap", "daily_cap NO 2 2"},
		"too late": {func(d *desk) {
			d.set("job:g.c", "expires_at", d.in(time.Minute))
			d.set("lane:acct", "g:vendor_frequency", gate(d.in(time.Hour), "429"))
		}, "because of vendor_frequency (429); it ends expired before that, at 2026-11-22 12:01:00 +08:00.", "vendor_frequency",
			"expires NO - - 2026-11-22 12:01:00 +08:00"},
		"expired": {func(d *desk) { d.set("job:g.c", "expires_at", d.in(-time.Minute)) },
			"Its time ended at 2026-11-22 11:59:00 +08:00; it ends expired.", "expires", "expires NO"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			id := d.connect()
			c.prepare(d)
			d.want(id, c.summary, c.binding, c.line)
		})
	}
}

// A release takes the number of the binding that it names, and no gate stops it.
func TestWhyOfARelease(t *testing.T) {
	d := newDesk(t)
	d.create(record.NewJob{ID: "g.b", Kind: "bind", Numbers: []string{"nx"}, X: "170****0001", Content: `{"x":"17000000001","a":"13800138007"}`})
	id := d.create(record.NewJob{ID: "g.u", Kind: "unbind", Content: `{"job":"g.b"}`})
	d.set("lane:acct", "g:halt", "0 1 balance")
	d.want(id, "it waits for its turn in queue acct:follow.", "")
	d.want("g.b", "Its lane is shut by halt", "halt")
	d.set("number:nx", "fly", fmt.Sprint("g.x.1@0 ", d.in(time.Minute)))
	d.want(id, "because of one_at_a_time", "one_at_a_time")
	d.set("job:"+id, "state", "held", "hold_reason", "binding", "hold_until", d.in(5*time.Second))
	d.want(id, "Not before 2026-11-22 12:00:05 +08:00, because of binding (nobody knows yet whether its binding was made, or what the vendor calls it).", "binding",
		"binding NO - - 2026-11-22 12:00:05 +08:00 nobody knows yet whether its binding was made, or what the vendor calls it\n")
}

// A probe passes no door: it goes by the rate of the queries alone.
func TestWhyOfAProbe(t *testing.T) {
	d := newDesk(t)
	d.rules.QueryRate = ratelimit.Rate{PerSecond: 0.1, Burst: 1}
	id := d.create(record.NewJob{ID: "g.p", Kind: "account", Content: `{}`})
	d.set("lane:acct", "qtat", d.now.Add(900*time.Millisecond).UnixMicro(), "g:halt", "0 1 balance")
	d.want(id, "Not before 2026-11-22 12:00:00.9 +08:00, because of query_rate (0.1 a second, burst of 1).", "query_rate")
}

func TestWhyOfWhatIsInDoubt(t *testing.T) {
	d := newDesk(t)
	id := d.connect()
	d.set("job:"+id, "state", "in_doubt", "rank", 2, "doubt_until", d.in(time.Hour))
	d.want(id, "a push, a query or an operator (worker resolve g.c) may tell until 2026-11-22 13:00:00 +08:00, then it ends unknown.", "")
	d.set("job:"+id, "repeat_at", d.in(time.Minute))
	d.zadd("due", id, d.in(time.Minute))
	d.want(id, "the same request, which the vendor knows by its id, goes out again at 2026-11-22 12:01:00 +08:00.", "")
	d.set("job:"+id, "state", "submitted", "give_up_at", d.in(time.Hour))
	d.want(id, "the next poll is at 2026-11-22 12:01:00 +08:00 unless a push tells its end before, and it ends unknown at 2026-11-22 13:00:00 +08:00.", "")
	d.zadd("due", id, d.in(time.Hour))
	d.want(id, "a push tells its end, and else it ends unknown at 2026-11-22 13:00:00 +08:00.", "")
}

func TestWhatCannotBeExplained(t *testing.T) {
	d := newDesk(t)
	id := d.connect()
	d.set("job:"+id, "content", "lost")
	var unknown *explain.UnknownError
	if _, err := d.ask(id); !errors.As(err, &unknown) || !strings.Contains(err.Error(), "content") {
		t.Errorf("lost content: %v", err)
	}
	e := explain.Explainer{Store: d.store, Accounts: explain.Published(d.r.Client, tasks.Account{Name: "other"}), Now: time.Now}
	if _, err := e.Why(t.Context(), id); !errors.As(err, &unknown) || !strings.Contains(err.Error(), "account acct is unknown") {
		t.Errorf("unknown account: %v", err)
	}
	e.Accounts = explain.Published(d.r.Client, tasks.Account{Name: "acct", RuleSet: json.RawMessage(`{"newer":1}`)})
	if _, err := e.Why(t.Context(), id); !errors.As(err, &unknown) || !strings.Contains(err.Error(), "newer version") {
		t.Errorf("rules of a newer version: %v", err)
	}
	if _, err := e.Why(t.Context(), "g.none"); !errors.As(err, &unknown) {
		t.Errorf("no job: %v", err)
	}
}

// bindOn is a bind job on the X of key nx, of A and B (xa: without B).
func (d *desk) bindOn(id, mode string) string {
	d.t.Helper()
	j := record.NewJob{
		ID: id, Kind: "bind", Numbers: []string{"nx"}, X: "170****0001", Mode: mode, Parties: []string{"na"}, From: "138****8007",
		Content: `{"mode":"xa","x":"17000000001","a":"13800138007"}`,
	}
	if mode == "axb" {
		j.Parties, j.To = append(j.Parties, "nb"), "139****9007"
		j.Content = `{"mode":"axb","x":"17000000001","a":"13800138007","b":"13900139007"}`
	}
	return d.create(j)
}

// Another binding leaves this one no room on its X.
func TestWhyOfABindingInConflict(t *testing.T) {
	for mode, words := range map[string]string{"axb": "another binding of A or B has this X", "xa": "another binding has this X"} {
		d := newDesk(t)
		id := d.bindOn("g.b", mode)
		d.want(id, "it waits for its turn in queue acct:normal.", "")
		entry := func(state string) string {
			return fmt.Sprintf(`{"gen":1,"state":%q,"mode":%q,"until":%d,"a":"na","b":"nc","account":"acct"}`, state, mode, d.in(time.Hour))
		}
		d.set("x:nx", "gen", 1, "g.other", entry("in_doubt"))
		d.want(id, "Not before 2026-11-22 12:00:05 +08:00, because of binding_conflict ("+words+": job g.other has it (in_doubt)).", "binding_conflict",
			"binding_conflict NO - - 2026-11-22 12:00:05 +08:00 "+words+": job g.other has it (in_doubt)\n")
		d.set("x:nx", "g.other", entry("active"))
		d.want(id, words+": job g.other has it (active)", "binding_conflict")
		// It ended while this one was held for it.
		if err := d.r.Client.HDel(t.Context(), "callpacer:{g}:x:nx", "g.other").Err(); err != nil {
			t.Fatal(err)
		}
		d.set("job:"+id, "state", "held", "hold_reason", "binding_conflict", "hold_until", d.in(time.Second))
		d.want(id, "because of binding_conflict ("+words+", or had it when a worker looked).", "binding_conflict")
	}
}

// None of the pool's numbers was free when a worker looked.
func TestWhyOfABindWithoutANumber(t *testing.T) {
	d := newDesk(t)
	id := d.create(record.NewJob{
		ID: "g.b", Kind: "bind", Mode: "axb", Parties: []string{"na", "nb"}, From: "138****8007", To: "139****9007",
		Content: `{"mode":"axb","x":"auto","a":"13800138007","b":"13900139007"}`,
	})
	d.want(id, "A number of its account's pool is to be chosen for it; it waits for its turn in queue acct:normal.", "")
	d.set("job:"+id, "state", "held", "hold_reason", "no_number", "hold_until", d.in(2*time.Second))
	d.want(id, "Not before 2026-11-22 12:00:02 +08:00, because of no_number (none of the numbers of its account's pool is free", "no_number",
		"no_number NO - - 2026-11-22 12:00:02 +08:00 none of the numbers of its account's pool is free")
	// What the worker found tells a pool that is taken from one that is not there.
	d.set("job:"+id, "timeline", 1, "at:1", fmt.Sprint(d.in(0), " held no_number: account acct has no pool at this worker"))
	d.want(id, "because of no_number (a worker found at 2026-11-22 12:00:00 +08:00: account acct has no pool at this worker; one looks again then).",
		"no_number", "no_number NO")
	// The hold is over, and no rule knows whether there is a number now.
	d.now = d.now.Add(3 * time.Second)
	d.want(id, "A number of its account's pool is to be chosen for it, and there was none when a worker looked last; it waits for its turn in queue acct:normal.", "")
	d.set("job:"+id, "x", "17000000001", "numbers", "nx", "content", `{"mode":"axb","x":"17000000001","a":"13800138007","b":"13900139007"}`)
	d.want(id, "Nothing stands in its way; it waits for its turn in queue acct:normal.", "")
}

// A job that calls again waits for that, not for what an application wished.
func TestWhyOfARedial(t *testing.T) {
	d := newDesk(t)
	id := d.connect()
	d.set("job:"+id, "state", "held", "hold_reason", "redial", "hold_until", d.in(10*time.Minute), "not_before", d.in(10*time.Minute),
		"redial_of", "g.first", "redial_number", 2)
	d.want(id, "Not before 2026-11-22 12:10:00 +08:00, because of redial (redial 2, after g.first).", "redial",
		"redial NO - - 2026-11-22 12:10:00 +08:00 redial 2, after g.first\n")
	v, text := d.why(id)
	n := 0
	for _, r := range v.Rules {
		if r.Rule == "redial" {
			n++
		}
	}
	if n != 1 || strings.Contains(text, "not_before") {
		t.Errorf("%d rules of the redial:\n%s", n, text)
	}
	// Every rule counts for it as for any other call.
	d.set("lane:acct", "g:vendor_frequency", fmt.Sprint(d.in(time.Hour), " 1 429"))
	d.want(id, "because of vendor_frequency (429).", "vendor_frequency", "redial NO")
	d.now = d.now.Add(2 * time.Hour)
	d.want(id, "Nothing stands in its way", "", "redial yes")

	d.set("job:g.first", "state", "busy", "rank", 9, "cause", "busy", "account", "acct", "kind", "connect", "redial", id)
	d.want("g.first", "It has ended: busy (busy); g.c calls again after it.", "")
}
