package main

import (
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
)

// gaveUp is the event of a job that was cancelled, after its last delivery failed at
// o.sent.
func (o *office) gaveUp(job, account, url string) string {
	o.t.Helper()
	ctx, group := o.t.Context(), strings.Split(job, ".")[0]
	if _, err := o.store.Create(ctx, record.NewJob{
		ID: job, Account: account, Vendor: "jumdata", Kind: "notify", Content: `{"to":"13800000001","template":"T"}`,
		Numbers: []string{"n"}, ExpiresIn: 24 * time.Hour, Retain: time.Hour, Tells: true, EventURL: url,
	}); err != nil {
		o.t.Fatal(err)
	}
	if _, _, err := o.store.Cancel(ctx, job); err != nil {
		o.t.Fatal(err)
	}
	events, err := o.store.ClaimEvents(ctx, group, 10, time.Minute)
	if err != nil || len(events) != 1 || events[0].Job != job {
		o.t.Fatalf("%+v, %v", events, err)
	}
	if err := o.store.EventFailed(ctx, events[0], 0, "503"); err != nil {
		o.t.Fatal(err)
	}
	if events, err = o.store.ClaimEvents(ctx, group, 10, time.Minute); err != nil || len(events) != 1 {
		o.t.Fatalf("%+v, %v", events, err)
	}
	if err := o.store.EventDead(ctx, events[0], "410 Gone, it named 13800000001\x1b of "+job, time.Hour); err != nil {
		o.t.Fatal(err)
	}
	return events[0].ID
}

func (o *office) deadLetters(args ...string) map[string]deadLetterJSON {
	o.t.Helper()
	status, out, errs := o.run(append([]string{"dead-letters", "--json"}, args...)...)
	if status != statusDone || strings.Contains(out, "13800000001") {
		o.t.Fatalf("status %d, %q, %q", status, out, errs)
	}
	return lines(o.t, out, func(e deadLetterJSON) string { return e.ID })
}

func TestDeadLetters(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		o := newPushOffice(t, r)
		if status, out, _ := o.run("dead-letters"); status != statusDone || out != "there are no dead letters\n" || len(o.deadLetters()) != 0 {
			t.Errorf("status %d, %q", status, out)
		}
		first := o.gaveUp("g1.a", "one", "https://user:pw@app.example.com:8443/hooks/secret?token=secret")
		second, third := o.gaveUp("g1.b/c", "two", ""), o.gaveUp("g2.c", "three", "")
		if all := o.deadLetters(); len(all) != 3 || all[second].Job != "g1.b/c" || all[third].Endpoint != "configured" {
			t.Errorf("%+v", all)
		}
		if of := o.deadLetters("--account", "two"); len(of) != 1 || of[second].Account != "two" {
			t.Errorf("%+v", of)
		}
		at := o.sent.Truncate(time.Millisecond).UTC()
		want := deadLetterJSON{
			ID: "g1.a:1", Job: "g1.a", Revision: 1, Account: "one", State: record.Canceled, ChangedAt: at, DeadAt: at, Tries: 2,
			Endpoint: "https://app.example.com:8443", Why: "410 Gone, it named 138****0001  of g1.a",
		}
		if got := o.deadLetters()[first]; got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
		when := at.Format(time.RFC3339)
		table := "ID      ACCOUNT  STATE     CHANGED               DEAD SINCE            TRIES  ENDPOINT    WHY\n" +
			"g2.c:1  three    canceled  " + when + "  " + when + "  2      configured  410 Gone, it named 138****0001  of g2.c\n"
		if status, out, errs := o.run("dead-letters", "--account", "three"); status != statusDone || out != table {
			t.Errorf("status %d, %q\n%s\nwant\n%s", status, errs, out, table)
		}
	})
}

func (o *office) wantEvent(id string, due bool) {
	o.t.Helper()
	group, _ := record.GroupOf(id)
	if _, err := o.r.Client.ZScore(o.t.Context(), "callpacer:{"+group+"}:events", id).Result(); (err == nil) != due {
		o.t.Errorf("%s: due: %v, want %v", id, err == nil, due)
	}
	if _, dead := o.deadLetters()[id]; dead == due {
		o.t.Errorf("%s: a dead letter: %v, want %v", id, dead, !due)
	}
}

// Events and pushes are replayed side by side, and nothing else with them.
func TestReplayOfDeadLettersByID(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		o := newPushOffice(t, r)
		first, second, other := o.gaveUp("g1.a", "one", ""), o.gaveUp("g2.b/c", "three", ""), o.gaveUp("g1.d", "one", "")
		push := o.kept("g1", "h1", "one", "orphan")
		want := first + ": is due to be told\n" + push + ": is processed again (was orphan)\n" + second + ": is due to be told\n"
		if status, out, errs := o.run("replay", first, push, second); status != statusDone || out != want {
			t.Errorf("status %d, %q, %q; want %q", status, out, errs, want)
		}
		o.wantEvent(first, true)
		o.wantEvent(second, true)
		o.wantEvent(other, false)
		o.wantPush(push, "received", true)

		foreign := o.gaveUp("g3.x", "x", "")
		status, out, errs := o.run("replay", "--json", first, "g1.none:1", foreign, "g1.a:0", other)
		got := lines(t, out, func(e replayedJSON) string { return e.ID })
		for id, want := range map[string]replayedJSON{
			first:       {Error: "there is no such dead letter: it is due, told, or kept no longer"},
			"g1.none:1": {Error: "there is no such dead letter: it is due, told, or kept no longer"},
			foreign:     {Error: `group "g3" is not in the configuration; it has g1, g2`},
			"g1.a:0":    {Error: "that is no id of a push (see worker orphans) or an event (see worker dead-letters)"},
			other:       {Was: "dead", State: "due", Replayed: true},
		} {
			if want.ID = id; got[id] != want {
				t.Errorf("%+v, want %+v", got[id], want)
			}
		}
		if status != statusFailed || len(got) != 5 || !strings.Contains(errs, "4 of 5 cannot be replayed") {
			t.Errorf("status %d, %q, %q", status, out, errs)
		}
		if n := r.Client.Exists(t.Context(), "callpacer:{g1}:event:g1.none:1").Val(); n != 0 {
			t.Error("an event that never was is there")
		}
	})
}

func TestReplayOfAllDeadLetters(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		o := newPushOffice(t, r)
		early := o.gaveUp("g1.a", "one", "")
		o.sent = o.sent.Add(time.Minute).Truncate(time.Second)
		since := o.sent.Format(time.RFC3339)
		for _, job := range []string{"g1.b", "g1.c"} {
			o.gaveUp(job, "one", "")
		}
		two, three := o.gaveUp("g1.d", "two", ""), o.gaveUp("g2.e", "three", "")
		orphan := o.kept("g1", "h1", "one", "orphan")
		replay := func(args ...string) map[string]replayedJSON {
			t.Helper()
			status, out, errs := o.run(append([]string{"replay", "--dead-letters", "--json"}, args...)...)
			if status != statusDone {
				t.Fatalf("status %d, %q", status, errs)
			}
			return lines(t, out, func(e replayedJSON) string { return e.ID })
		}
		if got := replay("--account", "one", "--since", since); len(got) != 2 || !got["g1.b:1"].Replayed || !got["g1.c:1"].Replayed {
			t.Errorf("%+v", got)
		}
		o.wantEvent(early, false)
		o.wantEvent(two, false)
		if got := replay(); len(got) != 3 || !got[early].Replayed || !got[two].Replayed || !got[three].Replayed {
			t.Errorf("%+v", got)
		}
		if got := replay(); len(got) != 0 {
			t.Errorf("repeated: %+v", got)
		}
		if status, out, _ := o.run("replay", "--dead-letters"); status != statusDone || out != "none is kept\n" {
			t.Errorf("status %d, %q", status, out)
		}
		o.wantPush(orphan, "orphan", false)
	})
}
