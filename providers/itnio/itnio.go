// Package itnio speaks to ITNIO's voice service (also sold as onbuka, laaffic
// and itniosys): it plays an uploaded file to one phone in any country, asks how
// the call ended, asks for the balance, and reads the vendor's pushes. The
// vendor's document at hand describes only the query of one record. Sending,
// pushes and the balance follow its public pages, which differ in places; they
// are unverified against the vendor. Each reading chosen here stands beside the
// code.
package itnio

import (
	"context"
	"fmt"
	"time"

	"github.com/callpacer/callpacer/internal/vendorhttp"
	"github.com/callpacer/callpacer/internal/vendorwire"
	"github.com/callpacer/callpacer/providers"
)

// Adapter is one ITNIO account. It is safe for concurrent use.
type Adapter struct {
	cfg   config
	http  *vendorhttp.Client
	clock *vendorwire.Clock
}

var (
	_ providers.Notifier      = (*Adapter)(nil)
	_ providers.Poller        = (*Adapter)(nil)
	_ providers.ClockWatcher  = (*Adapter)(nil)
	_ providers.PushParser    = (*Adapter)(nil)
	_ providers.AccountProber = (*Adapter)(nil)
)

// Traits are what an ITNIO request can carry: numbers of any country, and a file
// instead of a template with variables.
var Traits = providers.Traits{International: true, MaxTimes: maxLoops, AccountPush: true}

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
		Now:            s.Now,
	})
	if err != nil {
		return nil, fmt.Errorf("itnio: %w", err)
	}
	return &Adapter{cfg: cfg, http: client, clock: vendorwire.NewClock(s.Now)}, nil
}

// Ready implements providers.Acting.
func (a *Adapter) Ready(ctx context.Context) (providers.Line, error) {
	return a.http.Ready(ctx)
}

// Skew implements providers.ClockWatcher.
func (a *Adapter) Skew() time.Duration { return a.http.Skew() }

// Close ends the adapter's idle connections.
func (a *Adapter) Close() error { return a.http.Close() }
