package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"
)

const pushSecret = "fleet-push-secret"

// doorPatience is how long one worker may take to acknowledge a push. One that
// is frozen keeps it, and may read it long after another did.
const doorPatience = time.Second

// door is the one public address of a fleet: what comes in goes to a worker that
// answers, as behind any load balancer.
type door struct {
	server *httptest.Server
	client *http.Client

	mu      sync.Mutex
	workers []string // the last one that answered comes first
}

func openDoor(t *testing.T) *door {
	t.Helper()
	d := &door{client: &http.Client{Timeout: doorPatience, Transport: &http.Transport{DisableKeepAlives: true}}}
	d.server = httptest.NewServer(d)
	t.Cleanup(d.server.Close)
	return d
}

func (d *door) add(address string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.workers = append(d.workers, address)
}

func (d *door) all() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.workers)
}

func (d *door) prefer(address string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.workers = slices.DeleteFunc(d.workers, func(w string) bool { return w == address })
	d.workers = append([]string{address}, d.workers...)
}

func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		http.Error(w, "cut short", http.StatusBadRequest)
		return
	}
	for _, address := range d.all() {
		if d.pass(w, r, address, body) {
			d.prefer(address)
			return
		}
	}
	http.Error(w, "no worker is there", http.StatusServiceUnavailable)
}

// pass hands a request to one worker; false: it did not take it.
func (d *door) pass(w http.ResponseWriter, r *http.Request, address string, body []byte) bool {
	out, err := http.NewRequestWithContext(r.Context(), r.Method, "http://"+address+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		return false
	}
	out.Header = r.Header.Clone()
	answer, err := d.client.Do(out)
	if err != nil {
		return false
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil || answer.StatusCode == http.StatusServiceUnavailable {
		return false
	}
	w.WriteHeader(answer.StatusCode)
	_, _ = w.Write(said) // a vendor that does not wait for it pushes again
	return true
}
