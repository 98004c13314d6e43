package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
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
	forever   bool          // a push is repeated until it is acknowledged
	// taken says whether an answer acknowledges a push.
	taken func(status int, answer []byte) error
}

// message is one push: where to, and what.
type message struct {
	url, contentType string
	body             []byte
	callIDs          []string // the calls that it tells of
}

func messageOf(address string, body any, callIDs ...string) message {
	return message{url: address, contentType: answerJSON, body: encode(body), callIDs: callIDs}
}

func formOf(address string, fields url.Values, callIDs ...string) message {
	return message{url: address, contentType: "application/x-www-form-urlencoded", body: []byte(fields.Encode()), callIDs: callIDs}
}

// pusher sends messages, logs them and counts how that goes.
type pusher struct {
	pushOptions
	ctx context.Context // the vendor's: every push ends with it
	now func() time.Time

	mu     sync.Mutex
	counts PushCounts
	faults PushFaults
	log    []*Push
	open   int
}

func (p *pusher) count(change func(*PushCounts)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(&p.counts)
}

// deliver waits and sends a message in all copies, as the faults have it.
func (p *pusher) deliver(after time.Duration, m message) {
	if !wait(p.ctx, after) {
		p.count(func(c *PushCounts) { c.Failed += p.copies })
		return
	}
	push, faults := p.begin(m)
	defer p.end(push)
	if push.Lost {
		return
	}
	if push.Held {
		_ = wait(p.ctx, faults.Behind) // what Close cuts short fails below
	}
	var copies sync.WaitGroup
	for range p.copies {
		copies.Go(func() { p.deliverCopy(push) })
	}
	for i := range push.Again {
		copies.Go(func() {
			_ = wait(p.ctx, time.Duration(i+1)*faults.Again)
			p.deliverCopy(push)
		})
	}
	copies.Wait()
}

func (p *pusher) deliverCopy(push *Push) {
	delivered := p.ctx.Err() == nil && p.untilTaken(push)
	p.count(func(c *PushCounts) {
		if delivered {
			c.Delivered++
		} else {
			c.Failed++
		}
	})
}

// untilTaken sends one copy of a push, again with pauses while it is not
// acknowledged.
func (p *pusher) untilTaken(push *Push) bool {
	p.mu.Lock()
	again := p.repeatsLocked()
	p.mu.Unlock()
	for try := 1; ; try++ {
		err := p.once(push)
		p.tried(push, err)
		if err == nil {
			return true
		}
		pause, more := again.next(try)
		if !more || errors.Is(err, errNotLoopback) || !wait(p.ctx, pause) {
			return false
		}
	}
}

func (p *pusher) once(push *Push) error {
	ctx, cancel := context.WithTimeout(p.ctx, pushTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, push.URL, bytes.NewReader(push.Body))
	if err != nil {
		return fmt.Errorf("make a push: %w", withoutURL(err))
	}
	req.Header.Set("Content-Type", push.ContentType)
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
