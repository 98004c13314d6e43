package main

import (
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/tasks"
)

// A job's own address for its events is taken from flag, column and NDJSON field,
// and refused where the workers' configuration does not allow it.
func TestEventURL(t *testing.T) {
	const url = "https://app.example.com/hooks/7"
	r := redistest.Mini(t)
	_, err := tasks.Publish(t.Context(), r.Client, tasks.Account{
		Name: account, Vendor: "jumdata", Group: "jumdata", Kinds: []tasks.Kind{tasks.KindNotify},
		Retention: time.Hour, KeyRetention: time.Hour, Events: true, EventPrefixes: []string{"https://app.example.com/hooks/"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]outcome{
		"flag":   on(t, r, append(base(), "--event-url", url, "--json")...),
		"column": imported(t, r, "to,template,event_url\n"+number+",T1, "+url+" \n"),
		"ndjson": on(t, r, "import", file(t, "calls.ndjson", `{"to":"`+number+`","template":"T1","event_url":"`+url+`"}`+"\n"), "--account", account, "--json"),
	} {
		if o.code != 0 {
			t.Errorf("%s: exit status %d: %s%s", name, o.code, o.stdout, o.stderr)
			continue
		}
		id, _ := o.lines()[0]["id"].(string)
		rec, err := record.New(r.Client).Get(t.Context(), id)
		if err != nil || rec == nil || rec.EventURL != url || !rec.Tells {
			t.Errorf("%s: %+v, %v", name, rec, err)
		}
	}
	on(t, r, append(base(), "--event-url", "https://evil.example/", "--json")...).wantError("event_url", "begins with none")
	on(t, r, append(base(), "--event-url", "", "--json")...).wantError("event_url", "is empty")
}
