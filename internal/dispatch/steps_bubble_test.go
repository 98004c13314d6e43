package dispatch

import (
	"sync"
	"time"

	"github.com/callpacer/callpacer/internal/redistest"
)

// fate is what happens to a process at one of its steps.
type fate int

const (
	lives fate = iota
	diesBefore
	diesAfter
	freezesBefore // SIGSTOP for 90 s, then it goes on
	freezesAfter
)

var fates = map[fate]string{diesBefore: "dies-before", diesAfter: "dies-after", freezesBefore: "freezes-before", freezesAfter: "freezes-after"}

const freezeTime = 90 * time.Second

// steps counts every operation of one process on Redis, on the queue and on the
// vendor, in the order in which they happen, and lets fate strike at one of them.
type steps struct {
	mu     sync.Mutex
	n      int
	at     int
	fate   fate
	dead   bool
	struck chan struct{} // closed when fate strikes
	watch  func()        // looks at the world before each step; nil: nobody does
}

func newSteps(at int, f fate) *steps { return &steps{at: at, fate: f, struck: make(chan struct{})} }

func (s *steps) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.n
}

func (s *steps) isDead() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dead
}

// next counts a step and says what happens at it; the dead make no steps.
func (s *steps) next() (f fate, ok bool) {
	if s.watch != nil {
		s.watch()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dead {
		return lives, false
	}
	s.n++
	if s.n != s.at || s.fate == lives {
		return lives, true
	}
	if s.fate == diesBefore || s.fate == diesAfter {
		s.dead = true
	}
	close(s.struck)
	return s.fate, true
}

// do is one step that is not on Redis.
func (s *steps) do(op func()) error {
	f, ok := s.next()
	if !ok || f == diesBefore {
		return errDead
	}
	if f == freezesBefore {
		time.Sleep(freezeTime)
	}
	op()
	if f == freezesAfter {
		time.Sleep(freezeTime)
	}
	if f == diesAfter {
		return errDead
	}
	return nil
}

// redis is the hook that makes each Redis operation a step.
func (s *steps) redis() *redistest.Faults {
	return redistest.NewFaults(func(redistest.Op) redistest.Verdict {
		f, ok := s.next()
		switch {
		case !ok || f == diesBefore:
			return redistest.Verdict{Action: redistest.DieBefore}
		case f == diesAfter:
			return redistest.Verdict{Action: redistest.DieAfter}
		case f == freezesBefore:
			return redistest.Delay(freezeTime)
		case f == freezesAfter:
			v := redistest.Delay(freezeTime)
			v.After, v.Before = v.Before, nil
			return v
		}
		return redistest.Verdict{}
	})
}
