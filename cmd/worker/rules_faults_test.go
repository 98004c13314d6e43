package main

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/callpacer/callpacer/configs"
	"github.com/callpacer/callpacer/internal/app"
	"github.com/callpacer/callpacer/internal/sandbox"
	"github.com/callpacer/callpacer/tasks"
)

// said is a log that may be read while it is written.
type said struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *said) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

func (s *said) has(words string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Contains(s.text.String(), words)
}

// astray runs a worker in this process whose clock is off: that of a process of its
// own cannot be set alone.
func (f *fleet) astray(name string, off time.Duration) *said {
	f.t.Helper()
	config, err := configs.LoadFile(f.configured(name).file)
	if err != nil {
		f.t.Fatal(err)
	}
	out := &said{}
	log := logrus.New()
	log.SetOutput(out)
	running, err := app.Start(f.t.Context(), config, app.Options{Log: log, Clock: func() time.Time { return time.Now().Add(off) }})
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() {
		if err := running.Stop(); err != nil {
			f.t.Errorf("stop worker %s: %v", name, err)
		}
	})
	return out
}

// The vendor of the account with quotas, and its rule, have days of ten seconds.
const shortDay = 10 * time.Second

// TestRulesUnderFaults: with one worker frozen for 90 s, two that are killed again
// and again, and two whose clocks are off, no vendor sees a rule broken: no rate, no
// window, no quota of a number, no number of lines.
func TestRulesUnderFaults(t *testing.T) {
	t.Parallel()
	f := realFleet(t)
	quick := sandbox.JumdataOptions{Behave: answered, Latency: 150 * time.Millisecond}
	pace := f.jumdata("pace", quick, alwaysOpen+`, rate: {per_second: 10, burst: 3}`)
	window := opensIn(5*time.Second, 55*time.Second)
	hours := f.jumdata("hours", quick, window.rule()+`, rate: {per_second: 3, burst: 1}`)
	daily := quick
	daily.Day = shortDay
	quota := f.jumdata("quota", daily, alwaysOpen+`, per_number: [{limit: 3, per: 10s, margin: 1s}], lockout: 10s`)
	lines := f.jumdata("lines", quick, alwaysOpen+`, max_in_flight: 3`)
	a, b, c := f.worker("a"), f.worker("b"), f.worker("c")
	// What is off by less than a few seconds is borne; by more, it takes no calls.
	borne, refused := f.astray("ahead", 4*time.Second), f.astray("behind", -2*time.Minute)

	f.enqueue(notifications("pace", "136", 800, tasks.Normal))
	f.enqueue(notifications("hours", "137", 300, tasks.Normal))
	f.enqueue(messages("quota", 120, func(i int) string { return fmt.Sprintf("1380000000%d", i%4) }))
	f.enqueue(notifications("lines", "139", 250, tasks.Normal))
	f.accepted(20*time.Second, pace, 20)
	f.troubled(a, b, c)

	for name, v := range map[string]*sandbox.Jumdata{"pace": pace, "hours": hours, "quota": quota, "lines": lines} {
		notTwice(t, v)
		t.Logf("%s: %d calls", name, len(v.Calls()))
		if len(v.Calls()) < 40 {
			t.Errorf("%s: only %d calls were made: there was no work to break a rule", name, len(v.Calls()))
		}
	}
	if !borne.has("attempt ended") {
		t.Error("the worker whose clock is 4 s ahead took no call")
	}
	if !refused.has("it takes no calls until it is right") {
		t.Error("the worker whose clock is two minutes behind does not say that it takes no calls")
	}
	paced(t, pace, 10, 3)
	if n := sandbox.MaxWithin(hours.RequestTimes(), time.Second); n > 3+1+2 {
		t.Errorf("the vendor with the window saw %d requests in a second", n)
	}
	if outside := hours.OutsideWindow(window.contains); len(outside) > 0 {
		t.Errorf("%d requests came outside the window, the last %s after it", len(outside), outside[len(outside)-1].At.Sub(window.close))
	}
	if n := quota.MaxPerNumberInDay(); n > 3 {
		t.Errorf("a number got %d calls in a day, want at most 3", n)
	}
	if n := lines.MaxUnderWay(); n > 3 {
		t.Errorf("%d calls were under way at once, want at most 3", n)
	}
}

// troubled freezes one worker for 90 s, and kills two others meanwhile again and again.
func (f *fleet) troubled(a, frozen, c *worker) {
	f.t.Helper()
	frozen.signal(syscall.SIGSTOP)
	begin := time.Now()
	for time.Since(begin) < 75*time.Second {
		wait(6 * time.Second)
		a.restart()
		wait(6 * time.Second)
		c.restart()
	}
	wait(time.Until(begin.Add(90 * time.Second)))
	frozen.signal(syscall.SIGCONT)
	f.until(20*time.Second, "the woken worker is ready", frozen.ready)
	wait(3 * time.Second) // what it still had in its hands would come now
}
