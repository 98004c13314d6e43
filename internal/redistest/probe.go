package redistest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"testing"
)

// answers is nil once the process pid serves commands at addr. It knocks before
// it builds a client: a client whose dialling failed waits a second.
func answers(ctx context.Context, addr string, pid int) error {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	_ = conn.Close()
	probe := (&Redis{Addr: addr}).client()
	defer func() { _ = probe.Close() }()
	if err := probe.Ping(ctx).Err(); err != nil { // LOADING, say
		return err
	}
	info, err := probe.Info(ctx, "server").Result()
	if err != nil {
		return err
	}
	if !strings.Contains(info, fmt.Sprintf("process_id:%d\r\n", pid)) {
		return errors.New("another server answers on this port")
	}
	return nil
}

// freePort looks below the range from which systems take ports by themselves,
// so that a client's connection does not get it while the server is down.
func freePort(t testing.TB) int {
	t.Helper()
	const low, high = 20000, 32000
	var lc net.ListenConfig
	for range 100 {
		port := low + rand.IntN(high-low)
		l, err := lc.Listen(t.Context(), "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			_ = l.Close()
			return port
		}
	}
	t.Fatal("redistest: no free port found")
	return 0
}
