package vendorhttp

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"github.com/callpacer/callpacer/providers"
)

// StreamLimits bound an answer that is read while it arrives. All are needed.
type StreamLimits struct {
	MaxBody int64         // bytes
	Idle    time.Duration // the longest wait for the next bytes
	Whole   time.Duration // from the request to the last byte
}

// Stream is an answer whose body is still on its way.
type Stream struct {
	Status int
	Header http.Header
	// Body fails with a *providers.TransportError: too_large beyond the cap,
	// truncated, timeout, canceled, reset. Only io.EOF says that all of it was
	// read. Its owner closes it.
	Body io.ReadCloser
}

// Stream sends a request that changes nothing at the vendor and returns as soon
// as the answer's head is there, whatever its status; redirects are not
// followed. Options.Timeout bounds the wait for the head, limits the rest, and
// ctx the whole of it, the body included. The error is a
// *providers.TransportError.
func (c *Client) Stream(ctx context.Context, req *http.Request, limits StreamLimits) (Stream, error) {
	if !c.sameHost(req.URL) {
		return Stream{}, failure(ctx, providers.StageDial, false, errForeignHost)
	}
	if limits.MaxBody <= 0 || limits.Idle <= 0 || limits.Whole <= 0 {
		return Stream{}, failure(ctx, providers.StageDial, false, errNoLimits)
	}
	bounded, release := context.WithTimeout(ctx, limits.Whole)
	bounded, cancel := context.WithCancelCause(bounded)
	b := &streamBody{idleFor: limits.Idle, left: limits.MaxBody, end: func() { cancel(nil); release() }}
	b.told = func(err error) error { return failure(ctx, providers.StageBody, true, ended(bounded, err)) }
	// One timer is the patience for the head, and then for each piece.
	b.idle = time.AfterFunc(c.opts.Timeout, func() { cancel(context.DeadlineExceeded) })
	resp, err := c.open(bounded, ctx, req)
	b.idle.Stop()
	if err != nil {
		b.end()
		return Stream{}, err
	}
	b.body = resp.Body
	if resp.ContentLength > limits.MaxBody {
		_ = b.Close()
		return Stream{}, failure(ctx, providers.StageBody, true, errTooLarge)
	}
	return Stream{Status: resp.StatusCode, Header: resp.Header, Body: b}, nil
}

var errNoLimits = errors.New("a stream without limits")

// open makes one round trip over the pool of reads under bounded; caller tells
// what its owner decided from what the limits did.
func (c *Client) open(bounded, caller context.Context, req *http.Request) (*http.Response, error) {
	var connected, wrote atomic.Bool
	r := req.Clone(httptrace.WithClientTrace(bounded, &httptrace.ClientTrace{
		GotConn:      func(httptrace.GotConnInfo) { connected.Store(true) },
		WroteRequest: func(i httptrace.WroteRequestInfo) { wrote.Store(i.Err == nil) },
	}))
	if r.Header.Get("User-Agent") == "" {
		r.Header.Set("User-Agent", userAgent)
	}
	resp, err := c.reads.RoundTrip(r)
	if err == nil {
		return resp, nil
	}
	stage := providers.StageDial
	switch {
	case isTooLarge(err):
		stage, err = providers.StageBody, errTooLarge
	case wrote.Load():
		stage = providers.StageRead
	case connected.Load():
		stage = providers.StageWrite
	}
	return nil, failure(caller, stage, connected.Load(), ended(bounded, err))
}

// ended puts a limit that ran out in the place of what the network said of it.
func ended(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// streamBody is a body under its limits.
type streamBody struct {
	body    io.ReadCloser
	idleFor time.Duration
	idle    *time.Timer
	left    int64             // bytes up to the cap
	told    func(error) error // an error as it may be shown
	end     func()
	err     error // once it failed, it stays failed
}

// Read implements io.Reader. Time between two calls is the reader's own and
// does not count as idle.
func (b *streamBody) Read(p []byte) (int, error) {
	if b.err != nil || len(p) == 0 {
		return 0, b.err
	}
	// One byte beyond the cap is asked for, to tell an end from an excess.
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	b.idle.Reset(b.idleFor)
	n, err := b.body.Read(p)
	b.idle.Stop()
	if int64(n) > b.left {
		n, err = int(b.left), errTooLarge
	}
	b.left -= int64(n)
	switch {
	case err == nil:
	case errors.Is(err, io.EOF):
		b.err = io.EOF
	case errors.Is(err, io.ErrUnexpectedEOF):
		b.err = b.told(errTruncated)
	default:
		b.err = b.told(err)
	}
	return n, b.err
}

// Close implements io.Closer. An unread rest costs the connection, no more.
func (b *streamBody) Close() error {
	b.idle.Stop()
	b.end()
	_ = b.body.Close() // whether all was read is known by then
	return nil
}
