package redistest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// startDeadline bounds the wait for a server's first PONG, and for its end.
const startDeadline = 20 * time.Second

// Options say how a real server is started. The zero value keeps nothing on
// disk and takes a free port.
type Options struct {
	// AOF keeps every acknowledged write on disk (appendfsync always), so that it
	// is still there after Kill and Restart.
	AOF bool
	// Port is fixed where it is not 0.
	Port int
	// Args are more arguments for redis-server; they win over the rest.
	Args []string
}

// Server is a real redis-server, owned by one test. Its methods are called from
// the test's own goroutine; they end the test if they fail.
type Server struct {
	t    testing.TB
	bin  string
	opt  Options
	dir  string
	log  string
	port int
	proc *process // nil while the server is down
}

// StartServer starts a redis-server in a directory of its own and waits until
// it answers. It is killed by the test's cleanup, and by the kernel (on Linux)
// if the test's process dies first; its output is shown if the test failed. It
// skips the test where the binary is missing, or fails it if
// CALLPACER_REQUIRE_REDIS=1.
func StartServer(t testing.TB, opt Options) *Server {
	t.Helper()
	bin, err := exec.LookPath("redis-server")
	if err != nil {
		missing(t, os.Getenv("CALLPACER_REQUIRE_REDIS") == "1")
	}
	dir := t.TempDir()
	s := &Server{t: t, bin: bin, opt: opt, dir: dir, log: filepath.Join(dir, "redis-server.log")}
	t.Cleanup(s.cleanup)
	const attempts = 5 // somebody else may take the port that was free just now
	for i := range attempts {
		s.port = opt.Port
		if s.port == 0 {
			s.port = freePort(t)
		}
		if err = s.start(); err == nil {
			return s
		}
		if opt.Port != 0 || i == attempts-1 || !errors.Is(err, errExited) {
			break
		}
	}
	t.Fatalf("redistest: start redis-server: %v", err)
	return nil
}

// missing is the answer to an absent redis-server.
func missing(t testing.TB, required bool) {
	t.Helper()
	if required {
		t.Fatal("redistest: redis-server is not on PATH, and CALLPACER_REQUIRE_REDIS=1")
	}
	t.Skip("redistest: redis-server is not on PATH: this subtest needs one (apt-get install redis-server)")
}

// Addr is the server's host:port, the same after a Restart.
func (s *Server) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// Redis is the server as tests use it, with a client that the cleanup closes.
func (s *Server) Redis() *Redis {
	s.t.Helper()
	r := &Redis{Name: NameServer, Addr: s.Addr(), Server: s}
	r.Client = r.NewClient(s.t)
	return r
}

// Kill ends the server as a power cut does (SIGKILL) and waits until it is gone.
func (s *Server) Kill() {
	s.t.Helper()
	s.end(os.Kill)
}

// Stop shuts the server down in order (SIGTERM) and waits until it is gone.
func (s *Server) Stop() {
	s.t.Helper()
	s.end(sigterm)
}

// Restart starts the server again on the same port and directory, killing it
// first if it still runs, and waits until it answers.
func (s *Server) Restart() {
	s.t.Helper()
	s.Kill()
	if err := s.start(); err != nil {
		s.t.Fatalf("redistest: restart redis-server: %v", err)
	}
}

func (s *Server) end(sig os.Signal) {
	s.t.Helper()
	if s.proc == nil {
		return
	}
	if err := s.proc.signal(sig); err != nil {
		s.t.Fatalf("redistest: end redis-server: %v", err)
	}
	select {
	case <-s.proc.gone:
		s.proc = nil
	case <-time.After(startDeadline):
		s.t.Fatalf("redistest: redis-server outlived %v by %v", sig, startDeadline)
	}
}

func (s *Server) cleanup() {
	s.Kill()
	if !s.t.Failed() {
		return
	}
	out, err := os.ReadFile(s.log)
	if err != nil {
		s.t.Logf("redistest: no output of redis-server: %v", err)
		return
	}
	const tail = 32 << 10
	s.t.Logf("redistest: output of redis-server:\n%s", out[max(0, len(out)-tail):])
}

func (s *Server) args() []string {
	args := []string{
		"--bind", "127.0.0.1", "--port", strconv.Itoa(s.port), "--dir", s.dir,
		"--daemonize", "no", "--save", "", "--maxmemory-policy", "noeviction",
	}
	if s.opt.AOF {
		args = append(args, "--appendonly", "yes", "--appendfsync", "always")
	} else {
		args = append(args, "--appendonly", "no")
	}
	return append(args, s.opt.Args...)
}

// start runs the process and waits until it, and not another one on the same
// port, answers.
func (s *Server) start() error {
	proc, err := spawn(s.bin, s.args(), s.log)
	if err != nil {
		return err
	}
	s.proc = proc
	ctx, cancel := context.WithTimeout(context.Background(), startDeadline)
	defer cancel()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		err := answers(ctx, s.Addr(), proc.pid)
		if err == nil {
			return nil
		}
		select {
		case <-proc.gone:
			s.proc = nil
			return fmt.Errorf("%w before it answered", errExited)
		case <-ctx.Done():
			return fmt.Errorf("no answer within %v: %w", startDeadline, err)
		case <-tick.C:
		}
	}
}
