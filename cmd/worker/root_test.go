package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestWrongUse: one clear line, and a status that tells wrong usage from failure.
func TestWrongUse(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.yaml")
	if err := os.WriteFile(empty, []byte("redis: {url: redis://127.0.0.1:1/0}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	misspelt := filepath.Join(t.TempDir(), "misspelt.yaml")
	if err := os.WriteFile(misspelt, []byte("redis: {url: redis://127.0.0.1:1/0}\nacounts: []\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		args   []string
		status int
		want   string
	}{
		"nothing":              {nil, statusUsage, "give --config FILE, or --sandbox"},
		"both":                 {[]string{"--sandbox", "--config", empty}, statusUsage, "exclude each other"},
		"once without sandbox": {[]string{"--config", empty, "--once"}, statusUsage, "--once goes with --sandbox"},
		"json without sandbox": {[]string{"--config", empty, "--json"}, statusUsage, "--json goes with --sandbox"},
		"an unknown flag":      {[]string{"--frob"}, statusUsage, "--frob"},
		"an unknown command":   {[]string{"frob"}, statusUsage, `"frob"`},
		"no such file":         {[]string{"--config", "nope.yaml"}, statusFailed, "nope.yaml"},
		"no account":           {[]string{"--config", empty}, statusFailed, "empty.yaml: accounts: is empty"},
		"a key that is no key": {[]string{"--config", misspelt}, statusFailed, "misspelt.yaml:2: acounts: unknown key; did you mean accounts?"},
	} {
		var out, errs bytes.Buffer
		if got := run(t.Context(), tt.args, &out, &errs); got != tt.status || !strings.Contains(errs.String(), tt.want) || out.Len() > 0 {
			t.Errorf("%s: status %d, stdout %q, stderr %q; want %d, %q", name, got, out.String(), errs.String(), tt.status, tt.want)
		}
	}
	var out, errs bytes.Buffer
	if got := run(t.Context(), []string{"--help"}, &out, &errs); got != statusDone || !strings.Contains(out.String(), "worker --sandbox --once") {
		t.Errorf("help: status %d, %q", got, out.String())
	}
}
