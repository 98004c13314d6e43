package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestHealth(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/readyz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ready\nmore\n")) })
	mux.HandleFunc("/away", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "not ready: redis", http.StatusServiceUnavailable)
	})
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/readyz", http.StatusFound) })
	mux.HandleFunc("/hangs", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	server := httptest.NewServer(mux)
	defer server.Close()
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
