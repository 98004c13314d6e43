package providertest

import (
	"bytes"
	"log"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/callpacer/callpacer/providers"
)

// description: what the adapter can do must be described, or it is not checked.
func (s *suite) description(t *testing.T) {
	var seen []string
	for name, credential := range s.vendor.Credentials {
		if len(credential) < 8 || slices.Contains(seen, credential) {
			t.Errorf("credential %s is shorter than 8 or the same as another: it could not be looked for", name)
		}
		seen = append(seen, credential)
	}
	adapter := s.adapter(t, s.settings(nowhere))
	_, acts := adapter.(providers.Acting)
	_, polls := adapter.(providers.Poller)
	_, probes := adapter.(providers.AccountProber)
	_, pushes := adapter.(providers.PushParser)
	_, fetches := adapter.(providers.RecordingFetcher)
	for what, differs := range map[string]bool{
		"Acts": acts != (len(s.vendor.Acts) > 0), "Pushes": pushes != (len(s.vendor.Pushes) > 0),
		"Downloads": fetches != (len(s.vendor.Downloads) > 0),
		"Reads":     (polls || probes) && len(s.vendor.Reads) == 0,
	} {
		if differs {
			t.Errorf("%s do not fit what the adapter implements", what)
		}
	}
	for _, act := range s.vendor.Acts {
		if len(act.Codes) == 0 || act.Accepted == "" {
			t.Errorf("%s: without codes or without a success", act.Name)
		}
	}
	for _, d := range s.vendor.Downloads {
		if len(d.Codes) == 0 {
			t.Errorf("%s: without codes", d.Name)
		}
	}
	for _, read := range s.vendor.Reads {
		if len(read.Codes) == 0 {
			t.Errorf("%s: without codes", read.Name)
		}
	}
}

// construction: what is wrong is named, and no credential is quoted.
func (s *suite) construction(t *testing.T) {
	refuse := func(what, names string, change func(*providers.Settings)) {
		settings := s.settings(nowhere)
		change(&settings)
		adapter, err := s.vendor.New(settings)
		if err == nil {
			t.Errorf("%s is accepted", what)
			return
		}
		if adapter != nil {
			t.Errorf("%s: an error and an adapter of type %T", what, adapter)
		}
		fail(t, what, s.leaks(err.Error()))
		if !strings.Contains(err.Error(), names) {
			t.Errorf("%s: the error does not name %q: %v", what, names, err)
		}
	}
	refuse("no credentials at all", "", func(p *providers.Settings) { p.Credential = nil })
	refuse("empty credentials", "", func(p *providers.Settings) { p.Credential = func(string) string { return "" } })
	refuse("plain HTTP", "", func(p *providers.Settings) { p.BaseURL = "http://vendor.example" })
	refuse("a base URL with a user", "", func(p *providers.Settings) { p.BaseURL = "https://u:" + s.aCredential() + "@vendor.example" })
	refuse("a base URL with a query", "", func(p *providers.Settings) { p.BaseURL = "https://vendor.example/?k=" + s.aCredential() })
	refuse("a negative timeout", "", func(p *providers.Settings) { p.Timeout = -1 })
	refuse("an unknown switch", "x_unknown", func(p *providers.Settings) { p.Switches = map[string]string{"x_unknown": "on"} })
	for missing := range s.vendor.Credentials {
		settings := s.settings(nowhere)
		settings.Credential = func(name string) string {
			if name == missing {
				return ""
			}
			return s.vendor.Credentials[name]
		}
		if _, err := s.vendor.New(settings); err != nil { // some may be left out
			fail(t, "without "+missing, s.leaks(err.Error()))
			if !strings.Contains(err.Error(), missing) {
				t.Errorf("the error does not name the missing %s: %v", missing, err)
			}
		}
	}
}

func (s *suite) aCredential() string {
	for _, credential := range s.vendor.Credentials {
		return credential
	}
	return ""
}

// logged is what the whole run logs through the standard library.
type logged struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write implements io.Writer.
func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

// watchLog checks at the end of the run that no adapter wrote a line: what
// happened is in its answers, and whoever asked decides what is worth a line.
func watchLog(t *testing.T) {
	t.Helper()
	lines, before := &logged{}, log.Writer()
	log.SetOutput(lines)
	t.Cleanup(func() {
		log.SetOutput(before)
		lines.mu.Lock()
		defer lines.mu.Unlock()
		if lines.buf.Len() > 0 {
			t.Errorf("the adapter logs: %s", lines.buf.String())
		}
	})
}
