// Package netguardtest is a name server for the tests of those who connect through
// netguard: a name's addresses may change between two questions.
package netguardtest

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"sync"
	"testing"
)

// nameServer answers each question for an IPv4 address with the next of its addresses.
type nameServer struct {
	mu        sync.Mutex
	addresses []string
	asked     int
}

// Resolver asks a name server that answers each question for an IPv4 address, whatever
// the name, with the next of the addresses, and from then on with the last one.
func Resolver(t *testing.T, addresses ...string) *net.Resolver {
	n := &nameServer{addresses: addresses}
	var wg sync.WaitGroup
	t.Cleanup(wg.Wait)
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe() // not a packet connection: each message has its length before it
		wg.Go(func() { n.answer(theirs) })
		return ours, nil
	}}
}

func (n *nameServer) answer(c io.ReadWriteCloser) {
	defer c.Close()
	for {
		var size [2]byte
		if _, err := io.ReadFull(c, size[:]); err != nil {
			return
		}
		q := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(c, q); err != nil {
			return
		}
		end := 12
		for q[end] != 0 {
			end += int(q[end]) + 1
		}
		end += 5 // the root, type and class
		reply := append([]byte{q[0], q[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, q[12:end]...)
		if binary.BigEndian.Uint16(q[end-4:]) == 1 {
			reply[7] = 1
			reply = append(reply, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
			reply = append(reply, n.next()...)
		}
		length := binary.BigEndian.AppendUint16(nil, uint16(len(reply))) //nolint:gosec // G115: shorter than the question and 16 bytes
		_, _ = c.Write(append(length, reply...))
	}
}

func (n *nameServer) next() []byte {
	n.mu.Lock()
	defer n.mu.Unlock()
	ip := netip.MustParseAddr(n.addresses[min(n.asked, len(n.addresses)-1)]).As4()
	n.asked++
	return ip[:]
}
