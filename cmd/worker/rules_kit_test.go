package main

import (
	"fmt"
	"regexp"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/callpacer/callpacer/internal/sandbox"
	"github.com/callpacer/callpacer/tasks"
)

// alwaysOpen is the window of the accounts whose other rules are measured.
const alwaysOpen = `window: {open: "00:00", close: "24:00", time_zone: Asia/Shanghai}`

func answered(string) sandbox.Behaviour { return sandbox.Answered }

// realFleet is a fleet on a real redis-server: what is counted there, an embedded
// one does not tell.
func realFleet(t *testing.T) *fleet {
	t.Helper()
	f := newFleet(t)
	if f.server == nil {
		t.Skip("no redis-server is on the PATH")
	}
	return f
}

// more adds lines to the configuration of the account that was made last.
func (f *fleet) more(lines string) { f.accounts[len(f.accounts)-1].more += lines }

// crew starts n workers at once.
func (f *fleet) crew(n int) {
	f.t.Helper()
	for i := range n {
		f.worker(string(rune('a' + i)))
	}
}

// notifications are n jobs of an account for numbers of their own: prefix of three
// digits, and eight more.
func notifications(account, prefix string, n int, p tasks.Priority) []tasks.Job {
	jobs := messages(account, n, func(i int) string { return fmt.Sprintf("%s%08d", prefix, i) })
	for i := range jobs {
		jobs[i].IdempotencyKey, jobs[i].Priority = "", p
	}
	return jobs
}

// runs counts the handler runs of an account's calls, exactly and from outside:
// whenever a worker takes a task, Redis tells that it came onto the list of its
// queue's active ones.
func (f *fleet) runs(account string) func() int {
	f.t.Helper()
	ctx := f.t.Context()
	if err := f.rdb.ConfigSet(ctx, "notify-keyspace-events", "Kl").Err(); err != nil {
		f.t.Fatalf("have Redis tell of its lists: %v", err)
	}
	var channels []string
	for _, p := range []tasks.Priority{tasks.Urgent, tasks.Normal, tasks.Bulk} {
		channels = append(channels, "__keyspace@0__:asynq:{"+string(tasks.QueueOf(account, p))+"}:active")
	}
	told := f.rdb.Subscribe(ctx, channels...)
	f.t.Cleanup(func() { _ = told.Close() })
	for range channels {
		if _, err := told.Receive(ctx); err != nil {
			f.t.Fatalf("listen to Redis: %v", err)
		}
	}
	var n atomic.Int64
	go func() { // until the subscription is closed
		for m := range told.Channel(redis.WithChannelSize(10000)) {
			if m.Payload == "lpush" {
				n.Add(1)
			}
		}
	}()
	return func() int { return int(n.Load()) }
}

var callsOf = regexp.MustCompile(`cmdstat_\S+?:calls=(\d+)`)

// commands is how many commands Redis has run, those within scripts included.
func (f *fleet) commands() int {
	f.t.Helper()
	info, err := f.rdb.Info(f.t.Context(), "commandstats").Result()
	if err != nil {
		f.t.Fatalf("ask Redis for its commands: %v", err)
	}
	total := 0
	for _, m := range callsOf.FindAllStringSubmatch(info, -1) {
		n, err := strconv.Atoi(m[1])
		if err != nil {
			f.t.Fatalf("Redis counts %q commands", m[1])
		}
		total += n
	}
	return total
}

// accepted waits until a vendor has accepted n requests, and says when.
func (f *fleet) accepted(patience time.Duration, v evidence, n int) []time.Time {
	f.t.Helper()
	f.until(patience, fmt.Sprintf("the vendor has accepted %d requests", n), func() bool { return len(v.AcceptedTimes()) >= n })
	return v.AcceptedTimes()
}

// evidence is what a simulated vendor tells of the rules.
type evidence interface {
	AcceptedTimes() []time.Time
	RequestTimes() []time.Time
	MaxUnderWay() int
}

// paced judges what the vendor saw against a rate, its burst and what the network
// may jitter.
func paced(t *testing.T, v evidence, perSecond, burst int) {
	t.Helper()
	if n := sandbox.MaxWithin(v.RequestTimes(), time.Second); n > perSecond+burst+2 {
		t.Errorf("the vendor saw %d requests in a second, want at most %d", n, perSecond+burst+2)
	}
}

// took is the time from the first of some times to the last.
func took(times []time.Time) time.Duration { return times[len(times)-1].Sub(times[0]) }

// The rate that an account has by default.
const defaultRate, defaultBurst = 20, 5

// ideal is what n calls take at that rate from the first to the last.
func ideal(n int) time.Duration {
	return time.Duration(n-defaultBurst) * time.Second / defaultRate
}

// within judges a time against a multiple of the ideal one.
func within(t *testing.T, what string, took, ideal time.Duration, times float64) {
	t.Helper()
	if !meets(t, what, took, ideal, times) {
		t.Errorf("%s took %s, want at most %.2f of %s", what, took.Round(time.Millisecond), times, ideal)
	}
}

func meets(t *testing.T, what string, took, ideal time.Duration, times float64) bool {
	t.Helper()
	t.Logf("%s took %s, %.3f of the ideal %s", what, took.Round(time.Millisecond), took.Seconds()/ideal.Seconds(), ideal)
	return took.Seconds() <= times*ideal.Seconds()
}

// tries is how often a time is measured that is to be close to the ideal one: other
// tests on the machine may lengthen it. What no vendor may ever see is judged over all.
const tries = 3

// best wants one of some tries to be within a multiple of the ideal time; try does
// the n-th and says how long it took.
func best(t *testing.T, what string, ideal time.Duration, times float64, try func(n int) time.Duration) {
	t.Helper()
	for n := range tries {
		if meets(t, what, try(n), ideal, times) {
			return
		}
	}
	t.Errorf("%s never took less than %.2f of %s", what, times, ideal)
}
