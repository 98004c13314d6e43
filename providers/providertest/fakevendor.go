package providertest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// FakeVendor is the vendor in an adapter's own tests, which check each request
// as the vendor's document says: with their own signature, and by their own
// words. Its Answer may be changed between requests.
type FakeVendor struct {
	Answer

	t        testing.TB
	check    func(*http.Request) error
	mu       sync.Mutex
	requests int
}

// Answer is what a FakeVendor says.
type Answer struct {
	Status int // 0: 200
	// Header has the only Date header there is: the real time would be noise.
	Header map[string]string
	Body   string
}

// Answering is a FakeVendor that answers alike until it is told otherwise.
func Answering(status int, body string) *FakeVendor {
	return &FakeVendor{Answer: Answer{Status: status, Body: body}}
}

// Serve starts the vendor on a loopback port until the test ends, and returns
// its URL. check says what is wrong with a request, which fails the test; it
// may set the Answer to this very request. It runs for one request at a time.
func (f *FakeVendor) Serve(t testing.TB, check func(*http.Request) error) string {
	t.Helper()
	f.mu.Lock()
	f.t, f.check = t, check
	f.mu.Unlock()
	srv := httptest.NewServer(f)
	t.Cleanup(srv.Close)
	return srv.URL
}

// Requests is how many requests came.
func (f *FakeVendor) Requests() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.requests
}

// ServeHTTP implements http.Handler.
func (f *FakeVendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests++
	if err := f.check(r); err != nil {
		f.t.Errorf("request %d: %v", f.requests, err)
		w.WriteHeader(http.StatusTeapot)
		return
	}
	w.Header()["Date"] = nil
	for name, value := range f.Header {
		w.Header().Set(name, value)
	}
	if f.Status != 0 {
		w.WriteHeader(f.Status)
	}
	_, _ = io.WriteString(w, f.Body) // tests cut answers by a Content-Length that is not kept
}
