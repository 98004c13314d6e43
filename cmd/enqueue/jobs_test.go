package main

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/callpacer/callpacer/configs"
	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/tasks"
)

const vendors = `redis: {url: "redis://127.0.0.1:1/0"}
accounts:
  - {name: jumdata-main, vendor: jumdata, credentials: {app_id: a, app_secret: b}}
  - {name: itnio-main, vendor: itnio, credentials: {api_key: a, api_secret: b, app_id: c}}
  - {name: dingxin-main, vendor: dingxin, credentials: {app_key: a, app_secret: b}}
  - {name: interline-main, vendor: interline, base_url: "https://example.com", credentials: {dev_id: a, auth_key: b, app_id: c}, pool: ["` + poolNumber + `"]}
`

// allVendors is an embedded Redis on which workers serve an account of every
// vendor.
func allVendors(t *testing.T) *redistest.Redis {
	t.Helper()
	r := redistest.Mini(t)
	publishVendors(t, r)
	bound(t, r)
	return r
}

// boundJob is the id of a binding that stands where bound was called.
const boundJob = "interline.01ARZ3NDEKTSV4RRFFQ69G5FAV"

func bound(t *testing.T, r *redistest.Redis) {
	t.Helper()
	set(t, r, boundJob, "kind", "bind", "state", "active", "rank", 5)
}

func publishVendors(t *testing.T, r *redistest.Redis) {
	t.Helper()
	cfg, err := configs.Load([]byte(vendors), "test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	accounts, err := accountsOf(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range accounts {
		if a.Vendor == "dingxin" && !slices.Contains(a.Kinds, tasks.KindRecording) {
			a.Kinds = append(a.Kinds, tasks.KindRecording)
		}
		if _, err := tasks.Publish(t.Context(), r.Client, a); err != nil {
			t.Fatal(err)
		}
	}
}

// aJob is a command line and the content that it is to enqueue.
type aJob struct {
	args    []string
	content tasks.Content
	state   string
}

// oneOfEach has a job of every kind, and the other modes and ways of some.
func oneOfEach() map[string]aJob {
	words := strings.Fields
	return map[string]aJob{
		"notify jumdata": {words("notify --account jumdata-main --to " + number + " --template T1 --param a|b --param c --times 2"),
			tasks.Content{To: number, Template: "T1", Params: []string{"a|b", "c"}, Times: 2}, "queued"},
		"notify itnio": {words("notify --account itnio-main --to +86" + number + " --template 66"),
			tasks.Content{To: number, Template: "66"}, "queued"},
		"connect": {words("connect --account dingxin-main --from " + aNumber + " --to " + bNumber),
			tasks.Content{From: aNumber, To: bNumber}, "queued"},
		"bind axb": {append(words("bind --account interline-main --mode axb --x "+xNumber+" --a "+aNumber+" --b "+number+
			" --ttl 1h --record --display 0,1 --prompts ,7 --prompts 9 --answer-prompts 1,2"), "--user-data", "order 7, blue"),
			tasks.Content{
				Mode: "axb", X: xNumber, A: aNumber, B: number, TTLSeconds: 3600, Record: true, Display: "0,1",
				Prompts: []string{"", "7", "9"}, AnswerPrompts: []string{"1", "2"}, UserData: "order 7, blue",
			}, "queued"},
		"bind, mode left out": {words("bind --account interline-main --x " + xNumber + " --a " + aNumber + " --b " + number + " --ttl 1h"),
			tasks.Content{Mode: "axb", X: xNumber, A: aNumber, B: number, TTLSeconds: 3600}, "queued"},
		"bind auto": {words("bind --account interline-main --x auto --a " + aNumber + " --b " + number + " --ttl 1h"),
			tasks.Content{Mode: "axb", X: "auto", A: aNumber, B: number, TTLSeconds: 3600}, "queued"},
		"bind xa auto": {words("bind --account interline-main --mode xa --x auto --a " + aNumber + " --ttl 10m"),
			tasks.Content{Mode: "xa", X: "auto", A: aNumber, TTLSeconds: 600}, "queued"},
		"bind xa": {words("bind --account interline-main --mode xa --x " + xNumber + " --a " + aNumber + " --ttl 10m --display 1 --prompts 7"),
			tasks.Content{Mode: "xa", X: xNumber, A: aNumber, TTLSeconds: 600, Display: "1", Prompts: []string{"7"}}, "queued"},
		"unbind job": {words("unbind --account interline-main --job " + boundJob),
			tasks.Content{Binding: boundJob}, "queued"},
		"unbind subid": {words("unbind --account interline-main --subid s-1"), tasks.Content{Subid: "s-1"}, "queued"},
		"unbind xa": {words("unbind --account interline-main --mode xa --x " + xNumber),
			tasks.Content{Mode: "xa", X: xNumber}, "queued"},
		"poll itnio": {words("poll --account itnio-main --vendor-id 695649036639"), tasks.Content{VendorID: "695649036639"}, "submitted"},
		"poll jumdata": {words("poll --account jumdata-main --vendor-id 2108 --to " + number),
			tasks.Content{VendorID: "2108", To: number}, "submitted"},
		"recording":         {words("recording --account dingxin-main --vendor-id abc"), tasks.Content{VendorID: "abc"}, "queued"},
		"account interline": {words("account --account interline-main"), tasks.Content{}, "queued"},
		"account itnio":     {words("account --account itnio-main"), tasks.Content{}, "queued"},
	}
}

func TestEveryKindIsEnqueued(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		publishVendors(t, r)
		bound(t, r)
		for name, c := range oneOfEach() {
			t.Run(name, func(t *testing.T) {
				got := on(t, r, append(c.args, "--json")...).want(0, "{", "").only()
				want := map[string]any{"id": got["id"], "account": c.args[2], "kind": c.args[0], "state": c.state, "duplicate": false}
				if !maps.Equal(got, want) {
					t.Errorf("receipt %v, want %v", got, want)
				}
				rec, err := record.New(r.Client).Get(t.Context(), got["id"].(string))
				if err != nil || rec == nil {
					t.Fatal(rec, err)
				}
				content, err := tasks.DecodeContent(tasks.Kind(c.args[0]), rec.Content)
				if err != nil || !reflect.DeepEqual(content, c.content) {
					t.Errorf("content %+v, want %+v (%v)", content, c.content, err)
				}
				on(t, r, c.args...).want(0, " "+c.state+"; follow it with: enqueue status ", "")
				on(t, r, "status", got["id"].(string)).want(0, c.args[0]+" by "+c.args[2], "")
			})
		}
	})
}

// The flags of every job mean the same for every kind.
func TestCommonFlagsOfEveryKind(t *testing.T) {
	r := allVendors(t)
	for name, c := range oneOfEach() {
		t.Run(name, func(t *testing.T) {
			with := func(more ...string) []string { return append(slices.Clone(c.args), more...) }
			before := dump(t, r)
			on(t, r, with("--dry-run", "--json")...).want(0, `"kind":"`+c.args[0]+`","state":"valid"}`, "")
			if after := dump(t, r); !slices.Equal(before, after) {
				t.Errorf("keys before %v, after %v", before, after)
			}
			args := with("--key", "k-"+name, "--priority", "urgent", "--not-before", "2099-01-31T09:00:00+08:00", "--tag", "order=7", "--json")
			first := on(t, r, args...).want(0, `"duplicate":false`, "").only()
			again := on(t, r, args...).want(0, `"duplicate":true`, "").only()
			if first["id"] != again["id"] {
				t.Errorf("ids %v and %v of one key", first["id"], again["id"])
			}
			got := on(t, r, "status", first["id"].(string), "--json").want(0, "{", "").only()
			tags, _ := got["tags"].(map[string]any)
			if got["priority"] != "urgent" || got["not_before"] != "2099-01-31T01:00:00Z" || tags["order"] != "7" {
				t.Errorf("record %v", got)
			}
			on(t, r, with("--expires-in", "0s", "--json")...).wantError("expires_in", "zero")
			on(t, r, with("--key", "", "--json")...).wantError("idempotency_key", "empty")
			on(t, r, with("--priority", "soon", "--json")...).wantError("priority", "urgent, normal, bulk")
			on(t, r, with("--not-before", "soon", "--json")...).want(2, `{"field":"not_before"`, "RFC 3339")
			on(t, r, with("--account", "nobody", "--json")...).wantError("account", "known are")
		})
	}
}

func TestRefusalsNameTheField(t *testing.T) {
	r := allVendors(t)
	axb := "bind --account interline-main --x " + xNumber + " --a " + aNumber + " --b " + number + " --ttl 1h "
	xa := "bind --account interline-main --mode xa --x " + xNumber + " --a " + aNumber + " "
	for name, c := range map[string]struct {
		line    string
		code    int
		field   string
		message string
	}{
		"connect from":        {"connect --account dingxin-main --from 1390 --to " + number, 1, "from", "4 digits"},
		"connect to":          {"connect --account dingxin-main --from " + number + " --to x", 1, "to", "letter"},
		"connect itself":      {"connect --account dingxin-main --from " + number + " --to +86" + number, 1, "to", "same number"},
		"connect no from":     {"connect --account dingxin-main --to " + number, 2, "from", `"from" not set`},
		"connect template":    {"connect --account dingxin-main --from " + number + " --to " + aNumber + " --template 1", 2, "", "unknown flag: --template"},
		"other vendor":        {"connect --account jumdata-main --from " + number + " --to " + aNumber, 1, "kind", "connect is not served by account jumdata-main"},
		"bind mode":           {axb + "--mode ax", 1, "mode", "not one of axb, xa"},
		"bind no x":           {"bind --account interline-main --a " + aNumber, 2, "x", `"x" not set`},
		"bind no b":           {"bind --account interline-main --x " + xNumber + " --a " + aNumber + " --ttl 1h", 2, "b", "missing"},
		"bind no ttl":         {"bind --account interline-main --x " + xNumber + " --a " + aNumber + " --b " + number, 2, "ttl", "missing"},
		"bind xa with b":      {xa + "--ttl 1h --b " + number, 1, "b", "not a field of mode xa"},
		"bind xa without end": {xa, 1, "ttl", "allow_endless"},
		"bind ttl":            {axb + "--ttl soon", 2, "ttl", "--ttl"},
		"bind ttl 0":          {axb + "--ttl 0s", 1, "ttl", "missing"},
		"bind ttl fraction":   {axb + "--ttl 1500ms", 1, "ttl", "whole number of seconds"},
		"bind display":        {axb + "--display 2,0", 1, "display", "0,0 0,1 1,0 1,1"},
		"bind xa display":     {xa + "--ttl 1h --display 0,0", 1, "display", "mode xa"},
		"bind prompts":        {axb + "--prompts 1,2,3,4", 1, "prompts", "at most 3"},
		"bind prompt id":      {axb + "--prompts 1/2", 1, "prompts", "id 1"},
		"bind answer prompts": {xa + "--ttl 1h --answer-prompts 1", 1, "answer_prompts", "at most 0"},
		"bind user data":      {axb + "--user-data " + strings.Repeat("a", 129), 1, "user_data", "128 bytes"},
		"bind a is x":         {axb + "--a " + xNumber, 1, "x", "to hide"},
		"bind record value":   {axb + "--record=maybe", 2, "record", "--record"},
		"unbind nothing":      {"unbind --account interline-main", 2, "job", "name the binding"},
		"unbind two ways":     {"unbind --account interline-main --job interline.a --subid s", 2, "job", "one way only"},
		"unbind xa, no x":     {"unbind --account interline-main --mode xa", 2, "x", "missing"},
		"unbind x, no mode":   {"unbind --account interline-main --x " + xNumber, 1, "x", "mode xa"},
		"unbind of others":    {"unbind --account interline-main --job jumdata.01ARZ3NDEKTSV4RRFFQ69G5FAV", 1, "job", "group"},
		"unbind of no record": {"unbind --account interline-main --job " + boundJob + "x", 1, "job", "no job of this id"},
		"unbind no id":        {"unbind --account interline-main --job " + number, 1, "job", "not the id of a job"},
		"poll no id":          {"poll --account jumdata-main", 2, "vendor_id", `"vendor-id" not set`},
		"poll id":             {"poll --account jumdata-main --vendor-id a/b", 1, "vendor_id", "1 to 64"},
		"poll wants to":       {"poll --account jumdata-main --vendor-id 1", 1, "to", "wants the number called"},
		"recording id":        {"recording --account dingxin-main --vendor-id=", 1, "vendor_id", "missing"},
		"no account":          {"account", 2, "account", `"account" not set`},
		"two missing":         {"connect", 2, "account", `"account", "from", "to" not set`},
		"notify times":        {"notify --account itnio-main --to " + number + " --template 1 --times 9", 1, "times", "1 to 3"},
		"jumdata abroad":      {"notify --account jumdata-main --to +442079460000 --template 1", 1, "to", "mainland mobiles only"},
	} {
		t.Run(name, func(t *testing.T) {
			before := dump(t, r)
			o := on(t, r, append(strings.Fields(c.line), "--json")...).want(c.code, `"error"`, c.message)
			e, _ := o.only()["error"].(map[string]any)
			if e["field"] != c.field {
				t.Errorf("field %v, want %q", e["field"], c.field)
			}
			on(t, r, append(strings.Fields(c.line), "--dry-run")...).want(c.code, "", c.message)
			if after := dump(t, r); !slices.Equal(before, after) {
				t.Errorf("keys before %v, after %v", before, after)
			}
		})
	}
}

// A bind submitted twice under one key is one binding; another content under it
// names the field.
func TestBindKeyIsOneBinding(t *testing.T) {
	r := allVendors(t)
	bind := strings.Fields("bind --account interline-main --x " + xNumber + " --a " + aNumber + " --b " + number + " --key k --json")
	first := on(t, r, append(bind, "--ttl", "1h")...).want(0, `"duplicate":false`, "").only()
	again := on(t, r, append(bind, "--ttl", "60m", "--mode", "axb")...).want(0, `"duplicate":true`, "").only()
	if first["id"] != again["id"] {
		t.Errorf("ids %v and %v", first["id"], again["id"])
	}
	on(t, r, append(bind, "--ttl", "2h")...).wantError("ttl", "was used before")
	on(t, r, append(bind, "--ttl", "1h", "--record")...).wantError("record", "was used before")
}
