package recordings

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/callpacer/callpacer/internal/netguard"
	"github.com/callpacer/callpacer/internal/vendorhttp"
	"github.com/callpacer/callpacer/internal/vendorwire"
	"github.com/callpacer/callpacer/providers"
)

const dialTimeout = 5 * time.Second

// The defaults of DownloaderOptions.
const (
	DefaultHeadTimeout  = 30 * time.Second
	DefaultIdleTimeout  = 30 * time.Second
	DefaultWholeTimeout = 15 * time.Minute
)

// DownloaderOptions say what may be downloaded, and how patiently.
type DownloaderOptions struct {
	// Hosts are those of the account's vendor, exactly as its URLs write them:
	// rec.example.com (the scheme's own port) or rec.example.com:8443. Empty: none.
	Hosts []string
	// MaxSize caps a file, in bytes. 0: DefaultMaxSize.
	MaxSize int64
	// Head is the longest wait for an answer, Idle for its next bytes, Whole for all
	// of it. 0: the defaults.
	Head, Idle, Whole time.Duration
	TLS               *tls.Config   // adds trust to the system's, in tests; nil: the system's
	Resolver          *net.Resolver // nil: the system's
	Now               func() time.Time
}

// Downloader fetches audio from a URL that a vendor's report named. Whoever forges a
// report writes that URL, so it decides nothing: https to a listed host (http only to
// a listed loopback host), to no private address whatever its name resolves to, past
// no redirect, through no proxy, with no credentials.
type Downloader struct {
	opts  DownloaderOptions
	hosts map[string]bool // lower case host:port, or host
}

// NewDownloader makes a Downloader. It connects to nothing.
func NewDownloader(o DownloaderOptions) (*Downloader, error) {
	if o.TLS != nil && o.TLS.InsecureSkipVerify {
		return nil, errors.New("TLS verification of recordings' hosts cannot be switched off")
	}
	if o.MaxSize <= 0 {
		o.MaxSize = DefaultMaxSize
	}
	for of, otherwise := range map[*time.Duration]time.Duration{
		&o.Head: DefaultHeadTimeout, &o.Idle: DefaultIdleTimeout, &o.Whole: DefaultWholeTimeout,
	} {
		if *of <= 0 {
			*of = otherwise
		}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	d := &Downloader{opts: o, hosts: map[string]bool{}}
	for _, host := range o.Hosts {
		d.hosts[strings.ToLower(host)] = true
	}
	return d, nil
}

// Get downloads a URL: the audio on its way, which the caller closes, and its media
// type by its first bytes. Only io.EOF says that all of the audio was read. The error
// is a *DownloadError; the audio's own errors are *providers.TransportError. ctx
// bounds all of it, the body included.
func (d *Downloader) Get(ctx context.Context, rawURL string) (audio io.ReadCloser, mediaType string, err error) {
	u, err := d.parse(rawURL)
	if err != nil {
		return nil, "", err
	}
	line := &guardedDial{loopback: netguard.IsLoopbackHost(u.Hostname()), resolver: d.opts.Resolver}
	client, err := vendorhttp.New(vendorhttp.Options{
		BaseURL: u.Scheme + "://" + u.Host, Timeout: d.opts.Head, TLS: d.opts.TLS, Now: d.opts.Now, DialContext: line.dial,
	})
	if err != nil {
		return nil, "", notAllowed("the URL's host is unusable")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, "", notAllowed("the URL is unusable")
	}
	stream, err := client.Stream(ctx, req, vendorhttp.StreamLimits{MaxBody: d.opts.MaxSize, Idle: d.opts.Idle, Whole: d.opts.Whole})
	if err != nil {
		_ = client.Close() // it always returns nil
		if rule := line.refusal(); rule != "" {
			return nil, "", notAllowed("the host leads to an address that is not allowed (" + rule + ")")
		}
		return nil, "", lost(err)
	}
	sound, err := d.judge(stream)
	if err != nil {
		_, _ = stream.Body.Close(), client.Close() // the answer is known by then
		return nil, "", err
	}
	return &download{sound, client}, sound.Type, nil
}

// judge reads an answer's head and its first bytes.
func (d *Downloader) judge(stream vendorhttp.Stream) (*vendorwire.Audio, error) {
	wait := vendorhttp.RetryAfter(stream.Header, d.opts.Now())
	if err := statusError(stream.Status, wait); err != nil {
		return nil, err
	}
	sound, instead, err := vendorwire.Recording(stream.Status, stream.Body)
	switch {
	case err != nil:
		return nil, lost(err)
	case sound == nil:
		return nil, &DownloadError{Kind: ErrNotAudio, Why: looks(instead) + " in the place of audio", RetryAfter: wait}
	}
	return sound, nil
}

// download is audio that brings its client along, which nothing else uses.
type download struct {
	*vendorwire.Audio
	client *vendorhttp.Client
}

func (d *download) Close() error {
	return errors.Join(d.Audio.Close(), d.client.Close())
}

// lost is a download whose transport failed.
func lost(err error) error {
	var transport *providers.TransportError
	if errors.As(err, &transport) && transport.Reason == "too_large" {
		return &DownloadError{Kind: ErrTooLarge, Why: "the file is larger than a recording may be"}
	}
	return &DownloadError{Kind: ErrLater, Why: vendorwire.Transport(err).Reason}
}
