package main

import (
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
)

func (o *office) wantPush(id, state string, due bool) {
	o.t.Helper()
	p, err := o.store.GetPush(o.t.Context(), id)
	if err != nil || p == nil || p.State != state {
		o.t.Errorf("%s: %+v, %v; want it %s", id, p, err, state)
	}
	group, _ := record.GroupOf(id)
	if _, err := o.r.Client.ZScore(o.t.Context(), "callpacer:{"+group+"}:due", id).Result(); (err == nil) != due {
		o.t.Errorf("%s: due: %v, want %v", id, err == nil, due)
	}
}

func TestReplayByID(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		o := newPushOffice(t, r)
		orphan, unreadable, other := o.kept("g1", "h1", "one", "orphan"), o.kept("g2", "h2", "three", "unreadable"), o.kept("g1", "h3", "one", "orphan")
		for _, want := range []string{
			orphan + ": is processed again (was orphan)\n" + unreadable + ": is processed again (was unreadable)\n",
			orphan + ": waits to be processed already\n" + unreadable + ": waits to be processed already\n",
		} {
			if status, out, errs := o.run("replay", orphan, unreadable); status != statusDone || out != want {
				t.Errorf("status %d, %q, %q; want %q", status, out, errs, want)
			}
		}
		o.wantPush(orphan, "received", true)
		o.wantPush(unreadable, "received", true)
		o.wantPush(other, "orphan", false)
		if ttl := r.Client.TTL(t.Context(), "callpacer:{g1}:push:"+orphan).Val(); ttl != -1 {
			t.Errorf("a push that nobody has read yet goes in %v", ttl)
		}
	})
}

// What cannot be replayed stops no other.
func TestReplayIsRefused(t *testing.T) {
	o := newPushOffice(t, redistest.Mini(t))
	done, refused := o.kept("g1", "h1", "one", "done"), o.kept("g1", "h2", "one", "refused")
	foreign := o.kept("g3", "h3", "x", "orphan")
	status, out, errs := o.run("replay", "--json", done, "g1.push-none", foreign, "g1.job", "x", refused)
	got := lines(t, out, func(p replayedJSON) string { return p.ID })
	for id, want := range map[string]replayedJSON{
		done:           {Was: "done", State: "done", Error: "it was processed already, and is done"},
		"g1.push-none": {Error: "there is no such push (any more)"},
		foreign:        {Error: `group "g3" is not in the configuration; it has g1, g2`},
		"g1.job":       {Error: "that is no id of a push (see worker orphans) or an event (see worker dead-letters)"},
		"x":            {Error: "that is no id of a push (see worker orphans) or an event (see worker dead-letters)"},
		refused:        {Was: "refused", State: "received", Replayed: true},
	} {
		if want.ID = id; got[id] != want {
			t.Errorf("%+v, want %+v", got[id], want)
		}
	}
	if status != statusFailed || len(got) != 6 || !strings.Contains(errs, "5 of 6 cannot be replayed") {
		t.Errorf("status %d, %q, %q", status, out, errs)
	}
	o.wantPush(done, "done", false)
	o.wantPush(refused, "received", true)
	o.wantPush(foreign, "orphan", false)
	if status, out, _ := o.run("replay", done); status != statusFailed || out != done+": it was processed already, and is done\n" {
		t.Errorf("status %d, %q", status, out)
	}
}

func TestReplayOfAnAccount(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		o := newPushOffice(t, r)
		early := o.kept("g1", "h1", "one", "orphan")
		o.sent = o.sent.Add(time.Minute).Truncate(time.Second)
		since := o.sent.Format(time.RFC3339)
		first, second := o.kept("g1", "h2", "one", "orphan"), o.kept("g1", "h3", "one", "orphan")
		others := map[string]string{
			o.kept("g1", "h4", "one", "unreadable"): "unreadable", o.kept("g1", "h5", "one", "done"): "done",
			o.kept("g1", "h6", "two", "orphan"): "orphan", o.kept("g2", "h7", "three", "orphan"): "orphan",
		}
		replay := func(args ...string) map[string]replayedJSON {
			t.Helper()
			status, out, errs := o.run(append([]string{"replay", "--account", "one", "--state", "orphan", "--json"}, args...)...)
			if status != statusDone {
				t.Fatalf("status %d, %q", status, errs)
			}
			return lines(t, out, func(p replayedJSON) string { return p.ID })
		}
		got := replay("--since", since)
		if len(got) != 2 || !got[first].Replayed || got[second] != (replayedJSON{ID: second, Was: "orphan", State: "received", Replayed: true}) {
			t.Errorf("since then: %+v", got)
		}
		o.wantPush(early, "orphan", false)
		if got = replay(); len(got) != 1 || !got[early].Replayed {
			t.Errorf("all that are left: %+v", got)
		}
		if got = replay(); len(got) != 0 {
			t.Errorf("repeated: %+v", got)
		}
		for id, state := range others {
			o.wantPush(id, state, false)
		}
		if status, out, _ := o.run("replay", "--account", "one", "--state", "refused"); status != statusDone || out != "none is kept\n" {
			t.Errorf("status %d, %q", status, out)
		}
	})
}

func TestReplayThatCannotBeMeant(t *testing.T) {
	o := newPushOffice(t, redistest.Mini(t))
	for name, tt := range map[string]struct {
		args   []string
		status int
		want   string
	}{
		"nothing":         {nil, statusUsage, "give ids, or --account and --state, or --dead-letters"},
		"both":            {[]string{"g1.push-x", "--account", "one"}, statusUsage, "either"},
		"ids since":       {[]string{"g1.push-x", "--since", "2026-11-22T09:00:00Z"}, statusUsage, "either"},
		"ids and dead":    {[]string{"g1.push-x", "--dead-letters"}, statusUsage, "either"},
		"dead in a state": {[]string{"--dead-letters", "--state", "orphan"}, statusUsage, "--state is about pushes"},
		"dead of another": {[]string{"--dead-letters", "--account", "four"}, statusFailed, `account "four" is not in the configuration`},
		"dead badly":      {[]string{"--dead-letters", "--since", "yesterday"}, statusUsage, "--since is not a time"},
		"no state":        {[]string{"--account", "one"}, statusUsage, "--state is one of orphan, unreadable, refused"},
		"done":            {[]string{"--account", "one", "--state", "done"}, statusUsage, "--state is one of"},
		"a bad time":      {[]string{"--account", "one", "--state", "orphan", "--since", "yesterday"}, statusUsage, "--since is not a time"},
		"another account": {[]string{"--account", "four", "--state", "orphan"}, statusFailed, `account "four" is not in the configuration`},
	} {
		status, out, errs := o.run(append([]string{"replay"}, tt.args...)...)
		if status != tt.status || out != "" || !strings.Contains(errs, tt.want) {
			t.Errorf("%s: status %d, %q, %q", name, status, out, errs)
		}
	}
}
