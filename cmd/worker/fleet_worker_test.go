package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// worker is one worker process.
type worker struct {
	fleet  *fleet
	name   string
	file   string
	admin  string
	public string
	cmd    *exec.Cmd
	ended  chan struct{} // closed when the process is gone; err is set by then
	err    error
}

// freePort is below the ports that systems hand out to outgoing connections: one of
// those could take it while a worker is down.
func freePort(t *testing.T) string {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 10000+rand.IntN(10000)))
		if err != nil {
			continue
		}
		defer l.Close()
		return l.Addr().String()
	}
	t.Fatal("no port is free")
	return ""
}

// worker starts a worker with a configuration of its own.
func (f *fleet) worker(name string) *worker {
	f.t.Helper()
	w := f.configured(name)
	f.workers = append(f.workers, w)
	w.start()
	return w
}

// configured writes a configuration for a worker.
func (f *fleet) configured(name string) *worker {
	f.t.Helper()
	public, admin := freePort(f.t), freePort(f.t)
	w := &worker{fleet: f, name: name, admin: admin, public: public, file: filepath.Join(f.t.TempDir(), name+".yaml")}
	text := fmt.Sprintf("redis: {url: %q}\npublic: {listen: %q, url: %q, secret: %s}\nadmin: {listen: %q}\nstate_dir: %q\n%saccounts:\n",
		f.redisURL, public, f.door.server.URL, pushSecret, admin, f.state, f.sections)
	for _, a := range f.accounts {
		text += a.config()
	}
	if err := os.WriteFile(w.file, []byte(text), 0o600); err != nil {
		f.t.Fatal(err)
	}
	f.door.add(public)
	return w
}

func (w *worker) start() {
	w.fleet.t.Helper()
	log, ended := &bytes.Buffer{}, make(chan struct{})
	cmd := exec.CommandContext(context.WithoutCancel(w.fleet.t.Context()), filepath.Join(w.fleet.bin, "worker"), "--config", w.file)
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		w.fleet.t.Fatal(err)
	}
	w.cmd, w.ended, w.err = cmd, ended, nil
	go func() { w.err = cmd.Wait(); close(ended) }()
	w.fleet.t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended, or be frozen
		<-ended
		if w.fleet.t.Failed() {
			w.fleet.t.Logf("log of worker %s:\n%s", w.name, tail(log.String(), 3000))
		}
	})
	w.fleet.until(20*time.Second, "worker "+w.name+" is ready", w.ready)
}

func (w *worker) ready() bool {
	request, err := http.NewRequestWithContext(w.fleet.t.Context(), http.MethodGet, "http://"+w.admin+"/readyz", nil)
	if err != nil {
		return false
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

func (w *worker) signal(s syscall.Signal) {
	w.fleet.t.Helper()
	if err := w.cmd.Process.Signal(s); err != nil {
		w.fleet.t.Fatalf("%s to worker %s: %v", s, w.name, err)
	}
}

// kill is SIGKILL, and waits until the process is gone.
func (w *worker) kill() {
	w.signal(syscall.SIGKILL)
	if <-w.ended; w.err == nil {
		w.fleet.t.Errorf("worker %s ended well, though it was killed", w.name)
	}
}

func (w *worker) restart() { w.kill(); w.start() }

// left waits until a worker that got SIGTERM has settled what it had in flight
// and ended well.
func (w *worker) left() {
	w.fleet.t.Helper()
	select {
	case <-w.ended:
		if w.err != nil {
			w.fleet.t.Errorf("worker %s was terminated and ended with %v", w.name, w.err)
		}
	case <-time.After(30 * time.Second):
		w.fleet.t.Fatalf("worker %s did not end within 30 s of SIGTERM", w.name)
	}
}

// leave ends every worker in order, so that nothing is under way any more.
func (f *fleet) leave() {
	f.t.Helper()
	for _, w := range f.workers {
		w.signal(syscall.SIGTERM)
	}
	for _, w := range f.workers {
		w.left()
	}
}

func tail(s string, n int) string { return s[max(0, len(s)-n):] }
