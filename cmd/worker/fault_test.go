package main

import (
	"syscall"
	"testing"
	"time"
)

const openRules = `window: {open: "00:00", close: "24:00", time_zone: Asia/Shanghai}, rate: {per_second: 12, burst: 6}`

// TestNobodyIsCalledTwice sends jobs to every vendor through three worker
// processes that are killed, frozen for 90 s and woken, and terminated in the
// middle of requests that hang, at vendors that cut, hang and fail.
func TestNobodyIsCalledTwice(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	batches := f.callers(200, 80)
	// What a killed worker had in its hands comes back after 75 s at most, and goes
	// out again only if the doubt lasts longer.
	platforms := f.platforms(100 * time.Second)
	a, b, c := f.worker("a"), f.worker("b"), f.worker("c")
	f.trouble()
	var calls []string
	for _, batch := range batches {
		batch.ids = f.enqueue(batch.jobs)
		calls = append(calls, batch.ids...)
	}
	for _, p := range platforms {
		p.start(f)
	}

	wait(2 * time.Second)
	a.restart()
	wait(time.Second)
	b.signal(syscall.SIGSTOP)
	frozen := time.Now()
	wait(2 * time.Second)
	f.terminateDuringHang(c)
	c.start()
	a.restart()
	wait(2 * time.Second)
	a.restart()
	c.restart()
	for _, p := range platforms {
		p.release(f, takenLater)
	}
	// What the killed ones had in their hands comes back after a minute, and is
	// not to wait for the end of new troubles besides.
	wait(time.Until(frozen.Add(30 * time.Second)))
	f.calm()
	for _, p := range platforms {
		p.settle(f)
	}
	wait(time.Until(frozen.Add(90 * time.Second)))
	b.signal(syscall.SIGCONT)
	f.until(20*time.Second, "the woken worker is ready", b.ready)

	f.ended(4*time.Minute, calls)
	f.leave() // what the woken one still had in its hands is done by then
	for _, batch := range batches {
		t.Run(batch.account, func(t *testing.T) { f.judge(t, batch) })
	}
	for _, p := range platforms {
		t.Run(p.account, func(t *testing.T) { f.judgeBindings(t, p) })
	}
}

// terminateDuringHang ends a worker by SIGTERM while requests hang: it must let
// them run into their timeout, settle them, and exit 0.
func (f *fleet) terminateDuringHang(w *worker) {
	f.t.Helper()
	f.hang()
	wait(time.Second)
	begin := time.Now()
	w.signal(syscall.SIGTERM)
	wait(500 * time.Millisecond)
	f.trouble()
	w.left()
	f.t.Logf("worker %s took %s to end", w.name, time.Since(begin).Round(time.Millisecond))
}
