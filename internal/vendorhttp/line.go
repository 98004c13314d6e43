package vendorhttp

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/callpacer/callpacer/providers"
)

// line is one fresh connection for one acting request.
type line struct {
	client *Client
	guard  *guard
	conn   net.Conn // the guard itself, or TLS over it
	ready  time.Time
	used   atomic.Bool

	closing  sync.Once
	closeErr error
}

var _ providers.Line = (*line)(nil)

// Ready connects to the vendor and completes the TLS handshake, before anybody
// asks for the right to send. The connection is never shared or reused: a stale
// keep-alive connection would make an outcome doubtful. The caller closes the
// line. The error is a *providers.TransportError with nothing written.
func (c *Client) Ready(ctx context.Context) (providers.Line, error) {
	ctx, cancel := context.WithTimeout(ctx, c.opts.DialTimeout)
	defer cancel()
	raw, err := c.opts.DialContext(ctx, "tcp", c.addr)
	if err != nil {
		return nil, failure(ctx, providers.StageDial, false, err)
	}
	l := &line{client: c, guard: &guard{Conn: raw}}
	l.conn = l.guard
	if c.base.Scheme == "https" {
		secure := tls.Client(l.guard, c.tls)
		if err := secure.HandshakeContext(ctx); err != nil {
			_ = raw.Close() // the handshake's error is the one worth telling
			return nil, handshakeFailure(ctx, err)
		}
		l.conn = secure
	}
	l.ready = time.Now()
	return l, nil
}

// Stale implements providers.Line.
func (l *line) Stale(now time.Time) bool {
	return now.Sub(l.ready) >= l.client.opts.MaxIdle
}

// Close implements providers.Line.
func (l *line) Close() error {
	l.closing.Do(func() {
		if err := l.conn.Close(); err != nil && !errors.Is(err, net.ErrClosed) && !l.used.Load() {
			l.closeErr = failure(context.Background(), providers.StageDial, false, err)
		}
	})
	return l.closeErr
}

// Do implements providers.Line. A second Do on a line is refused unsent.
func (l *line) Do(ctx context.Context, req *http.Request, permit providers.Permit) (providers.Reply, error) {
	if !l.used.CompareAndSwap(false, true) {
		return providers.Reply{}, &providers.TransportError{Stage: providers.StageRefused, Reason: "refused"}
	}
	defer func() { _ = l.Close() }() // the outcome is known; closing adds nothing to it
	wire, err := l.client.wire(ctx, req)
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = l.conn.SetDeadline(time.Now().Add(l.client.opts.Timeout))
	}
	if err != nil {
		l.guard.shut()
		return providers.Reply{}, failure(ctx, providers.StageWrite, false, err)
	}
	// A past deadline wakes whatever blocks, without racing a Close against it.
	stop := context.AfterFunc(ctx, func() { _ = l.conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()

	l.guard.arm(permit)
	if _, err := l.conn.Write(wire); err != nil {
		stage := providers.StageWrite
		if l.guard.permitOver() {
			stage, err = providers.StageRefused, errPermitOver
		}
		return providers.Reply{}, failure(ctx, stage, l.guard.written(), err)
	}
	return l.answer(ctx, req)
}

// answer reads one final answer. Interim ones (1xx) share its header cap.
func (l *line) answer(ctx context.Context, req *http.Request) (providers.Reply, error) {
	capped := &io.LimitedReader{R: l.conn, N: l.client.opts.MaxHeader}
	in := bufio.NewReader(capped)
	for {
		resp, err := http.ReadResponse(in, req)
		if err != nil && capped.N <= 0 {
			return providers.Reply{}, failure(ctx, providers.StageBody, true, errTooLarge)
		}
		if err != nil {
			return providers.Reply{}, failure(ctx, providers.StageRead, true, err)
		}
		if resp.StatusCode >= 200 || resp.StatusCode == http.StatusSwitchingProtocols {
			capped.N = math.MaxInt64
			return l.client.read(ctx, resp)
		}
	}
}

// wire is the request as bytes: HTTP/1.1, once, and closing. What would make a
// server or a library wait for a second round, or resend, is taken out.
func (c *Client) wire(ctx context.Context, req *http.Request) ([]byte, error) {
	if !c.sameHost(req.URL) {
		return nil, errForeignHost
	}
	r := req.Clone(ctx)
	r.GetBody, r.Close = nil, true
	for _, name := range []string{"Expect", "Idempotency-Key", "X-Idempotency-Key", "Accept-Encoding"} {
		r.Header.Del(name)
	}
	if r.Header.Get("User-Agent") == "" {
		r.Header.Set("User-Agent", userAgent)
	}
	var b bytes.Buffer
	if err := r.Write(&b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// sameHost keeps a request, and the secrets in it, on the host it was dialled for.
func (c *Client) sameHost(u *url.URL) bool {
	return u != nil && u.Scheme == c.base.Scheme && dialAddress(u) == c.addr
}
