package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// healthServer answers as a worker may, and as none should.
func healthServer(t *testing.T) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/readyz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ready\nmore\n")) })
	mux.HandleFunc("/away", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "not ready: redis", http.StatusServiceUnavailable)
	})
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/readyz", http.StatusFound) })
	mux.HandleFunc("/hangs", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

func TestHealth(t *testing.T) {
	server := healthServer(t)
	for name, tt := range map[string]struct {
		args   []string
		status int
		want   string
	}{
		"ready":           {[]string{"--url", server.URL + "/readyz"}, statusDone, "ready\n"},
		"not ready":       {[]string{"--url", server.URL + "/away"}, statusFailed, `status 503: "not ready: redis"`},
		"a redirect":      {[]string{"--url", server.URL + "/moved"}, statusFailed, "status 302"},
		"a hang":          {[]string{"--url", server.URL + "/hangs", "--timeout", "50ms"}, statusFailed, "deadline exceeded"},
		"nobody there":    {[]string{"--url", "http://u:hunter2@127.0.0.1:1/readyz?token=hunter2"}, statusFailed, "connection refused"},
		"no address":      {[]string{"--url", "127.0.0.1:8081"}, statusUsage, "not an http address"},
		"another scheme":  {[]string{"--url", "ftp://127.0.0.1/"}, statusUsage, "not an http address"},
		"no time":         {[]string{"--url", server.URL, "--timeout", "0s"}, statusUsage, "--timeout"},
		"an argument":     {[]string{"frob"}, statusUsage, `"frob"`},
		"an unknown flag": {[]string{"--frob"}, statusUsage, "--frob"},
	} {
		var out, errs bytes.Buffer
		status := run(t.Context(), append([]string{"health"}, tt.args...), &out, &errs)
		said := errs.String()
		if tt.status == statusDone {
			said = out.String()
		}
		if status != tt.status || !strings.Contains(said, tt.want) || strings.Contains(said, "hunter2") {
			t.Errorf("%s: status %d, %q, %q; want %d, %q", name, status, out.String(), errs.String(), tt.status, tt.want)
		}
	}
}

// For machines there is one object, well or not, without what the address hides.
func TestHealthForMachines(t *testing.T) {
	server := healthServer(t)
	secret := strings.Replace(server.URL, "http://", "http://u:hunter2@", 1)
	for name, tt := range map[string]struct {
		url    string
		status int
		want   health
	}{
		"ready":        {secret + "/readyz?token=hunter2", statusDone, health{server.URL + "/readyz", true, "ready"}},
		"not ready":    {secret + "/away#hunter2", statusFailed, health{server.URL + "/away", false, `status 503: "not ready: redis"`}},
		"nobody there": {"http://127.0.0.1:1/", statusFailed, health{"http://127.0.0.1:1/", false, "connection refused"}},
	} {
		var out, errs bytes.Buffer
		status := run(t.Context(), []string{"health", "--json", "--url", tt.url}, &out, &errs)
		var got health
		if err := json.Unmarshal(out.Bytes(), &got); err != nil || strings.Count(out.String(), "\n") != 1 {
			t.Errorf("%s: %q: %v", name, out.String(), err)
		}
		said := strings.Contains(got.Message, tt.want.Message)
		if got.Message = tt.want.Message; !said || got != tt.want || status != tt.status || strings.Contains(out.String()+errs.String(), "hunter2") {
			t.Errorf("%s: status %d, %q, %q; want %d, %+v", name, status, out.String(), errs.String(), tt.status, tt.want)
		}
		if (errs.Len() == 0) != tt.want.OK {
			t.Errorf("%s: standard error has %q", name, errs.String())
		}
	}
}

// Every command speaks to machines, too; what explains is for people.
func TestEveryCommandHasJSON(t *testing.T) {
	root := command(&bytes.Buffer{}, &bytes.Buffer{})
	for _, cmd := range append(root.Commands(), root) {
		if cmd.Name() != "help" && cmd.Flags().Lookup("json") == nil {
			t.Errorf("%s has no --json", cmd.CommandPath())
		}
	}
}
