package tasks_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/tasks"
)

// BenchmarkEnqueueMany sets a batch against a loop over Enqueue, on a real
// server: over loopback, and with a millisecond in front of every round trip.
// jobs/s of the pairs, in one run, are the ratio.
func BenchmarkEnqueueMany(b *testing.B) {
	const batch = 1000
	for _, latency := range []time.Duration{0, time.Millisecond} {
		for _, how := range []string{"loop", "many"} {
			b.Run(fmt.Sprintf("latency=%s/%s", latency, how), func(b *testing.B) {
				r := redistest.StartServer(b, redistest.Options{}).Redis()
				if _, err := tasks.Publish(b.Context(), r.Client, account); err != nil {
					b.Fatal(err)
				}
				var hooks []redis.Hook
				if latency > 0 {
					hooks = append(hooks, redistest.NewFaults(func(redistest.Op) redistest.Verdict { return redistest.Delay(latency) }))
				}
				c := tasks.NewClient(r.NewClient(b, hooks...))
				jobs := make([]tasks.Job, batch)
				done := 0
				for b.Loop() {
					for i := range jobs {
						jobs[i] = keyed(fmt.Sprintf("%d-%d", done, i))
					}
					enqueueAll(b, c, jobs, how == "many")
					done++
				}
				b.ReportMetric(float64(done*batch)/b.Elapsed().Seconds(), "jobs/s")
			})
		}
	}
}

func enqueueAll(b *testing.B, c *tasks.Client, jobs []tasks.Job, many bool) {
	b.Helper()
	results := make([]tasks.Result, len(jobs))
	if many {
		results = c.EnqueueMany(b.Context(), jobs)
	} else {
		for i, j := range jobs {
			results[i].Receipt, results[i].Err = c.Enqueue(b.Context(), j)
		}
	}
	for i, result := range results {
		if result.Err != nil || result.Receipt.State != "queued" {
			b.Fatalf("job %d: %+v", i, result)
		}
	}
}
