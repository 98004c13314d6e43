package main

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/tasks"
)

// base are the required flags, apart from those named.
func base(without ...string) []string {
	args := []string{"notify"}
	for _, f := range [][2]string{{"--account", account}, {"--to", number}, {"--template", "T1"}} {
		if !slices.Contains(without, f[0]) {
			args = append(args, f[0], f[1])
		}
	}
	return args
}

func TestNotifyPrintsTheReceipt(t *testing.T) {
	each(t, func(t *testing.T, r *redistest.Redis) {
		o := on(t, r, append(base(), "--json")...).want(0, "{", "")
		got := o.only()
		keys := slices.Sorted(maps.Keys(got))
		if !slices.Equal(keys, []string{"account", "duplicate", "id", "kind", "state"}) {
			t.Errorf("fields %v", keys)
		}
		if got["account"] != account || got["kind"] != "notify" || got["state"] != "queued" || got["duplicate"] != false {
			t.Errorf("receipt %v", got)
		}
		id, _ := got["id"].(string)
		if !strings.HasPrefix(id, "jumdata.") {
			t.Errorf("id %q", id)
		}
		human := on(t, r, base()...).want(0, " queued; follow it with: enqueue status jumdata.", "")
		if strings.Count(human.stdout, "\n") != 1 {
			t.Errorf("more than one line: %q", human.stdout)
		}
		if n := jobs(t, r); n != 2 {
			t.Errorf("%d jobs, want 2", n)
		}
	})
}

func TestNotifyKeepsParamsWhole(t *testing.T) {
	r := mini(t)
	id := notify(t, r, "--param", "张三", "--param", "8点", "--param", "", "--param", "-q", "--times", "2", "--priority", "urgent",
		"--not-before", "2099-01-31T09:00:00+08:00", "--to", "+86 139-0013-9007", "--tag", "order=a=b", "--tag", "shop=7,8")
	rec, err := record.New(r.Client).Get(t.Context(), id)
	if err != nil || rec == nil {
		t.Fatal(rec, err)
	}
	content, err := tasks.DecodeContent(tasks.KindNotify, rec.Content)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(content.Params, []string{"张三", "8点", "", "-q"}) || content.Times != 2 || content.Template != "T1" {
		t.Errorf("params %q, times %d, template %q", content.Params, content.Times, content.Template)
	}
	if rec.Priority != "urgent" || rec.NotBefore.UTC().Format("2006-01-02T15:04") != "2099-01-31T01:00" {
		t.Errorf("priority %s, not before %s", rec.Priority, rec.NotBefore)
	}
	if !maps.Equal(rec.Tags, map[string]string{"order": "a=b", "shop": "7,8"}) {
		t.Errorf("tags %v", rec.Tags)
	}
	// One value with a comma stays one value, and is refused as one.
	on(t, r, append(base(), "--param", "a,b", "--json")...).wantError("params", "value 1 contains ','")
}

func TestNotifyKeyIsOneCall(t *testing.T) {
	each(t, func(t *testing.T, r *redistest.Redis) {
		id := notify(t, r, "--key", "order-1")
		o := on(t, r, append(base(), "--key", "order-1", "--json")...).want(0, `"duplicate":true`, "")
		if o.only()["id"] != id {
			t.Errorf("another id: %v, first %s", o.only(), id)
		}
		on(t, r, append(base(), "--key", "order-1")...).want(0, id+" is there already, queued", "")
		on(t, r, append(base(), "--key", "order-1", "--times", "2", "--json")...).wantError("times", "was used before")
		if n := jobs(t, r); n != 1 {
			t.Errorf("%d jobs, want 1", n)
		}
	})
}

func TestNotifyRefusals(t *testing.T) {
	r := mini(t)
	for name, c := range map[string]struct {
		args    []string
		field   string
		message string
	}{
		"short number":     {append(base("--to"), "--to", "1390013900"), "to", "10 digits"},
		"empty number":     {append(base("--to"), "--to", ""), "to", "missing"},
		"long number":      {append(base("--to"), "--to", number+"1"), "to", "too long"},
		"letters":          {append(base("--to"), "--to", number+"x"), "to", "letter"},
		"unknown account":  {append(base("--account"), "--account", "nobody"), "account", "known are " + account},
		"number account":   {append(base("--account"), "--account", number), "account", masked},
		"template":         {append(base("--template"), "--template", "a b"), "template", "1 to 64"},
		"times 0":          {append(base(), "--times", "0"), "times", "is 0"},
		"times 4":          {append(base(), "--times", "4"), "times", "is 4"},
		"priority":         {append(base(), "--priority", "soon"), "priority", "urgent, normal, bulk"},
		"number priority":  {append(base(), "--priority", number), "priority", masked},
		"negative expiry":  {append(base(), "--expires-in", "-1h"), "expires_in", "negative"},
		"no expiry":        {append(base(), "--expires-in", "0s"), "expires_in", "zero"},
		"empty key":        {append(base(), "--key", ""), "idempotency_key", "empty"},
		"control":          {append(base(), "--param", "a\nb"), "params", "control character"},
		"never":            {append(base(), "--not-before", "2099-01-01T00:00:00Z", "--expires-in", "1h"), "not_before", "never run"},
		"never dry":        {append(base(), "--not-before", "2099-01-01T00:00:00Z", "--expires-in", "1h", "--dry-run"), "not_before", "never run"},
		"unknown dry":      {append(base("--account"), "--account", "nobody", "--dry-run"), "account", "unknown"},
		"short number dry": {append(base("--to"), "--to", "1390013900", "--dry-run"), "to", "10 digits"},
	} {
		t.Run(name, func(t *testing.T) {
			o := command(t, "", append(c.args, "--json", "--redis", r.URL())...)
			o.wantError(c.field, c.message)
			if !strings.HasPrefix(o.stderr, "enqueue: "+c.field+": ") {
				t.Errorf("the line does not begin with the field: %s", o.stderr)
			}
			plain := command(t, "", append(c.args, "--redis", r.URL())...)
			plain.want(1, "", c.message)
		})
	}
	if n := jobs(t, r); n != 0 {
		t.Errorf("%d jobs of refused submits", n)
	}
}

func TestDryRunWritesNothing(t *testing.T) {
	each(t, func(t *testing.T, r *redistest.Redis) {
		before := dump(t, r)
		o := on(t, r, append(base(), "--dry-run", "--json")...).want(0, "{", "")
		want := map[string]any{"account": account, "kind": "notify", "state": "valid"}
		if got := o.only(); !maps.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		on(t, r, append(base(), "--dry-run")...).want(0, "valid", "")
		on(t, r, append(base(), "--dry-run", "--key", "k", "--json")...).want(0, "valid", "")
		if after := dump(t, r); !slices.Equal(before, after) {
			t.Errorf("keys before %v, after %v", before, after)
		}
	})
}

func dump(t *testing.T, r *redistest.Redis) []string {
	t.Helper()
	keys, err := r.Client.Keys(t.Context(), "*").Result()
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(keys)
	return keys
}

const config = `redis: {url: %s}
accounts:
  - {name: from-config, vendor: jumdata, credentials: {app_id: "${NOT_SET_A}", app_secret: "${NOT_SET_B}"}}
  - {name: itnio-main, vendor: itnio, credentials: {api_key: a, api_secret: b, app_id: c}}
  - {name: market, vendor: jumdata, auth_mode: appcode, base_url: https://example.com, credentials: {app_code: x}}
`

func TestConfigNamesRedisAndAccounts(t *testing.T) {
	r := mini(t)
	here := file(t, "c.yaml", strings.ReplaceAll(config, "%s", r.URL()))
	away := file(t, "c.yaml", strings.ReplaceAll(config, "%s", "redis://127.0.0.1:1/0"))
	with := func(name string, more ...string) []string {
		return append(append(base("--account"), "--account", name, "--json"), more...)
	}
	command(t, "", with("from-config", "--config", here)...).want(0, `"account":"from-config"`, "")
	// --redis wins over the file's redis section, whose accounts still count.
	command(t, "", with("from-config", "--config", away, "--redis", r.URL())...).want(0, `"state":"queued"`, "")
	command(t, "", with("itnio-main", "--config", here)...).want(0, `"account":"itnio-main"`, "")
	command(t, "", with("itnio-main", "--config", away, "--dry-run", "--param", "a")...).wantError("params", "plays a file")
	command(t, "", "connect", "--account", "itnio-main", "--from", number, "--to", "13800138007", "--config", here, "--json").
		wantError("kind", "connect is not served by account itnio-main")
	command(t, "", with("market", "--config", away, "--dry-run")...).wantError("kind", "not served")
	command(t, "", with("from-config", "--config", away, "--dry-run", "--redis", r.URL())...).want(0, `"state":"valid"`, "")
	command(t, "", with("from-config", "--config", away, "--dry-run", "--not-before", "2099-01-01T00:00:00Z", "--expires-in", "1h")...).
		wantError("not_before", "never run")
	command(t, "", with(account, "--config", away, "--dry-run")...).wantError("", "127.0.0.1:1")
}
