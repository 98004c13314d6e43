package app

import (
	"net"
	"testing"
	"time"
)

// So many connections are served; the next one waits until one of them ends.
func TestConnectionsAreBounded(t *testing.T) {
	inner := listener(t)
	l := boundedListener(inner, 2)
	accepted := make(chan net.Conn)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			accepted <- conn
		}
	}()
	var clients []net.Conn
	for range 3 {
		c, err := net.Dial("tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		clients = append(clients, c)
	}
	first, second := <-accepted, <-accepted
	select {
	case <-accepted:
		t.Fatal("a third connection was accepted")
	case <-time.After(100 * time.Millisecond):
	}
	for range 3 { // a place is given back once
		_ = first.Close()
	}
	third := <-accepted
	fourth, err := net.Dial("tcp", inner.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-accepted:
		t.Fatal("a fourth connection was accepted")
	case <-time.After(100 * time.Millisecond):
	}
	if err := l.Close(); err != nil { // also while it is full
		t.Fatal(err)
	}
	<-ended
	for _, c := range append(clients, second, third, fourth) {
		_ = c.Close()
	}
}
