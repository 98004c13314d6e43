package tasks_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/callpacer/callpacer/internal/redistest"
)

// cutting is a network that breaks a connection about a request that says word.
type cutting struct {
	redis.Hook
	word string
	cut  string // "the request": half of it leaves; "the reply": half comes; "all": none
	left atomic.Int32
}

func (c *cutting) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := next(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &cutConn{Conn: conn, c: c}, nil
	}
}

type cutConn struct {
	net.Conn
	c     *cutting
	armed bool
}

func (c *cutConn) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte(c.c.word)) && !c.armed {
		c.armed = c.c.left.Add(-1) >= 0
		if c.armed && c.c.cut == "the request" {
			n, _ := c.Conn.Write(b[:len(b)/2])
			_ = c.Close()
			_, err := c.Conn.Write(b[n:]) // the error of a connection that is gone
			return n, err
		}
	}
	return c.Conn.Write(b)
}

func (c *cutConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if !c.armed || err != nil {
		return n, err
	}
	_ = c.Close() // a connection that broke answers no later read either
	if c.c.cut == "the reply" {
		return n / 2, nil
	}
	return 0, io.EOF
}

// go-redis repeats a whole pipeline by itself where a connection breaks: what
// was executed already is no duplicate, and a task that is there is no failure.
func TestConnectionCutAtAFlush(t *testing.T) {
	for _, word := range []string{creating, putting, marking} {
		for _, cut := range []string{"the request", "the reply", "all"} {
			for _, times := range []int32{1, 2} {
				t.Run(fmt.Sprintf("%q/%s/%d", word, cut, times), func(t *testing.T) {
					redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
						warm(t, r)
						c := &cutting{Hook: redistest.NewFaults(nil), word: word, cut: cut}
						c.left.Store(times)
						wantResults(t, producer(t, r, c).EnqueueMany(t.Context(), rows(batchOf)), "queued", false)
						if left := c.left.Load(); left > 0 {
							t.Errorf("%d connections were not cut", left)
						}
						wantCounts(t, r, batchOf, batchOf)
					})
				})
			}
		}
	}
}

// A connection that keeps breaking leaves what it leaves, and a second submit of
// the same keys mends it.
func TestConnectionCutForGood(t *testing.T) {
	for _, word := range []string{creating, putting, marking} {
		t.Run(word, func(t *testing.T) {
			redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
				warm(t, r)
				c := &cutting{Hook: redistest.NewFaults(nil), word: word, cut: "the request"}
				c.left.Store(1000)
				for i, result := range producer(t, r, c).EnqueueMany(t.Context(), rows(batchOf)) {
					if (word == creating) != (result.Err != nil) || result.Err == nil && result.Receipt.State != "accepted" {
						t.Errorf("row %d: %+v", i, result)
					}
				}
				for i, result := range producer(t, r).EnqueueMany(t.Context(), rows(batchOf)) {
					if result.Err != nil || result.Receipt.State != "queued" {
						t.Errorf("row %d again: %+v", i, result)
					}
					wantDue(t, r, result.Receipt.ID)
				}
				wantCounts(t, r, batchOf, batchOf)
			})
		})
	}
}
