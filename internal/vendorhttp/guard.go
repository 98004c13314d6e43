package vendorhttp

import (
	"errors"
	"net"
	"sync"
	"time"

	"github.com/callpacer/callpacer/providers"
)

var errPermitOver = errors.New("permit over")

// phase is what a write on a guarded connection would mean.
type phase int

const (
	phaseIdle    phase = iota // handshake, or nothing asked yet: not the request
	phaseArmed                // the next write is the request's first
	phaseSending              // the request is on its way; never stopped half way
	phaseShut                 // refused or broken: no write leaves any more
)

// guard stands between TLS (or HTTP) and the network. It alone decides whether
// the first byte of a request may leave, and it alone knows whether one did:
// above it, data sits in buffers and records that may never have left.
type guard struct {
	net.Conn
	mu      sync.Mutex
	phase   phase
	permit  providers.Permit
	sent    bool
	refused bool
}

// arm makes the next write the first of a request under the permit.
func (g *guard) arm(p providers.Permit) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.phase, g.permit = phaseArmed, p
}

// shut lets no further write leave, a TLS close_notify included.
func (g *guard) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.phase = phaseShut
}

// written is true unless no byte of the request was taken by the network.
func (g *guard) written() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.sent
}

// permitOver is true when the permit stopped the request.
func (g *guard) permitOver() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.refused
}

// Write implements net.Conn.
func (g *guard) Write(p []byte) (int, error) {
	counts, err := g.pass()
	if err != nil {
		return 0, err
	}
	n, err := g.Conn.Write(p)
	if counts {
		g.note(n, err)
	}
	return n, err
}

func (g *guard) pass() (counts bool, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch g.phase {
	case phaseShut:
		return false, net.ErrClosed
	case phaseIdle:
		return false, nil
	case phaseArmed:
		if !holds(g.permit, time.Now()) {
			g.phase, g.refused = phaseShut, true
			return false, errPermitOver
		}
		g.phase = phaseSending
	}
	return true, nil
}

func (g *guard) note(n int, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if n > 0 {
		g.sent = true
	}
	if err != nil {
		// Nothing after a failed write may leave: a TLS alert that follows would
		// look like a byte of the request.
		g.phase = phaseShut
	}
}

// holds says whether a permit allows a first byte at now, by both clocks. What
// a permit leaves zero lies in the past.
func holds(p providers.Permit, now time.Time) bool {
	return !now.After(p.Until) && now.UnixMilli() <= p.Wall
}
