package admin

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hibiken/asynq"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
)

func TestDeleteAndArchiveCancelTheJob(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		d := newDesk(t, r)
		for _, button := range []string{"DELETE ", "POST :archive"} {
			method, verb, _ := strings.Cut(button, " ")
			id := d.job()
			d.wantAnswer(d.press(method, "main:normal/pending_tasks/"+id+verb, ""), http.StatusNoContent, "")
			d.wantJob(id, record.Canceled)
			d.wantTask("main:normal", id, "")
			// A job put off waits under a later task of its own.
			id = d.job()
			d.put("main:normal", id+"~2", asynq.ProcessIn(time.Hour))
			d.wantAnswer(d.press(method, "main:normal/scheduled_tasks/"+id+"~2"+verb, ""), http.StatusNoContent, "")
			d.wantJob(id, record.Canceled)
			d.wantTask("main:normal", id+"~2", "")
			d.wantTask("main:normal", id, "pending") // a worker finds the job canceled
		}
	})
}

func TestWhatWasSentIsNotCanceled(t *testing.T) {
	d := newDesk(t, redistest.Mini(t))
	for _, button := range []string{"DELETE pending_tasks/ID", "POST retry_tasks/ID:archive", "POST active_tasks/ID:cancel"} {
		method, path, _ := strings.Cut(button, " ")
		id := d.job()
		d.jobIs(id, record.Submitted, 3)
		d.wantAnswer(d.press(method, "main:normal/"+strings.ReplaceAll(path, "ID", id), ""), http.StatusConflict, "is submitted")
		d.wantJob(id, record.Submitted)
		d.wantTask("main:normal", id, "pending")
	}
}

// A job that is being sent is marked; only for the button of the active tasks
// that is all it promises.
func TestCancelWhileItIsSent(t *testing.T) {
	d := newDesk(t, redistest.Mini(t))
	for button, status := range map[string]int{
		"POST active_tasks/ID:cancel": http.StatusNoContent, "DELETE pending_tasks/ID": http.StatusConflict,
		"POST pending_tasks/ID:archive": http.StatusConflict,
	} {
		method, path, _ := strings.Cut(button, " ")
		id := d.job()
		d.jobIs(id, record.Submitting, 1)
		d.wantAnswer(d.press(method, "main:normal/"+strings.ReplaceAll(path, "ID", id), ""), status, map[bool]string{true: "submitting just now"}[status == http.StatusConflict])
		if mark := d.redis.Client.HGet(t.Context(), "callpacer:{g}:job:"+id, "cancel").Val(); mark != "1" {
			t.Errorf("%s: the job is not marked (%q)", button, mark)
		}
		d.wantTask("main:normal", id, "pending")
	}
}

func TestTasksWithoutAJob(t *testing.T) {
	d := newDesk(t, redistest.Mini(t))
	for _, id := range []string{"g.lost", "g.lost~7", "no-id-of-ours", "g.x~y", "other.x:archive"} {
		d.put("main:bulk", id)
		d.wantAnswer(d.press("DELETE", "main:bulk/pending_tasks/"+id, ""), http.StatusNoContent, "")
		d.wantTask("main:bulk", id, "")
		d.put("main:bulk", id)
		d.wantAnswer(d.press("POST", "main:bulk/pending_tasks/"+id+":archive", ""), http.StatusNoContent, "")
		d.wantTask("main:bulk", id, "archived")
		d.wantAnswer(d.press("POST", "main:bulk/active_tasks/"+id+":cancel", ""), http.StatusNotFound, "no job")
	}
	d.wantAnswer(d.press("DELETE", "main:bulk/pending_tasks/g.never", ""), http.StatusNotFound, "not there")
	d.wantAnswer(d.press("DELETE", "main:urgent/pending_tasks/g.never", ""), http.StatusNotFound, "not there") // no such queue yet
}

// asynq deletes and runs by the id alone; the page may be minutes old.
func TestDeadTasksOnly(t *testing.T) {
	d := newDesk(t, redistest.Mini(t))
	id := d.job()
	for _, set := range []string{"archived", "completed"} {
		d.wantAnswer(d.press("DELETE", "main:normal/"+set+"_tasks/"+id, ""), http.StatusConflict, "pending")
	}
	d.wantAnswer(d.press("POST", "main:normal/retry_tasks/"+id+":run", ""), http.StatusConflict, "pending")
	d.wantJob(id, record.Queued)
	d.wantTask("main:normal", id, "pending")
	for _, queue := range []string{"main:normal", "main:follow", "callpacer:event"} {
		d.put(queue, "g.dead~1")
		if err := d.inspector.ArchiveTask(queue, "g.dead~1"); err != nil {
			t.Fatal(err)
		}
		d.wantAnswer(d.press("DELETE", queue+"/archived_tasks/g.dead~1", ""), http.StatusNoContent, "")
		d.wantTask(queue, "g.dead~1", "")
	}
}

func TestCompletedTasks(t *testing.T) {
	d := newDesk(t, redistest.Mini(t))
	d.put("main:normal", "g.done", asynq.Retention(time.Hour))
	busy, free, stop := d.serve("main:normal")
	<-busy
	close(free)
	stop() // waits for the handler
	d.wantTask("main:normal", "g.done", "completed")
	d.wantAnswer(d.press("POST", "main:normal/archived_tasks/g.done:run", ""), http.StatusConflict, "completed")
	d.wantAnswer(d.press("DELETE", "main:normal/completed_tasks/g.done", ""), http.StatusNoContent, "")
	d.wantTask("main:normal", "g.done", "")
}

// The page shows a task as pending that a worker has taken since: the handler
// finds its job canceled.
func TestDeleteOfATaskThatRunsByNow(t *testing.T) {
	d := newDesk(t, redistest.Mini(t))
	id := d.job()
	busy, free, stop := d.serve("main:normal")
	<-busy
	d.wantAnswer(d.press("DELETE", "main:normal/pending_tasks/"+id, ""), http.StatusNoContent, "")
	d.wantAnswer(d.press("DELETE", "main:normal/archived_tasks/"+id, ""), http.StatusConflict, "active")
	d.wantTask("main:normal", id, "active")
	d.wantJob(id, record.Canceled)
	close(free)
	stop()
}

func TestRun(t *testing.T) {
	d := newDesk(t, redistest.Mini(t))
	for _, queue := range []string{"main:normal", "main:follow"} {
		d.put(queue, "g.later", asynq.ProcessIn(time.Hour))
		d.wantAnswer(d.press("POST", queue+"/scheduled_tasks/g.later:run", ""), http.StatusNoContent, "")
		d.wantTask(queue, "g.later", "pending")
		if err := d.inspector.ArchiveTask(queue, "g.later"); err != nil {
			t.Fatal(err)
		}
		d.wantAnswer(d.press("POST", queue+"/archived_tasks/g.later:run", ""), http.StatusNoContent, "")
		d.wantTask(queue, "g.later", "pending")
	}
	d.wantAnswer(d.press("POST", "main:normal/retry_tasks/g.never:run", ""), http.StatusNotFound, "not there")
}

// away is a record store that cannot be reached.
type away struct{}

func (away) Cancel(context.Context, string) (record.Cancellation, record.State, error) {
	return "", "", errors.New("redis is away")
}

func TestCancelThatFailed(t *testing.T) {
	d := newDesk(t, redistest.Mini(t))
	id := d.job()
	b := &buttons{jobs: away{}, rdb: d.redis.Client, tasks: d.inspector}
	for _, p := range []press{
		{queue: "main:normal", set: "pending", verb: "delete", task: id},
		{queue: "main:normal", set: "active", verb: "cancel", task: id},
	} {
		_, err := b.do(t.Context(), p, "ops")
		var r *refusal
		if err == nil || errors.As(err, &r) || !strings.Contains(err.Error(), "redis is away") {
			t.Errorf("%s: %v", p.name(), err)
		}
	}
	d.wantTask("main:normal", id, "pending")
}
