package main

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/ratelimit"
	"github.com/callpacer/callpacer/tasks"
)

// publishRules publishes the account with rules, as workers do.
func publishRules(t *testing.T, r *redistest.Redis, rules ratelimit.Rules) {
	t.Helper()
	set, err := json.Marshal(rules)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tasks.Publish(t.Context(), r.Client, tasks.Account{
		Name: account, Vendor: "jumdata", Group: "jumdata", Kinds: []tasks.Kind{tasks.KindNotify, tasks.KindConnect}, Traits: tasks.Traits{Params: true},
		Retention: 72 * time.Hour, KeyRetention: 720 * time.Hour, RuleSet: set,
	}); err != nil {
		t.Fatal(err)
	}
}

func lockNumber(t *testing.T, r *redistest.Redis, id string, until time.Time) {
	t.Helper()
	rec, err := record.New(r.Client).Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range rec.Numbers {
		if err := r.Client.HSet(t.Context(), "callpacer:{jumdata}:number:"+n, "lock", until.UnixMilli()).Err(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWhyOfAWaitingJob(t *testing.T) {
	each(t, func(t *testing.T, r *redistest.Redis) {
		shanghai, err := time.LoadLocation("Asia/Shanghai")
		if err != nil {
			t.Fatal(err)
		}
		publishRules(t, r, ratelimit.Rules{
			PerNumber: []ratelimit.PerNumber{{Limit: 3, Calendar: true, Location: shanghai}}, Lockout: time.Hour, Day: shanghai,
		})
		id := notify(t, r)
		before := dump(t, r)
		on(t, r, "why", id).want(0, "Nothing stands in its way; it waits for its turn in queue jumdata-main:normal.\n", "").
			want(0, "RULE              PASSES  COUNT  LIMIT  UNTIL", "").
			want(0, "per_number        yes     0      3      -", "").want(0, "3 a calendar day, to "+masked, "")
		got := on(t, r, "why", id, "--json").want(0, "{", "").only()
		if keys := slices.Sorted(maps.Keys(got)); !slices.Equal(keys, []string{"binding_rule", "earliest", "id", "rules", "state", "summary"}) {
			t.Errorf("fields %v", keys)
		}
		if got["id"] != id || got["state"] != "queued" || got["binding_rule"] != nil {
			t.Errorf("why %v", got)
		}
		rules, _ := got["rules"].([]any)
		rule, _ := rules[0].(map[string]any)
		if keys := slices.Sorted(maps.Keys(rule)); !slices.Equal(keys, []string{"count", "detail", "limit", "passes", "rule", "until"}) {
			t.Errorf("fields of a rule %v", keys)
		}
		if after := dump(t, r); !slices.Equal(before, after) {
			t.Errorf("asking why wrote: before %v, after %v", before, after)
		}

		until := time.Now().Add(time.Hour).Truncate(time.Millisecond)
		lockNumber(t, r, id, until)
		got = on(t, r, "why", id, "--json").want(0, "{", "").only()
		if got["binding_rule"] != "lockout" || got["earliest"] != until.UTC().Format(time.RFC3339Nano) {
			t.Errorf("locked: %v until %v, want %v", got["binding_rule"], got["earliest"], until.UTC())
		}
		on(t, r, "why", id).want(0, "Not before "+until.In(shanghai).Format("2006-01-02 15:04:05.999 -07:00")+
			", because of lockout (to "+masked+" is locked).", "")
	})
}

func TestWhyOfAJobThatWasSent(t *testing.T) {
	r := mini(t) // an account whose workers publish no rules
	id := notify(t, r)
	for _, c := range []struct {
		words  string
		fields []any
	}{
		{"It is being sent; its worker has until 2099-02-01 01:00:00.5 +00:00", []any{"state", "submitting", "rank", 1, "owned_until", 4073590800500}},
		{"It may have been placed, so it is not sent again;", []any{"state", "in_doubt", "rank", 2, "doubt_until", 4073590800500}},
		{"The vendor has it; the next poll is at", []any{"state", "submitted", "rank", 2, "give_up_at", 4073590800500}},
		{"until 2099-02-01 01:00:00.5 +00:00.", []any{"state", "awaiting_dial", "rank", 2}},
		{"The binding stands, without end.", []any{"state", "active", "rank", 5}},
		{"It has ended: completed (answered).", []any{"state", "completed", "rank", 9, "cause", "answered"}},
	} {
		set(t, r, id, c.fields...)
		on(t, r, "why", id).want(0, c.words, "")
		got := on(t, r, "why", id, "--json").want(0, "{", "").only()
		if rules, ok := got["rules"].([]any); !ok || len(rules) != 0 || got["earliest"] != nil || !strings.Contains(got["summary"].(string), c.words) {
			t.Errorf("%v: %v", c.fields[1], got)
		}
	}
	gone := notify(t, r, "--key", "k")
	if err := r.Client.Del(t.Context(), jobKey(gone)).Err(); err != nil {
		t.Fatal(err)
	}
	if err := r.Client.HSet(t.Context(), "callpacer:{jumdata}:key:"+gone, "state", "busy").Err(); err != nil {
		t.Fatal(err)
	}
	on(t, r, "why", gone).want(0, "It has ended: busy; its record is gone.", "")
}

func TestWhyOfWhatNobodyKnows(t *testing.T) {
	each(t, func(t *testing.T, r *redistest.Redis) {
		id := notify(t, r)
		before := dump(t, r)
		on(t, r, "why", id, "--json").wantError("", "published by workers of an older version")
		on(t, r, "why", "jumdata.nothing", "--json").wantError("", "no job has the id")
		on(t, r, "why", "elsewhere.nothing").want(1, "", "no job has the id")
		on(t, r, "why", "nothing", "--json").wantError("", "<group>.<name>")
		on(t, r, "why").want(2, "", "takes one argument")
		if after := dump(t, r); !slices.Equal(before, after) {
			t.Errorf("asking why wrote: before %v, after %v", before, after)
		}
		if err := r.Client.Del(t.Context(), "callpacer:accounts").Err(); err != nil {
			t.Fatal(err)
		}
		on(t, r, "why", id, "--json").wantError("", "no worker has published it")
	})
}
