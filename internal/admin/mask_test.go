package admin

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hibiken/asynq"

	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/tasks"
)

// carrying is a task that carries its job itself.
func carrying(t *testing.T) (*asynq.Task, string) {
	t.Helper()
	task, id, err := tasks.NewTask(tasks.Account{
		Name: "main", Vendor: "jumdata", Group: "g", Kinds: []tasks.Kind{tasks.KindNotify},
		Traits: tasks.Traits{Params: true}, KeyRetention: time.Hour,
	}, tasks.Job{To: "13800000001", Template: "JM1001", Params: []string{"张三"}, Tags: map[string]string{"name": "secret"}})
	if err != nil {
		t.Fatal(err)
	}
	return task, id
}

func TestCarriedJobsAreNotShown(t *testing.T) {
	d := newDesk(t, redistest.Mini(t))
	task, id := carrying(t)
	if _, err := d.client.Enqueue(task); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/monitor/api/queues/main:normal/pending_tasks", "/monitor/api/queues/main:normal/tasks/" + id} {
		got := ask(t, d.handler, http.MethodGet, path, nil)
		body := got.Body.String()
		if !strings.Contains(body, id) || !strings.Contains(body, "not shown") {
			t.Errorf("%s: %d %s", path, got.Code, body)
		}
		for _, content := range []string{"00001", "张三", "secret", "JM1001", "u5f20"} {
			if strings.Contains(body, content) {
				t.Errorf("%s shows %s: %s", path, content, body)
			}
		}
	}
	for _, payload := range []string{`{"v":1,"id":"g.1","carried":`, `{"v":1,"id":"张三 1","carried":{}}`, `{"carried":"张三"}`} {
		if shown := mask([]byte(payload)); shown != `{"carried":"(not shown)"}` && shown != `{"v":1,"id":"","carried":"(not shown)"}` {
			t.Errorf("%s is shown as %s", payload, shown)
		}
	}
}

// A task that holds all there is of its job is not deleted: nobody would hear of it.
func TestCarriedJobsAreNotDeleted(t *testing.T) {
	d := newDesk(t, redistest.Mini(t))
	task, id := carrying(t)
	if _, err := d.client.Enqueue(task); err != nil {
		t.Fatal(err)
	}
	d.wantAnswer(d.press("DELETE", "main:normal/pending_tasks/"+id, ""), http.StatusConflict, "no record")
	d.wantAnswer(d.press("POST", "main:normal/pending_tasks/"+id+":archive", ""), http.StatusConflict, "no record")
	d.wantTask("main:normal", id, "pending")
}
