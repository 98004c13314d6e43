package dispatch

import (
	"testing"
	"time"

	"github.com/hibiken/asynq"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/tasks"
)

// TestForeignTasks: tasks that this worker cannot read end, and end a job only
// where they are that job's own; none comes back for ever, none is sent.
func TestForeignTasks(t *testing.T) {
	for name, tt := range map[string]struct {
		kind, payload string // ID stands for the job's
		want          record.State
	}{
		"another version of the job's own kind": {"notify", `{"v":2,"id":"ID"}`, record.Failed},
		"an unknown kind":                       {"teleport", `{"v":1,"id":"ID"}`, record.Accepted},
		"no JSON":                               {"notify", `hello`, record.Accepted},
		"a push that is none":                   {"push", `{"v":1,"id":"nonsense"}`, record.Accepted},
		"a job of a foreign group":              {"notify", `{"v":1,"id":"other.x"}`, record.Accepted},
	} {
		t.Run(name, func(t *testing.T) {
			r := redistest.Mini(t)
			company := &phoneCompany{}
			p := newProcess(r.Client, newMemBroker(), company, newSteps(0, lives))
			id := walkGroup + ".job"
			if _, err := p.lane.Store.Create(t.Context(), record.NewJob{
				ID: id, Account: "phone", Kind: string(tasks.KindNotify), ExpiresIn: time.Hour, SubmitToken: "t", Retain: time.Hour,
			}); err != nil {
				t.Fatal(err)
			}
			payload := tt.payload
			if len(payload) > 12 && payload[len(payload)-4:] == `ID"}` {
				payload = payload[:len(payload)-4] + id + `"}`
			}
			if err := p.lane.process(t.Context(), asynq.NewTask(tt.kind, []byte(payload))); err != nil {
				t.Errorf("the task comes back: %v", err)
			}
			rec, err := p.lane.Store.Get(t.Context(), id)
			if err != nil || rec.State != tt.want || len(company.calls()) != 0 {
				t.Errorf("the job is %+v, %v; %d calls", rec, err, len(company.calls()))
			}
			if n := r.Client.Exists(t.Context(), "callpacer:{other}:job:other.x").Val(); n != 0 {
				t.Error("a record was made in a foreign group")
			}
		})
	}
}
