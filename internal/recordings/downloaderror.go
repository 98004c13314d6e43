package recordings

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/callpacer/callpacer/internal/netguard"
)

// The kinds of a download's failures, besides ErrNotAudio and ErrTooLarge.
var (
	ErrNotAllowed = errors.New("download not allowed") // and never will be, under this configuration
	ErrNotFound   = errors.New("recording not found")  // at the vendor, or not any more
	ErrLater      = errors.New("recording cannot be downloaded now")
)

// DownloadError is why there is no audio. It holds no part of the URL.
type DownloadError struct {
	Kind       error         // ErrNotAllowed, ErrNotFound, ErrLater, ErrNotAudio or ErrTooLarge
	Why        string        // for people
	RetryAfter time.Duration // least wait before the next try; 0: none given
}

func (e *DownloadError) Error() string { return e.Kind.Error() + ": " + e.Why }
func (e *DownloadError) Unwrap() error { return e.Kind }

func notAllowed(why string) error { return &DownloadError{Kind: ErrNotAllowed, Why: why} }

// statusError is nil for an answer that may hold audio. Stores of files answer 401
// and 403 to what is not there yet, so these may change; a redirect leads where
// nobody allowed it.
func statusError(status int, wait time.Duration) error {
	switch {
	case status == http.StatusOK:
		return nil
	case status == http.StatusNotFound, status == http.StatusGone:
		return &DownloadError{Kind: ErrNotFound, Why: fmt.Sprintf("HTTP %d", status), RetryAfter: wait}
	case status >= 300 && status < 400:
		return notAllowed(fmt.Sprintf("HTTP %d, and redirects are not followed", status))
	}
	return &DownloadError{Kind: ErrLater, Why: fmt.Sprintf("HTTP %d", status), RetryAfter: wait}
}

// guardedDial dials for one download and remembers why it refused to.
type guardedDial struct {
	loopback bool // the host is written as loopback, and listed
	resolver *net.Resolver
	rule     atomic.Pointer[string]
}

func (g *guardedDial) dial(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := net.Dialer{Timeout: dialTimeout, Resolver: g.resolver, Control: netguard.Control(g.loopback)}
	conn, err := dialer.DialContext(ctx, network, address)
	var refused *netguard.RefusedError
	if errors.As(err, &refused) {
		g.rule.Store(&refused.Rule)
	}
	return conn, err
}

// refusal names the rule that kept the download from its address, or "".
func (g *guardedDial) refusal() string {
	if rule := g.rule.Load(); rule != nil {
		return *rule
	}
	return ""
}
