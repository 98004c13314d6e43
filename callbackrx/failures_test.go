package callbackrx

import (
	"encoding/binary"
	"net/netip"
	"testing"
)

func TestFailuresAreBounded(t *testing.T) {
	var f failures
	for i := range uint32(3 * failureClients) {
		var a [4]byte
		binary.BigEndian.PutUint32(a[:], i)
		if !f.allow(netip.AddrFrom4(a)) {
			t.Fatalf("client %d is slowed down at its first failure", i)
		}
		if len(f.clients) > failureClients {
			t.Fatalf("%d clients are remembered, want at most %d", len(f.clients), failureClients)
		}
	}
}
