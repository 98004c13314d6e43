// Package interline speaks to an interline privacy-number platform (云通信平台,
// 隐私业务-移动号码): it binds and releases middle numbers in the modes AXB and
// XA, asks how the account stands, downloads recordings, and reads the
// platform's CDRs and call starts. Where the vendor's document is silent or contradicts itself, the
// reading chosen here stands beside the code.
package interline

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/callpacer/callpacer/internal/vendorhttp"
	"github.com/callpacer/callpacer/internal/vendorwire"
	"github.com/callpacer/callpacer/providers"
)

// Adapter is one interline account. It is safe for concurrent use.
type Adapter struct {
	cfg   config
	http  *vendorhttp.Client
	clock *vendorwire.Clock

	recordings recordings
	// refused: the vendor refused the latest signature that it judged.
	refused atomic.Bool
}

var (
	_ providers.Binder           = (*Adapter)(nil)
	_ providers.AccountProber    = (*Adapter)(nil)
	_ providers.ClockWatcher     = (*Adapter)(nil)
	_ providers.PushParser       = (*Adapter)(nil)
	_ providers.PushBlanker      = (*Adapter)(nil)
	_ providers.RecordingFetcher = (*Adapter)(nil)
)

// Traits are what an interline request can carry: the document counts a
// number's bytes and names no country.
var Traits = providers.Traits{International: true, MaxNumberBytes: maxNumber, AccountPush: true}

// New builds an adapter from an account's settings. Its errors name the
// setting and hold no credential. It connects to nothing.
func New(s providers.Settings) (*Adapter, error) {
	cfg, err := newConfig(s)
	if err != nil {
		return nil, err
	}
	client, err := vendorhttp.New(vendorhttp.Options{
		BaseURL: s.BaseURL,
		// The vendor allows HTTP to addresses on its list; we do so only when told.
		AllowPlainHTTP: s.AllowPlainHTTP,
		Timeout:        s.Timeout,
		Now:            s.Now,
	})
	if err != nil {
		return nil, fmt.Errorf("interline: %w", err)
	}
	recordings, err := newRecordings(s, client)
	if err != nil {
		return nil, fmt.Errorf("interline: recording_base_url: %w", err)
	}
	return &Adapter{cfg: cfg, http: client, clock: vendorwire.NewClock(s.Now), recordings: recordings}, nil
}

// Ready implements providers.Acting.
func (a *Adapter) Ready(ctx context.Context) (providers.Line, error) {
	return a.http.Ready(ctx)
}

// Skew implements providers.ClockWatcher.
func (a *Adapter) Skew() time.Duration { return a.http.Skew() }

// Close ends the adapter's idle connections.
func (a *Adapter) Close() error {
	return errors.Join(a.http.Close(), a.recordings.http.Close())
}
