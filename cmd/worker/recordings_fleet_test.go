package main

import (
	"syscall"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
)

// TestRecordingsAreStoredOnce: 40 calls through Dingxin and 40 over numbers of
// interline are recorded. Downloads are cut, hang, end early, come too soon and are
// refused, by what looks like audio, too; a worker is killed in the middle of some,
// the other one frozen, and Redis restarted. In the end each answered call has one file, as its vendor has
// it, and its application was told once where.
func TestRecordingsAreStoredOnce(t *testing.T) {
	t.Parallel()
	r := newRecorded(t)
	r.crew(2)
	begin := time.Now()
	r.start()
	r.call()
	// What a killed worker had in hand beside downloads would come back a minute later.
	for _, ids := range [][]string{r.calls[0].ids, r.children()} {
		r.each(20*time.Second, "every call has ended", ids, func(r *record.Record) bool { return r.State.Final() })
	}
	r.until(20*time.Second, "slow downloads are under way", func() bool { return r.slow.Load() >= 4 })
	r.workers[0].kill()
	killed := r.left("*.tmp")
	wait(time.Second)
	r.server.Kill()
	wait(time.Second)
	r.server.Restart()
	r.workers[0].start()
	// The other one keeps what it has in its hands past its leases, and goes on with it
	// when somebody else has stored it.
	r.workers[1].signal(syscall.SIGSTOP)
	r.until(90*time.Second, "nothing is to be fetched any more", r.fetched)
	r.workers[1].signal(syscall.SIGCONT)
	r.until(20*time.Second, "the woken worker is ready", r.workers[1].ready)
	wait(2 * time.Second)
	r.until(30*time.Second, "every event is delivered", func() bool { return r.waiting("events") == 0 })
	t.Logf("settled after %s; the kill left %d files unfinished", time.Since(begin).Round(time.Second), killed)
	if killed == 0 {
		t.Error("no download was under way when the worker was killed")
	}
	r.leave()
	r.judge(t)
}
