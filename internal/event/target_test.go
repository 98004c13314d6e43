package event

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/configs"
	"github.com/callpacer/callpacer/internal/roster"
	"github.com/callpacer/callpacer/tasks"
)

// What a producer may enqueue is what a worker of the same configuration delivers: a
// job's event_url is compared the same way on both sides, however it is written.
func TestEnqueueAndDeliveryAgreeOnEventURLs(t *testing.T) {
	const hooks, other = "https://app.example.com/hooks", "https://other.example.com/h/"
	for _, c := range []struct {
		configured, prefix, own string
		allowed                 bool
	}{
		{"https://app.example.com", "", "https://app.example.com", true},
		{"https://app.example.com", "", "https://app.example.com/", true},
		{"https://app.example.com:443/hooks", "", "https://app.example.com:443/hooks", true},
		{"https://app.example.com:443/hooks", "", hooks, true},
		{"https://App.Example.com/hooks", "", "https://App.Example.com/hooks", true},
		{hooks + "/", "", hooks + "/", true},
		{hooks, "https://other.example.com:443/h/", "https://other.example.com:443/h/1", true},
		{hooks, "https://Other.example.com/h/", "https://Other.example.com/h/1", true},
		{hooks, "https://Other.example.com/h/", "https://other.EXAMPLE.com:443/h/1?a=b", true},
		{hooks, other, other + "x;..", true},
		{hooks, other, other, true},

		{hooks + "/", "", hooks, false},
		{hooks, "", hooks + "/", false},
		{hooks, "https://other.example.com/a!b/", "https://other.example.com/a%21b/x", false},
		{hooks, other, other + "../x", false},
		{hooks, other, other + "%2e%2e/x", false},
		{hooks, other, other + "..;a/x", false},
		{hooks, other, "https://other.example.com/h", false},
		{hooks, other, "https://other.example.com:8443/h/1", false},
		{hooks, other, "http://other.example.com/h/1", false},
		{hooks, other, "https://other.example.com@evil.example/h/1", false},
		{hooks, "https://other.example.com/", "https://other.example.com.evil.example/", false},
	} {
		name := fmt.Sprintf("events.url %s, prefix %q, own %s", c.configured, c.prefix, c.own)
		cfg := telling(t, c.configured, c.prefix)
		account, err := roster.Account(&cfg.Accounts[0], cfg)
		if err != nil {
			t.Fatal(err)
		}
		j := tasks.Job{Kind: tasks.KindNotify, Account: "main", To: "13800000001", Template: "T", EventURL: c.own}
		if err := account.Accepts(j, time.Now()); (err == nil) != c.allowed {
			t.Errorf("%s: enqueue says %v", name, err)
		}
		o := Options{URL: cfg.Events.URL, AllowedPrefixes: cfg.Events.AllowedPrefixes}
		if _, err := o.targetOf(c.own); (err == nil) != c.allowed {
			t.Errorf("%s: delivery says %v", name, err)
		}
		if !c.allowed {
			continue
		}
		// What is delivered to is the address in the form that a record keeps.
		task, _, err := tasks.NewNotifyTask(account, j)
		if err != nil {
			t.Fatal(err)
		}
		kept, err := tasks.DecodeCarried(task.Payload())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := o.targetOf(kept.Job.EventURL); err != nil {
			t.Errorf("%s: kept as %s, delivery says %v", name, kept.Job.EventURL, err)
		}
	}
}

func telling(t *testing.T, url, prefix string) *configs.Config {
	t.Helper()
	text := "redis: {url: \"redis://127.0.0.1:1/0\"}\nevents: {url: " + fmt.Sprintf("%q", url) + ", secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	if prefix != "" {
		text += fmt.Sprintf(", allowed_prefixes: [%q]", prefix)
	}
	cfg, err := configs.Load([]byte(text+"}\naccounts:\n  - {name: main, vendor: jumdata, credentials: {app_id: a, app_secret: b}}\n"), "c.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// An events.url that no event could ever reach is refused at once, by its keys and
// without its path.
func TestALiteralAddressThatIsRefused(t *testing.T) {
	for host, rule := range map[string]string{
		"10.1.2.3": "private", "169.254.169.254": "link-local", "100.100.100.200": "metadata", "203.0.113.9": "documentation",
		"[fd12::1]": "private", "[::ffff:10.0.0.1]:8443": "private", "[64:ff9b::7f00:1]": "loopback", "0.0.0.0": "unspecified",
		"127.0.0.1": "", "[::1]:8080": "", "[::ffff:127.0.0.1]": "", "8.8.8.8": "", "[2400:3200::1]": "",
		"localhost": "", "app.example.com": "", "10.example.com": "",
	} {
		o := testOptions()
		o.URL = "https://" + host + "/t0ken"
		_, err := NewEndpoints(o)
		switch {
		case rule == "" && err != nil:
			t.Errorf("%s: %v", host, err)
		case rule == "":
		case err == nil:
			t.Errorf("%s is taken", host)
		case !strings.HasPrefix(err.Error(), "events.url: ") || !strings.Contains(err.Error(), "("+rule+")") ||
			!strings.Contains(err.Error(), "events.allow_private") || strings.Contains(err.Error(), "t0ken"):
			t.Errorf("%s: %v", host, err)
		}
		o.AllowPrivate = true
		if _, err := NewEndpoints(o); err != nil {
			t.Errorf("%s with allow_private: %v", host, err)
		}
	}
}
