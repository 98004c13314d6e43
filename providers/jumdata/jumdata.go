// Package jumdata speaks to Jumdata's voice notification (语音通知, random
// caller): it plays a template to one mainland mobile, asks how the call ended,
// and reads the vendor's pushes. Where the vendor's document is silent or
// contradicts itself, the reading chosen here stands beside the code, and can
// be switched in the account's configuration.
package jumdata

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/callpacer/callpacer/internal/vendorhttp"
	"github.com/callpacer/callpacer/providers"
)

// Adapter is one Jumdata account. It is safe for concurrent use.
type Adapter struct {
	cfg  config
	http *vendorhttp.Client
	// offset is what the vendor's clock was seen to be ahead of ours, in
	// nanoseconds. It is learned only when the vendor refuses a timestamp.
	offset atomic.Int64
}

var (
	_ providers.Notifier   = (*Adapter)(nil)
	_ providers.Poller     = (*Adapter)(nil)
	_ providers.PushParser = (*Adapter)(nil)
)

// New builds an adapter from an account's settings. Its errors name the
// setting and hold no credential. It connects to nothing.
func New(s providers.Settings) (*Adapter, error) {
	cfg, err := newConfig(s)
	if err != nil {
		return nil, err
	}
	client, err := vendorhttp.New(vendorhttp.Options{
		BaseURL:        cfg.baseURL,
		AllowPlainHTTP: s.AllowPlainHTTP,
		Timeout:        s.Timeout,
	})
	if err != nil {
		return nil, fmt.Errorf("jumdata: %w", err)
	}
	return &Adapter{cfg: cfg, http: client}, nil
}

// Ready implements providers.Acting.
func (a *Adapter) Ready(ctx context.Context) (providers.Line, error) {
	return a.http.Ready(ctx)
}

// Close ends the adapter's idle connections.
func (a *Adapter) Close() error { return a.http.Close() }

// vendorNow is the time to sign with: this moment on the vendor's clock, as far
// as it is known, and the offset that was used.
func (a *Adapter) vendorNow() (time.Time, time.Duration) {
	offset := time.Duration(a.offset.Load())
	return a.cfg.now().Add(offset), offset
}

// learnClock takes the vendor's clock from an answer that refused our
// timestamp. It says whether that promises a better fate for a new attempt: a
// Date header must be there and lead at least 2 s away from the offset used (it
// counts whole seconds).
func (a *Adapter) learnClock(reply providers.Reply, used time.Duration) bool {
	date, err := parseDate(reply.Header)
	if err != nil {
		return false
	}
	seen := date.Sub(a.cfg.now())
	if (seen - used).Abs() < 2*time.Second {
		return false
	}
	a.offset.Store(int64(seen))
	return true
}
