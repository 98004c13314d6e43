// Package event tells applications what became of their jobs, by signed webhooks
// (Standard Webhooks). It claims due events from the store under a lease, posts
// them, and says what became of each: told, tried again later, or a dead letter.
// An event may be told twice, under the same id.
package event

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/secret"
)

// DefaultTimeout bounds one delivery, from dialling to the answer's last byte.
const DefaultTimeout = 15 * time.Second

const (
	slotsPerProcess  = 10
	slotsPerEndpoint = 4
)

// Options say where events may go, and how they are signed.
type Options struct {
	URL             string // where events go whose job names no other
	Secret          secret.String
	AllowedPrefixes []string // of a job's own event_url; each closes its host with a slash
	AllowPrivate    bool     // deliver to private addresses, too
	// Data is what an event's body tells of a record. It must hide what the record
	// must not show.
	Data func(*record.Record) any
	// Timeout bounds one delivery. 0: DefaultTimeout.
	Timeout time.Duration
	// TLS adds trust to the system's, Resolver replaces the system's, and Dial
	// replaces resolving, judging and dialling. They are switches for tests.
	TLS      *tls.Config
	Resolver *net.Resolver
	Dial     func(ctx context.Context, network, address string) (net.Conn, error)
}

// Endpoints are the applications' addresses as one process sees them: its slots and
// the breakers. All Deliverers of a process share them.
type Endpoints struct {
	opts    Options
	name    string // of the one that events.url leads to
	keySize int
	signer  *standardwebhooks.Webhook
	client  *http.Client
	slots   chan struct{}

	mu  sync.Mutex
	all map[string]*endpoint // no more than the configuration names hosts
}

// NewEndpoints checks the options. It connects to nothing. Its errors hold neither
// the secret nor a URL.
func NewEndpoints(o Options) (*Endpoints, error) {
	if o.Data == nil {
		return nil, errors.New("events need a view of their records")
	}
	if o.TLS != nil && o.TLS.InsecureSkipVerify {
		return nil, errors.New("TLS verification of events cannot be switched off")
	}
	if o.TLS == nil {
		o.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	to, err := o.targetOf("")
	if err != nil {
		return nil, errors.New("events.url: is not a URL such as https://host.example.com/path")
	}
	if err := o.refusedLiteral(); err != nil {
		return nil, err
	}
	key, err := keyOf(o.Secret.Reveal())
	if err != nil {
		return nil, err
	}
	signer, err := standardwebhooks.NewWebhookRaw(key)
	if err != nil { // its words may repeat the secret
		return nil, errors.New("events.secret: cannot be used as a key")
	}
	e := &Endpoints{opts: o, name: to.endpoint, keySize: len(key), signer: signer, slots: make(chan struct{}, slotsPerProcess), all: map[string]*endpoint{}}
	e.client = &http.Client{
		Transport:     o.transport(),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return e, nil
}

// Close ends the idle connections.
func (e *Endpoints) Close() { e.client.CloseIdleConnections() }

func (e *Endpoints) at(to target) *endpoint {
	e.mu.Lock()
	defer e.mu.Unlock()
	p := e.all[to.endpoint]
	if p == nil {
		p = newEndpoint(to.endpoint)
		e.all[to.endpoint] = p
	}
	return p
}

// enter waits for a slot of the endpoint and of the process. It says false when ctx
// ended first; else leave must be called.
func (e *Endpoints) enter(ctx context.Context, p *endpoint) (leave func(), ok bool) {
	select {
	case <-ctx.Done():
		return nil, false
	case p.slots <- struct{}{}:
	}
	select {
	case <-ctx.Done():
		<-p.slots
		return nil, false
	case e.slots <- struct{}{}:
	}
	return func() { <-e.slots; <-p.slots }, true
}
