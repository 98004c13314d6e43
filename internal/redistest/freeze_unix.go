//go:build unix

package redistest

import "syscall"

// Freeze stops the server's process (SIGSTOP): connections stay open and nobody
// answers, as when a network swallows packets.
func (s *Server) Freeze() {
	s.t.Helper()
	s.send(syscall.SIGSTOP)
}

// Thaw lets a frozen server go on (SIGCONT).
func (s *Server) Thaw() {
	s.t.Helper()
	s.send(syscall.SIGCONT)
}

func (s *Server) send(sig syscall.Signal) {
	s.t.Helper()
	if s.proc == nil {
		s.t.Fatalf("redistest: %v to a redis-server that is down", sig)
	}
	if err := s.proc.signal(sig); err != nil {
		s.t.Fatalf("redistest: %v to redis-server: %v", sig, err)
	}
}
