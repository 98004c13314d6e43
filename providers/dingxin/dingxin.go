// Package dingxin speaks to Dingxin 106 (鼎信): it connects two phones through a
// middle number X, reads the vendor's pushed call records (话单), and downloads
// recordings. The vendor has no query for a call's state. Where its document is
// silent or contradicts itself, the reading chosen here stands beside the code,
// and can be switched in the account's configuration.
package dingxin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/callpacer/callpacer/internal/vendorhttp"
	"github.com/callpacer/callpacer/internal/vendorwire"
	"github.com/callpacer/callpacer/providers"
)

// Adapter is one Dingxin account. It is safe for concurrent use.
type Adapter struct {
	cfg        config
	calls      host
	recordings host
}

// host is one of the vendor's two, as far as it is known: each has a clock of
// its own, and each may read the signature in its own way.
type host struct {
	http       *vendorhttp.Client
	clock      *vendorwire.Clock
	signatures *refusals
}

var (
	_ providers.Connector        = (*Adapter)(nil)
	_ providers.ClockWatcher     = (*Adapter)(nil)
	_ providers.PushParser       = (*Adapter)(nil)
	_ providers.RecordingFetcher = (*Adapter)(nil)
)

// Traits are what a Dingxin request can carry: two numbers of mainland China,
// mobiles or landlines with their area code.
var Traits = providers.Traits{RecordingsKept: keptFor}

// New builds an adapter from an account's settings. Its errors name the
// setting and hold no credential. It connects to nothing.
func New(s providers.Settings) (*Adapter, error) {
	cfg, err := newConfig(s)
	if err != nil {
		return nil, err
	}
	calls, err := newHost(cfg.baseURL, s)
	if err != nil {
		return nil, fmt.Errorf("dingxin: %w", err)
	}
	recordings, err := newHost(cfg.recordingBaseURL, s)
	if err != nil {
		return nil, fmt.Errorf("dingxin: recording_base_url: %w", err)
	}
	return &Adapter{cfg: cfg, calls: calls, recordings: recordings}, nil
}

func newHost(baseURL string, s providers.Settings) (host, error) {
	client, err := vendorhttp.New(vendorhttp.Options{
		BaseURL:        baseURL,
		AllowPlainHTTP: s.AllowPlainHTTP,
		Timeout:        s.Timeout,
		Now:            s.Now,
	})
	return host{http: client, clock: vendorwire.NewClock(s.Now), signatures: &refusals{}}, err
}

// Ready implements providers.Acting.
func (a *Adapter) Ready(ctx context.Context) (providers.Line, error) {
	return a.calls.http.Ready(ctx)
}

// Skew implements providers.ClockWatcher.
func (a *Adapter) Skew() time.Duration { return a.calls.http.Skew() }

// Close ends the adapter's idle connections.
func (a *Adapter) Close() error {
	return errors.Join(a.calls.http.Close(), a.recordings.http.Close())
}
