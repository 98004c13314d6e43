package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/callpacer/callpacer/internal/redistest"
)

func fileOf(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "worker.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func oneAccount(url string) string {
	return fmt.Sprintf("redis: {url: %q}\naccounts:\n  - {name: main, vendor: jumdata, credentials: {app_id: a, app_secret: hunter2}}\n", url)
}

func TestCheckStatus(t *testing.T) {
	good := fileOf(t, oneAccount(redistest.StartServer(t, redistest.Options{AOF: true}).Redis().URL()))
	evicts := fileOf(t, oneAccount(redistest.StartServer(t, redistest.Options{AOF: true, Args: []string{"--maxmemory-policy", "allkeys-lru"}}).Redis().URL()))
	broken := fileOf(t, "redis: {url: redis://127.0.0.1:1/0}\nacounts: []\nlogg: {}\n")
	for name, tt := range map[string]struct {
		args   []string
		status int
		want   string // on standard output, or on standard error for wrong usage
	}{
		"good, with warnings": {[]string{"--config", good}, statusDone, "failed: 0, warnings: 2\n"},
		"noeviction is off":   {[]string{"--config", evicts}, statusFailed, "fail  memory: maxmemory-policy is allkeys-lru"},
		"redis away":          {[]string{"--config", fileOf(t, oneAccount("redis://127.0.0.1:1/0"))}, statusFailed, "fail  redis: "},
		"no such file":        {[]string{"--config", "nope.yaml"}, statusFailed, "nope.yaml"},
		"the first problem":   {[]string{"--config", broken}, statusFailed, "worker.yaml:2: acounts: unknown key"},
		"the second problem":  {[]string{"--config", broken}, statusFailed, "worker.yaml:3: logg: unknown key"},
		"no file":             {nil, statusUsage, "give --config FILE"},
		"an argument":         {[]string{"--config", good, "frob"}, statusUsage, `"frob"`},
		"an unknown flag":     {[]string{"--sandbox"}, statusUsage, "--sandbox"},
	} {
		var out, errs bytes.Buffer
		status := run(t.Context(), append([]string{"check"}, tt.args...), &out, &errs)
		said := out.String()
		if tt.status == statusUsage {
			said = errs.String()
		}
		if status != tt.status || !strings.Contains(said, tt.want) || strings.Contains(out.String()+errs.String(), "hunter2") {
			t.Errorf("%s: status %d, stdout %q, stderr %q; want %d, %q", name, status, out.String(), errs.String(), tt.status, tt.want)
		}
	}
}

// For machines standard output has one object a line and nothing else, whether
// the configuration loads or not.
func TestCheckForMachines(t *testing.T) {
	for name, text := range map[string]string{"loads": oneAccount("redis://127.0.0.1:1/0"), "does not load": "frob: 1\n"} {
		var out, errs bytes.Buffer
		if status := run(t.Context(), []string{"check", "--json", "--config", fileOf(t, text)}, &out, &errs); status != statusFailed {
			t.Errorf("%s: status %d", name, status)
		}
		failed := 0
		for line := range strings.Lines(out.String()) {
			var f struct{ Check, Level, Message, Lane string }
			if err := json.Unmarshal([]byte(line), &f); err != nil || f.Lane == "" && (f.Check == "" || f.Message == "") {
				t.Errorf("%s: %q: %v", name, line, err)
			}
			if f.Level == "fail" {
				failed++
			}
		}
		if failed == 0 {
			t.Errorf("%s: nothing failed: %s", name, out.String())
		}
	}
}

func TestHelpOfCommands(t *testing.T) {
	for args, want := range map[string]struct {
		status int
		text   string
	}{
		"help check":    {statusDone, "worker check --config"},
		"check --help":  {statusDone, "worker check --config"},
		"health --help": {statusDone, "worker health --url"},
		"help":          {statusDone, "worker --sandbox --once"},
		"help frob":     {statusUsage, `"frob"`},
	} {
		var out, errs bytes.Buffer
		status := run(t.Context(), strings.Fields(args), &out, &errs)
		if status != want.status || !strings.Contains(out.String()+errs.String(), want.text) {
			t.Errorf("%s: status %d, %q, %q; want %d, %q", args, status, out.String(), errs.String(), want.status, want.text)
		}
	}
}
