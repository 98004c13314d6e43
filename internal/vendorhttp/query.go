package vendorhttp

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"

	"github.com/callpacer/callpacer/providers"
)

const userAgent = "callpacer"

// newReads is the keep-alive pool of reads. Go may repeat a read on a fresh
// connection when a kept one turns out dead; a read does no harm twice.
func newReads(o Options, cfg *tls.Config) *http.Transport {
	return &http.Transport{
		DialContext:            o.DialContext,
		TLSClientConfig:        cfg,
		TLSHandshakeTimeout:    o.DialTimeout,
		IdleConnTimeout:        o.MaxIdle,
		MaxIdleConnsPerHost:    4,
		MaxResponseHeaderBytes: o.MaxHeader,
		DisableCompression:     true, // a small answer must not unfold into a huge one
		// An empty map keeps the pool on HTTP/1.1.
		TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{},
	}
}

// Query sends a request that changes nothing at the vendor and reads its whole
// answer, whatever its status; redirects are not followed. The error is a
// *providers.TransportError.
func (c *Client) Query(ctx context.Context, req *http.Request) (providers.Reply, error) {
	if !c.sameHost(req.URL) {
		return providers.Reply{}, failure(ctx, providers.StageDial, false, errForeignHost)
	}
	ctx, cancel := context.WithTimeout(ctx, c.opts.Timeout)
	defer cancel()
	resp, err := c.open(ctx, ctx, req)
	if err != nil {
		return providers.Reply{}, err
	}
	return c.read(ctx, resp)
}

// read takes in an answer's body up to the cap.
func (c *Client) read(ctx context.Context, resp *http.Response) (providers.Reply, error) {
	c.skew.see(resp.Header.Get("Date"), c.opts.Now())
	// Over a line the connection is closed next; in the pool an unread rest
	// costs the connection. Either way nothing is left to be told.
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, c.opts.MaxBody+1))
	switch {
	case int64(len(body)) > c.opts.MaxBody:
		return providers.Reply{}, failure(ctx, providers.StageBody, true, errTooLarge)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return providers.Reply{}, failure(ctx, providers.StageBody, true, errTruncated)
	case err != nil:
		return providers.Reply{}, failure(ctx, providers.StageBody, true, err)
	}
	return providers.Reply{Status: resp.StatusCode, Header: resp.Header, Body: body}, nil
}
