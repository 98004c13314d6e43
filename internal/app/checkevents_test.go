package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/callpacer/callpacer/configs"
	"github.com/callpacer/callpacer/internal/event"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/internal/secret"
)

const goodEventKey = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// Without a network: addresses stand for themselves, names do not resolve.
func checkedEvents(t *testing.T, c *configs.Events) Report {
	t.Helper()
	var r Report
	r.events(t.Context(), c, CheckOptions{Resolver: &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("there is no network")
	}}})
	if text := fmt.Sprint(r); strings.Contains(text, "t0ken") || strings.Contains(text, "hooks") || c != nil && strings.Contains(text, c.Secret.Reveal()) {
		t.Errorf("the report shows a path or the secret: %s", text)
	}
	return r
}

func TestCheckOfEvents(t *testing.T) {
	for name, tt := range map[string]struct {
		url, key string
		private  bool
		level    Level
		want     string
	}{
		"public address":           {"https://8.8.8.8/hooks?t0ken", goodEventKey, false, LevelOK, "they go to https://8.8.8.8:443, whose addresses are allowed; their key has 24 bytes"},
		"own machine":              {"http://127.0.0.1:8080/hooks?t0ken", goodEventKey, false, LevelOK, "they go to http://127.0.0.1:8080,"},
		"private address":          {"https://10.1.2.3/hooks?t0ken", goodEventKey, false, LevelFail, "events.url: its host is an address to which no events go (private); events.allow_private: true"},
		"private address, allowed": {"https://10.1.2.3/hooks?t0ken", goodEventKey, true, LevelOK, "they go to https://10.1.2.3:443,"},
		"name that is nowhere":     {"https://app.example.com/hooks?t0ken", goodEventKey, false, LevelWarn, "they go to https://app.example.com:443, but from here the host's name could not be resolved"},
		"short key":                {"https://8.8.8.8/hooks", "whsec_AAECAwQF", false, LevelWarn, "a key of 6 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			report := checkedEvents(t, &configs.Events{URL: tt.url, Secret: secret.New(tt.key), AllowPrivate: tt.private})
			wantFinding(t, report, "events", tt.level, tt.want)
			if n := report.Count(LevelWarn); tt.level == LevelOK && n != 0 {
				t.Errorf("%d warnings: %+v", n, report.Findings)
			}
		})
	}
	wantFinding(t, checkedEvents(t, nil), "events", LevelOK, "no events section: applications hear nothing")
}

func TestCheckOfANameThatLeadsInside(t *testing.T) {
	var r Report
	r.reach("https://app.example.com:443", 24, event.Reach{Addresses: 3, Refused: []string{"private", "loopback", "private"}})
	wantFinding(t, r, "events", LevelFail, "addresses that are refused (loopback, private), so none is delivered")
	r = Report{}
	r.reach("https://app.example.com:443", 24, event.Reach{Addresses: 2, Refused: []string{"private"}})
	wantFinding(t, r, "events", LevelWarn, "of its 2 addresses 1 are refused (private)")
}

// A worker does not start with what check fails.
func TestCheckLooksAtEvents(t *testing.T) {
	r := redistest.Mini(t)
	text := checkFile(r.URL(), "")
	wantFinding(t, checked(t, text, 0), "events", LevelOK, "no events section")
	text += "events: {url: \"https://10.1.2.3/hooks\", secret: " + goodEventKey + "}\n"
	wantFinding(t, checked(t, text, 0), "events", LevelFail, "events.allow_private")
	a := &App{config: config(t, text)}
	if err := a.startEvents(nil); err == nil || !strings.Contains(err.Error(), "events.url: ") || !strings.Contains(err.Error(), "events.allow_private") {
		t.Errorf("a worker starts: %v", err)
	}
}
