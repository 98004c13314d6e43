package tasks_test

import (
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/tasks"
)

// telling is the account of workers that send events.
func telling() tasks.Account {
	a := account
	a.Events, a.EventURL = true, "https://main.example.com/calls"
	a.EventPrefixes = []string{"https://app.example.com/hooks/", "http://10.0.0.5:8080/", "https://any.example.com/"}
	return a
}

// A job's own address leads where the workers' configuration allows it, for every
// reader of it, or the job is refused; no error quotes it.
func TestEventURL(t *testing.T) {
	const elsewhere, strange = "begins with none", "path"
	for text, word := range map[string]string{
		"https://app.example.com/hooks/calls":       "",
		"HTTPS://APP.example.com:443/hooks/calls?a": "",
		"https://app.example.com/hooks/":            "",
		"https://app.example.com/hooks/a/..b/c":     "",
		"https://any.example.com":                   "",
		"http://10.0.0.5:8080/x":                    "",
		"https://main.example.com/calls":            "",

		"https://main.example.com/calls/more":                  elsewhere,
		"https://main.example.com/calls?x=1":                   elsewhere,
		"https://app.example.com/hooks":                        elsewhere,
		"https://app.example.com/other":                        elsewhere,
		"http://app.example.com/hooks/x":                       elsewhere,
		"https://app.example.com:8443/hooks/x":                 elsewhere,
		"https://any.example.com.evil.example/":                elsewhere,
		"https://evil.example/https://app.example.com/":        elsewhere,
		"https://10.0.0.5:8080/x":                              elsewhere,
		"https://any.example.com@evil.example/":                "user name",
		"https://evil.example\\@any.example.com/":              "ASCII",
		"https://any.example.com\\.evil.example/":              "ASCII",
		"https://any.example.com\t/":                           "ASCII",
		"https://例子.example/":                                  "ASCII",
		"https://app.example.com/hooks/../admin":               strange,
		"https://app.example.com/hooks/./x":                    strange,
		"https://app.example.com/hooks/%2e%2E/admin":           strange,
		"https://app.example.com/hooks/..%2fadmin":             strange,
		"https://app.example.com/hooks/%5c..%5cadmin":          strange,
		"https://app.example.com/hooks/%252e%252e/admin":       strange,
		"https://app.example.com/hooks/..;a=b/admin":           strange,
		"https://app.example.com/hooks/%0d%0aX":                strange,
		"https://app.example.com/hooks/x#there":                "fragment",
		"https://app.example.com/hooks/x#":                     "fragment",
		"ftp://app.example.com/hooks/x":                        "https",
		"//app.example.com/hooks/x":                            "https",
		"app.example.com/hooks/x":                              "absolute",
		"https:app.example.com/hooks/x":                        "absolute",
		"https:///hooks/x":                                     "absolute",
		"https://app.example.com./hooks/x":                     "host",
		"https://app.example.com/hooks/%zz":                    "absolute",
		"https://any.example.com/" + strings.Repeat("x", 2048): "2048",
	} {
		j := call()
		j.EventURL = text
		err := telling().Accepts(j, time.Now())
		if word == "" {
			if err != nil {
				t.Errorf("%q: %v", text, err)
			}
			continue
		}
		wantField(t, err, "event_url", word)
		if strings.Contains(err.Error(), "evil") || strings.Contains(err.Error(), "admin") {
			t.Errorf("the error quotes the address: %v", err)
		}
	}
}

func TestEventURLNeedsEvents(t *testing.T) {
	silent, bare := account, telling()
	silent.EventPrefixes = telling().EventPrefixes // of workers that were configured otherwise once
	bare.EventPrefixes, bare.EventURL = nil, ""
	j := call()
	j.EventURL = "https://any.example.com/x"
	wantField(t, silent.Accepts(j, time.Now()), "event_url", "no worker")
	wantField(t, bare.Accepts(j, time.Now()), "event_url", "begins with none")
	bare.EventPrefixes = []string{"https://any.example.com/../", "", "nonsense"}
	wantField(t, bare.Accepts(j, time.Now()), "event_url", "begins with none")
}

// The record has the address in the form that was compared, and says that its
// changes are to be told; those of other accounts do not.
func TestRecordTells(t *testing.T) {
	r := redistest.Mini(t)
	publish(t, r, telling())
	j := call()
	j.EventURL = "HTTPS://Any.Example.com:443"
	rec := recordOf(t, r, enqueue(t, tasks.NewClient(r.Client), j).ID)
	if rec.EventURL != "https://any.example.com/" || !rec.Tells {
		t.Errorf("told %v at %s", rec.Tells, rec.EventURL)
	}
	publish(t, r, account) // by a worker without events, beside one that has them
	if rec := recordOf(t, r, enqueue(t, tasks.NewClient(r.Client), call()).ID); !rec.Tells {
		t.Error("another worker's events section is forgotten")
	}
	// A quarter of an hour after the last worker with events was seen.
	if err := r.Client.HIncrBy(t.Context(), "callpacer:accounts", "events/"+account.Name+"/seen", -901).Err(); err != nil {
		t.Fatal(err)
	}
	publish(t, r, account)
	if rec := recordOf(t, r, enqueue(t, tasks.NewClient(r.Client), call()).ID); rec.Tells || rec.EventURL != "" {
		t.Errorf("an account without events: told %v at %q", rec.Tells, rec.EventURL)
	}
}
