package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/callpacer/callpacer/internal/redistest"
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
		"json alone":           {[]string{"--json"}, statusUsage, "give --config FILE, or --sandbox"},
		"json, no account":     {[]string{"--config", empty, "--json"}, statusFailed, "empty.yaml: accounts: is empty"},
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

// TestJSONOfAWorker: standard output has a line for each state, and the log is
// elsewhere.
func TestJSONOfAWorker(t *testing.T) {
	file := fileOf(t, oneAccount(redistest.Mini(t).URL())+"admin: {listen: \""+freePort(t)+"\"}\n")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out, in := io.Pipe()
	var errs bytes.Buffer
	ended := make(chan int)
	go func() {
		status := run(ctx, []string{"--config", file, "--json"}, in, &errs)
		_ = in.Close()
		ended <- status
	}()
	lines := bufio.NewScanner(out)
	for _, want := range []string{"ready", "stopping", "stopped"} {
		if !lines.Scan() || lines.Text() != `{"state":"`+want+`"}` {
			t.Errorf("got %q, want %s", lines.Text(), want)
		}
		cancel()
	}
	if lines.Scan() {
		t.Errorf("and then %q", lines.Text())
	}
	if status := <-ended; status != statusDone || !strings.Contains(errs.String(), "stopped") {
		t.Errorf("status %d, stderr %q", status, errs.String())
	}
}
