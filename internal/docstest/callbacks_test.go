package docstest

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/callpacer/callpacer/callbackrx"
	"github.com/callpacer/callpacer/configs"
	"github.com/callpacer/callpacer/providers"
)

const callbacksPage = docs + "/callbacks.md"

// titles are the vendors' names as that page writes them.
var titles = map[string]string{"jumdata": "Jumdata", "itnio": "ITNIO", "dingxin": "Dingxin", "interline": "interline"}

// block returns the first code block of a language behind a heading.
func block(t *testing.T, page, heading, language string) string {
	t.Helper()
	_, section, ok := strings.Cut(page, "\n"+heading+"\n")
	_, rest, found := strings.Cut(section, "\n```"+language+"\n")
	text, _, ended := strings.Cut(rest, "\n```")
	if !ok || !found || !ended {
		t.Fatalf("%s has no block of %s under %q", callbacksPage, language, heading)
	}
	return text
}

var (
	curlData   = regexp.MustCompile(`-d '([^']*)'`)
	curlHeader = regexp.MustCompile(`-H 'Content-Type: ([^']*)'`)
)

// Each vendor's sample is a push that its adapter reads as one ended call, and is
// answered as the adapter and the table above it say.
func TestSamplePushes(t *testing.T) {
	page := read(t, callbacksPage)
	answers := table(t, callbacksPage, "## The acknowledgement")
	for _, vendor := range vendors(t) {
		parser := build(t, vendor, nil).(providers.PushParser)
		command := block(t, page, "### "+titles[vendor], "sh")
		var data []string
		for _, m := range curlData.FindAllStringSubmatch(command, -1) {
			data = append(data, m[1])
		}
		push := providers.Push{Method: "POST", ContentType: "application/x-www-form-urlencoded", Body: []byte(strings.Join(data, "&"))}
		if m := curlHeader.FindStringSubmatch(command); m != nil {
			push.ContentType = m[1]
		}
		reports, err := parser.ParsePush(push)
		if err != nil || len(reports) != 1 || reports[0].State != providers.StateCompleted || reports[0].VendorID == "" {
			t.Errorf("%s: the sample is read as %+v, %v", vendor, reports, err)
		}
		ack := parser.Ack()
		want := fmt.Sprintf("HTTP/1.1 %d OK\nContent-Type: %s\nContent-Length: %d\n\n%s",
			cmp.Or(ack.Status, 200), ack.ContentType, len(ack.Body), ack.Body)
		if got := block(t, page, "### "+titles[vendor], "text"); got != want {
			t.Errorf("%s: the page shows the answer\n%s\nwant\n%s", vendor, got, want)
		}
		row := []string{titles[vendor], fmt.Sprintf("HTTP %d, `%s`, `%s`", cmp.Or(ack.Status, 200), ack.ContentType, ack.Body)}
		if !slices.ContainsFunc(answers, func(cells []string) bool { return slices.Equal(cells, row) }) {
			t.Errorf("%s: the table of answers lacks %q", vendor, row)
		}
	}
}

// The proxies in the samples let through what the receiver takes.
func TestSampleProxies(t *testing.T) {
	page := read(t, callbacksPage)
	for heading, words := range map[string][]string{
		"### nginx": {"nginx", "location " + callbackrx.Path + " {", "X-Forwarded-For $remote_addr;", "client_max_body_size 1m;"},
		"### Caddy": {"caddy", "handle " + callbackrx.Path + "* {"},
	} {
		text := block(t, page, heading, words[0])
		for _, word := range words[1:] {
			if !strings.Contains(text, word) {
				t.Errorf("%s lacks %q", heading, word)
			}
		}
	}
}

// The settings in the sample are known to the configuration.
func TestSampleOfThePublicSection(t *testing.T) {
	t.Setenv("PUSH_SECRET", "secret")
	text := "redis: {url: 'redis://127.0.0.1/0'}\n" + block(t, read(t, callbacksPage), "## What to set on your side", "yaml") +
		"\n    vendor: itnio\n    credentials: {api_key: a, api_secret: b, app_id: c}\n"
	c, err := configs.Load([]byte(text), "callbacks.md")
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Public.TrustedProxies) != 1 || len(c.Accounts) != 1 || len(c.Accounts[0].Push.AllowCIDRs) != 1 {
		t.Errorf("read as %+v", c)
	}
}
