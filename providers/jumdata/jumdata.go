// Package jumdata speaks to Jumdata's voice notification (语音通知, random
// caller): it plays a template to one mainland mobile, asks how the call ended,
// and reads the vendor's pushes. Where the vendor's document is silent or
// contradicts itself, the reading chosen here stands beside the code, and can
// be switched in the account's configuration.
package jumdata

import (
	"context"
	"fmt"
	"time"

	"github.com/callpacer/callpacer/internal/vendorhttp"
	"github.com/callpacer/callpacer/internal/vendorwire"
	"github.com/callpacer/callpacer/providers"
)

// Adapter is one Jumdata account. It is safe for concurrent use.
type Adapter struct {
	cfg   config
	http  *vendorhttp.Client
	clock *vendorwire.Clock
}

var (
	_ providers.Notifier     = (*Adapter)(nil)
	_ providers.Poller       = (*Adapter)(nil)
	_ providers.ClockWatcher = (*Adapter)(nil)
	_ providers.PushParser   = (*Adapter)(nil)
)

// Traits are what a Jumdata request can carry: only mobiles, for
// "仅支持11位国内号码" leaves landlines unclear, and a query names the callee again.
var Traits = providers.Traits{Params: true, PollNeedsTo: true, MaxTimes: maxPlays}

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
		return nil, fmt.Errorf("jumdata: %w", err)
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
