//go:build unix

package redistest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

func TestServerKeepsWhatAOFKeeps(t *testing.T) {
	for _, tc := range []struct {
		name string
		aof  bool
		end  func(*Server)
		want int64
	}{
		{"killed with AOF", true, (*Server).Kill, 1},
		{"stopped with AOF", true, (*Server).Stop, 1},
		{"killed without AOF", false, (*Server).Kill, 0},
		{"restarted while up", true, func(*Server) {}, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := StartServer(t, Options{AOF: tc.aof})
			r, addr, pid := s.Redis(), s.Addr(), s.proc.pid
			if err := r.Client.Set(t.Context(), "k", "v", 0).Err(); err != nil {
				t.Fatal(err)
			}
			tc.end(s)
			s.Restart()
			if s.Addr() != addr || s.proc.pid == pid {
				t.Errorf("restarted at %s (process %d), was %s (%d)", s.Addr(), s.proc.pid, addr, pid)
			}
			n, err := r.Client.Exists(t.Context(), "k").Result()
			if err != nil || n != tc.want {
				t.Errorf("key there: %d, %v; want %d", n, err, tc.want)
			}
		})
	}
}

func TestServerIsGoneAfterKillAndCleanup(t *testing.T) {
	var pid int
	t.Run("owner", func(t *testing.T) {
		s := StartServer(t, Options{})
		pid = s.proc.pid
		if err := syscall.Kill(pid, 0); err != nil {
			t.Fatalf("not running: %v", err)
		}
	})
	if pid == 0 {
		t.Skip("no redis-server here")
	}
	if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("process %d after its test: %v, want no such process", pid, err)
	}
}

func TestServerOnAPortInUse(t *testing.T) {
	s := StartServer(t, Options{})
	rival := &recorder{TB: t}
	done := make(chan struct{})
	go func() { // Fatalf ends the goroutine
		defer close(done)
		StartServer(rival, Options{Port: s.port})
	}()
	<-done
	if !strings.Contains(rival.fatal, "exited") {
		t.Errorf("fatal %q, want that it exited", rival.fatal)
	}
}

func TestServerFreeze(t *testing.T) {
	s := StartServer(t, Options{})
	c := redis.NewClient(&redis.Options{Addr: s.Addr(), MaxRetries: -1, ContextTimeoutEnabled: true})
	defer c.Close()
	if err := c.Ping(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	s.Freeze()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := c.Ping(ctx).Err(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a frozen server: %v, want a time-out", err)
	}
	s.Thaw()
	if err := c.Ping(t.Context()).Err(); err != nil {
		t.Errorf("after Thaw: %v", err)
	}
}

func TestServerShowsItsOutputOnFailure(t *testing.T) {
	tb := &recorder{TB: t}
	s := StartServer(t, Options{})
	s.t = tb
	s.cleanup()
	if tb.logged != "" {
		t.Errorf("logged %q though nothing failed", tb.logged)
	}
	tb.failed = true
	s.cleanup()
	if !strings.Contains(tb.logged, "Ready to accept connections") {
		t.Errorf("logged %q, want the server's output", tb.logged)
	}
}

func TestMissingServer(t *testing.T) {
	for require, want := range map[string]string{"": "skip", "1": "fatal", "0": "skip"} {
		t.Run("require="+require, func(t *testing.T) {
			t.Setenv("PATH", t.TempDir())
			t.Setenv("CALLPACER_REQUIRE_REDIS", require)
			tb := &recorder{TB: t}
			done := make(chan struct{})
			go func() {
				defer close(done)
				StartServer(tb, Options{})
			}()
			<-done
			got := map[bool]string{tb.skip != "": "skip", tb.fatal != "": "fatal"}[true]
			if got != want || !strings.Contains(tb.skip+tb.fatal, "redis-server is not on PATH") {
				t.Errorf("%s (%q), want %s", got, tb.skip+tb.fatal, want)
			}
		})
	}
}

// A test process that dies without its cleanups takes its server with it.
func TestServerDiesWithItsTest(t *testing.T) {
	if dieWithParent() == nil {
		t.Skip("this system cannot tie a child's life to its parent's")
	}
	if os.Getenv("REDISTEST_DIE") != "" {
		s := StartServer(t, Options{})
		fmt.Fprintf(os.Stdout, "pid=%d\n", s.proc.pid)
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
	StartServer(t, Options{}) // skips where there is no server
	out := rerun(t, "REDISTEST_DIE=1", "TMPDIR="+t.TempDir())
	_, rest, ok := strings.Cut(out, "pid=")
	var pid int
	if _, err := fmt.Sscan(rest, &pid); !ok || err != nil {
		t.Fatalf("no pid in %q", out)
	}
	deadline := time.Now().Add(10 * time.Second)
	for !isGone(pid) {
		if time.Now().After(deadline) {
			t.Fatalf("process %d outlived its test", pid)
		}
	}
}
