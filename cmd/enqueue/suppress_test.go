package main

import (
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/phone"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/ratelimit"
)

// suppressedIn is what the group's copy holds of a number; "": nothing.
func suppressedIn(t *testing.T, r *redistest.Redis, group, number string) string {
	t.Helper()
	n, err := phone.ParseAny(number)
	if err != nil {
		t.Fatal(err)
	}
	return r.Client.HGet(t.Context(), "callpacer:{"+group+"}:suppressed", ratelimit.SuppressionKey(n)).Val()
}

func wantSuppressed(t *testing.T, r *redistest.Redis, group, number, want string) {
	t.Helper()
	if got := suppressedIn(t, r, group, number); got != want {
		t.Errorf("group %s has %q, want %q", group, got, want)
	}
}

// noNumberKept fails if Redis holds the number in clear anywhere.
func noNumberKept(t *testing.T, r *redistest.Redis, number string) {
	t.Helper()
	keys, err := r.Client.Keys(t.Context(), "callpacer:*suppress*").Result()
	if err != nil || len(keys) < 3 {
		t.Fatal(keys, err)
	}
	for _, key := range keys {
		text := key
		switch r.Client.Type(t.Context(), key).Val() {
		case "hash":
			for field, value := range r.Client.HGetAll(t.Context(), key).Val() {
				text += " " + field + " " + value
			}
		case "zset":
			text += " " + strings.Join(r.Client.ZRange(t.Context(), key, 0, -1).Val(), " ")
		}
		if strings.Contains(text, number) {
			t.Errorf("the number in clear: %s", text)
		}
	}
}

func TestSuppressAddListRemove(t *testing.T) {
	each(t, func(t *testing.T, r *redistest.Redis) {
		on(t, r, "suppress", "list").want(0, "", "no number is suppressed")
		on(t, r, "suppress", "list", "--json").want(0, "", "")
		o := on(t, r, "suppress", "add", "+86 139-0013-9007", "--reason", "投诉 by "+number, "--json").want(0, "{", "").only()
		if o["number"] != masked || o["state"] != "suppressed" || o["reason"] != "投诉 by "+masked || len(o) != 3 {
			t.Errorf("answer %v", o)
		}
		wantSuppressed(t, r, "jumdata", number, "0 投诉 by "+masked)
		noNumberKept(t, r, number)
		noNumberKept(t, r, "投诉 by 1390")

		before := time.Now().Add(720 * time.Hour).Truncate(time.Millisecond)
		on(t, r, "suppress", "add", aNumber, "--reason", "on leave", "--for", "720h").want(0, "138****8007 suppressed until 20", "")
		rows := on(t, r, "suppress", "list", "--json").want(0, "{", "").lines()
		if len(rows) != 2 || rows[0]["number"] != masked || rows[0]["until"] != nil || rows[1]["reason"] != "on leave" {
			t.Fatalf("listed %v", rows)
		}
		until, err := time.Parse(time.RFC3339, rows[1]["until"].(string))
		if err != nil || until.Before(before) || until.After(before.Add(time.Minute)) {
			t.Errorf("until %v, want about %v", until, before)
		}
		if added, err := time.Parse(time.RFC3339, rows[0]["added"].(string)); err != nil || time.Since(added).Abs() > time.Minute {
			t.Errorf("added %v", rows[0]["added"])
		}
		on(t, r, "suppress", "list").want(0, masked+"  for ever, since ", "").want(0, ": on leave", "")

		on(t, r, "suppress", "remove", "0086"+number, "--json").want(0, `{"number":"`+masked+`","state":"removed"}`, "")
		wantSuppressed(t, r, "jumdata", number, "")
		on(t, r, "suppress", "remove", number, "--json").wantError("number", masked+" is not on the suppression list")
		on(t, r, "suppress", "remove", aNumber).want(0, "138****8007 removed", "")
	})
}

// TestSuppressUntil: an instant of any zone, and never one in the past.
func TestSuppressUntil(t *testing.T) {
	r := mini(t)
	on(t, r, "suppress", "add", number, "--reason", "x", "--until", "2099-01-31T09:00:00+08:00").want(0, masked+" suppressed until 2099-", "")
	wantSuppressed(t, r, "jumdata", number, "4073504400000 x")
	on(t, r, "suppress", "add", number, "--reason", "y", "--until", "2020-01-31T09:00:00+08:00", "--json").wantError("until", "--until 2020-01-31T09:00:00+08:00 is in the past")
	wantSuppressed(t, r, "jumdata", number, "4073504400000 x")
	on(t, r, "suppress", "add", number, "--reason", "y", "--for", "-1h", "--json").wantError("for", "--for must be longer than zero")
	on(t, r, "suppress", "add", number, "--reason", "y").want(0, "for ever", "") // the last word counts
	wantSuppressed(t, r, "jumdata", number, "0 y")
}

func TestSuppressWrongUsage(t *testing.T) {
	r := mini(t)
	for name, c := range map[string]struct {
		args    []string
		code    int
		message string
	}{
		"no command":      {nil, 2, "add, list, remove or import"},
		"unknown command": {[]string{number}, 2, masked},
		"no number":       {[]string{"add", "--reason", "x"}, 2, "one argument"},
		"no reason":       {[]string{"add", number}, 2, `"reason" not set`},
		"both ends":       {[]string{"add", number, "--reason", "x", "--until", "2099-01-31T09:00:00Z", "--for", "1h"}, 2, "leave one of them out"},
		"bad until":       {[]string{"add", number, "--reason", "x", "--until", "tomorrow"}, 2, "--until: \"tomorrow\" is not a time in RFC 3339"},
		"bad for":         {[]string{"add", number, "--reason", "x", "--for", "long"}, 2, "--for"},
		"empty reason":    {[]string{"add", number, "--reason", ""}, 1, "reason: is empty"},
		"long reason":     {[]string{"add", number, "--reason", strings.Repeat("长", 201)}, 1, "at most 200"},
		"no phone":        {[]string{"add", number + "x", "--reason", "x"}, 1, "letter at position 12"},
		"remove no phone": {[]string{"remove", "x"}, 1, "letter"},
		"remove nothing":  {[]string{"remove"}, 2, "one argument"},
		"list of":         {[]string{"list", number}, 2, masked},
		"import nothing":  {[]string{"import"}, 2, "one argument"},
		"import reason":   {[]string{"import", "-", "--reason", ""}, 1, "reason: is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			on(t, r, append([]string{"suppress"}, c.args...)...).want(c.code, "", c.message)
		})
	}
	if keys := r.Client.Keys(t.Context(), "callpacer:*suppress*").Val(); len(keys) != 0 {
		t.Errorf("something was written: %v", keys)
	}
	for _, name := range []string{"", "add", "list", "remove", "import"} {
		command(t, "", strings.Fields("suppress "+name+" --help")...).want(0, "Examples:\n  ", "")
	}
}

// TestSuppressBeforeAnyWorker: the list waits for the first worker; the groups
// of a configuration are served at once.
func TestSuppressBeforeAnyWorker(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		on(t, r, "suppress", "add", number, "--reason", "x").want(0, masked, "")
		wantSuppressed(t, r, "itnio", number, "")
		s := ratelimit.NewSuppression(r.Client)
		if err := s.Sync(t.Context(), []string{"itnio"}); err != nil {
			t.Fatal(err)
		}
		wantSuppressed(t, r, "itnio", number, "0 x")
		config := file(t, "c.yaml", `redis: {url: "`+r.URL()+`"}
accounts:
  - {name: jumdata-main, vendor: jumdata, group: ours, base_url: "https://api.jumdata.com", credentials: {app_id: a, app_secret: s}}
`)
		command(t, "", "suppress", "add", aNumber, "--reason", "y", "--config", config).want(0, "138****8007", "")
		wantSuppressed(t, r, "ours", aNumber, "0 y")
		wantSuppressed(t, r, "ours", number, "0 x")
		wantSuppressed(t, r, "itnio", aNumber, "0 y")
	})
}

// TestSuppressBrokenOff: the failure says what to do, and doing it helps.
func TestSuppressBrokenOff(t *testing.T) {
	r := mini(t)
	faults := redistest.NewFaults(func(op redistest.Op) redistest.Verdict {
		if op.Name == "evalsha" {
			return redistest.Verdict{Action: redistest.FailAfter}
		}
		return redistest.Verdict{}
	})
	args := []string{"suppress", "add", number, "--reason", "x", "--redis", r.URL()}
	appOn(t, r, faults).run(t.Context(), args...).want(1, "", "repeat it, that does no harm")
	command(t, "", args...).want(0, masked, "")
	wantSuppressed(t, r, "jumdata", number, "0 x")
}
