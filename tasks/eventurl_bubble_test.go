package tasks_test

import (
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/tasks"
)

// A producer that runs for long learns that events were switched on: its jobs
// would be silent for ever.
func TestClientLearnsOfEvents(t *testing.T) {
	redistest.Bubble(t, func(t *testing.T, r *redistest.Redis) {
		publish(t, r, account)
		c := tasks.NewClient(r.Client)
		enqueue(t, c, call())
		publish(t, r, telling())
		time.Sleep(time.Minute)
		if rec := recordOf(t, r, enqueue(t, c, call()).ID); !rec.Tells {
			t.Error("the account is still taken for one without events")
		}
	})
}
