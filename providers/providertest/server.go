package providertest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// server is a vendor on loopback that does to each connection what its script
// says. It counts what reaches it.
type server struct {
	listener net.Listener
	script   func(*exchange)
	running  sync.WaitGroup
	closed   chan struct{}

	connections, requests atomic.Int32
	bytes                 atomic.Int64  // that arrived
	done                  chan struct{} // one word for each connection that a script has done with
}

// exchange is one connection in the hands of a script.
type exchange struct {
	net.Conn
	in     *bufio.Reader
	server *server
}

// serve starts a vendor that ends with the test.
func serve(t *testing.T, script func(*exchange)) *server {
	t.Helper()
	var listen net.ListenConfig
	l, err := listen.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{listener: l, script: script, closed: make(chan struct{}), done: make(chan struct{}, 100)}
	s.running.Go(s.accept)
	t.Cleanup(func() {
		close(s.closed)
		_ = l.Close()
		s.running.Wait()
	})
	return s
}

func (s *server) url() string { return "http://" + s.listener.Addr().String() }

func (s *server) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return // closed with the test
		}
		s.connections.Add(1)
		s.running.Go(func() {
			defer func() { _ = conn.Close() }()
			_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
			counted := countedConn{conn, &s.bytes}
			s.script(&exchange{Conn: counted, in: bufio.NewReader(counted), server: s})
			select {
			case s.done <- struct{}{}:
			default: // nobody asks about so many
			}
		})
	}
}

// countedConn counts what is read from it.
type countedConn struct {
	net.Conn
	n *atomic.Int64
}

func (c countedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// request reads one whole request; false where none came.
func (x *exchange) request() bool {
	req, err := http.ReadRequest(x.in)
	if err != nil {
		return false
	}
	x.server.requests.Add(1)
	_, err = io.Copy(io.Discard, req.Body)
	return err == nil
}

// hang keeps the connection open and silent until the test or the other side ends it.
func (x *exchange) hang() {
	gone := make(chan struct{})
	x.server.running.Go(func() {
		defer close(gone)
		_, _ = io.Copy(io.Discard, x.in)
	})
	select {
	case <-gone:
	case <-x.server.closed:
		_ = x.Close()
		<-gone
	}
}

// reset ends the connection with an RST instead of a FIN.
func (x *exchange) reset() {
	if c, ok := x.Conn.(countedConn); ok {
		if tcp, ok := c.Conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
	}
	_ = x.Close()
}

// answer sends a complete answer and closes.
func (x *exchange) answer(status int, header map[string]string, body string) {
	var head strings.Builder
	if status == 0 {
		status = http.StatusOK
	}
	fmt.Fprintf(&head, "HTTP/1.1 %d %s\r\nConnection: close\r\nContent-Length: %d\r\n", status, http.StatusText(status), len(body))
	for name, value := range header {
		fmt.Fprintf(&head, "%s: %s\r\n", name, value)
	}
	_, _ = io.WriteString(x, head.String()+"\r\n"+body)
}

// answers is a script that answers every request alike.
func answers(status int, header map[string]string, body string) func(*exchange) {
	return func(x *exchange) {
		if x.request() {
			x.answer(status, header, body)
		}
	}
}
