package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"syscall"
	"time"
)

const (
	pushTimeout = 10 * time.Second
	pushRetries = 3
)

var errNotLoopback = errors.New("a simulated vendor pushes to loopback addresses only")

// pushOptions are how a vendor pushes.
type pushOptions struct {
	client    *http.Client
	copies    int           // how often each message is sent, all at once
	retryBase time.Duration // the wait before the first repetition; doubled each time
	// taken says whether an answer acknowledges a push.
	taken func(status int, answer []byte) error
}

// message is one push: where to, and what.
type message struct {
	url, contentType string
	body             []byte
}

// pusher sends messages and counts how that goes.
type pusher struct {
	pushOptions
	ctx context.Context // the vendor's: every push ends with it

	mu     sync.Mutex
	counts PushCounts
}

func (p *pusher) count(change func(*PushCounts)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(&p.counts)
}

// deliver waits and sends a message in all copies.
func (p *pusher) deliver(after time.Duration, m message) {
	due := wait(p.ctx, after)
	var copies sync.WaitGroup
	for range p.copies {
		copies.Go(func() {
			delivered := due && p.untilTaken(m)
			p.count(func(c *PushCounts) {
				if delivered {
					c.Delivered++
				} else {
					c.Failed++
				}
			})
		})
	}
	copies.Wait()
}

// untilTaken sends one copy of a message, again with growing waits while it is
// not acknowledged.
func (p *pusher) untilTaken(m message) bool {
	pause := p.retryBase
	for try := 0; ; try++ {
		err := p.once(m)
		p.count(func(c *PushCounts) {
			c.Tries++
			if err != nil {
				c.LastFailure = err.Error()
			}
		})
		if err == nil {
			return true
		}
		if errors.Is(err, errNotLoopback) || try == pushRetries || !wait(p.ctx, pause) {
			return false
		}
		pause *= 2
	}
}

func (p *pusher) once(m message) error {
	ctx, cancel := context.WithTimeout(p.ctx, pushTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, m.url, bytes.NewReader(m.body))
	if err != nil {
		return fmt.Errorf("make a push: %w", withoutURL(err))
	}
	req.Header.Set("Content-Type", m.contentType)
	resp, err := p.client.Do(req)
	if err != nil {
		return fmt.Errorf("send a push: %w", withoutURL(err))
	}
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return fmt.Errorf("read the answer to a push: %w", err)
	}
	return p.taken(resp.StatusCode, answer)
}

// takenByStatus is the acknowledgement of a vendor whose document names none:
// HTTP 200, whatever the answer says.
func takenByStatus(status int, _ []byte) error {
	if status != http.StatusOK {
		return fmt.Errorf("push not acknowledged: HTTP status %d", status)
	}
	return nil
}

// withoutURL drops the address from a client's error: it carries a token.
func withoutURL(err error) error {
	var withURL *url.Error
	if errors.As(err, &withURL) {
		return withURL.Err
	}
	return err
}

// loopbackClient connects to this machine only, so that a simulated vendor can
// never reach a real address that a configuration names.
func loopbackClient() *http.Client {
	dialer := &net.Dialer{
		Timeout: pushTimeout,
		// "localhost" is only a name too: what it stands for is checked again.
		Control: func(_, address string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(address)
			if err != nil || !to.Addr().Unmap().IsLoopback() {
				return errNotLoopback
			}
			return nil
		},
	}
	return &http.Client{
		Timeout: pushTimeout,
		// No keep-alive: nothing stays behind to be closed.
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				host, _, err := net.SplitHostPort(address)
				if err != nil {
					return nil, err
				}
				// Other names are not even looked up.
				if ip, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !ip.Unmap().IsLoopback()) {
					return nil, errNotLoopback
				}
				return dialer.DialContext(ctx, network, address)
			},
			DisableKeepAlives:     true,
			TLSHandshakeTimeout:   pushTimeout,
			ResponseHeaderTimeout: pushTimeout,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
