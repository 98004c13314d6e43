package admin

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/callpacer/callpacer/internal/redistest"
)

func TestPauseAndResumeAreOurs(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		d := newDesk(t, r)
		d.job() // so that asynq knows the queue
		for _, queue := range []string{"urgent", "normal", "bulk"} {
			d.wantAnswer(d.press("POST", "main:"+queue+":pause", ""), http.StatusNoContent, "")
			d.wantAnswer(d.press("POST", "main:"+queue+":resume", ""), http.StatusNoContent, "")
			d.wantLanes("pause main "+queue+" loopback", "resume main "+queue+" loopback")
		}
		d.wantAnswer(d.press("POST", "main%3anormal%3Apause", ""), http.StatusNoContent, "")
		d.wantLanes("pause main normal loopback")
		if info, err := d.inspector.GetQueueInfo("main:normal"); err != nil || info.Paused {
			t.Errorf("asynq was told: %+v, %v", info, err)
		}
		d.lanes.err = errors.New("redis is away")
		d.wantAnswer(d.press("POST", "main:bulk:pause", ""), http.StatusServiceUnavailable, "redis is away")
	})
}

func TestQueuesThatAlwaysRun(t *testing.T) {
	d := newDesk(t, redistest.Mini(t))
	for _, queue := range []string{"main:follow", "main:push", "callpacer:event"} {
		d.put(queue, "g.x~1")
		for _, button := range [][3]string{
			{"POST", ":pause"},
			{"POST", ":resume"},
			{"DELETE", "/pending_tasks/g.x~1"},
			{"POST", "/pending_tasks/g.x~1:archive"},
			{"POST", "/active_tasks/g.x~1:cancel"},
			{"POST", "/pending_tasks:batch_delete", `{"task_ids":["g.x~1"]}`},
			{"POST", "/retry_tasks:batch_archive", `{"task_ids":["g.x~1"]}`},
			{"POST", "/active_tasks:batch_cancel", `{"task_ids":["g.x~1"]}`},
		} {
			d.wantAnswer(d.press(button[0], queue+button[1], button[2]), http.StatusConflict, "always runs")
		}
		d.wantTask(queue, "g.x~1", "pending")
	}
	d.wantLanes()
}

func TestQueuesThatAreNotOurs(t *testing.T) {
	d := newDesk(t, redistest.Mini(t))
	for _, queue := range []string{"other:normal", "default", "main", "main:", ":normal", "main:slow", "main:normal:x", "callpacer:events", "other:follow", "~.", "MAIN:normal"} {
		for _, button := range [][2]string{{"POST", ":pause"}, {"DELETE", ""}, {"DELETE", "/pending_tasks/g.x"}, {"DELETE", "/completed_tasks/g.x"}, {"POST", "/retry_tasks/g.x:run"}} {
			d.wantAnswer(d.press(button[0], queue+button[1], ""), http.StatusNotFound, "<account>:urgent")
		}
	}
	d.wantLanes()
}

func TestQueuesAreNotDeleted(t *testing.T) {
	d := newDesk(t, redistest.Mini(t))
	id := d.job()
	for _, queue := range []string{"main:normal", "main:follow", "callpacer:event"} {
		d.wantAnswer(d.press("DELETE", queue, ""), http.StatusConflict, "never deleted")
	}
	d.wantTask("main:normal", id, "pending")
}

// Each "all" would move every id in one script.
func TestAllAtOnceIsRefused(t *testing.T) {
	d := newDesk(t, redistest.Mini(t))
	id := d.job()
	for button, word := range map[string]string{
		"DELETE pending_tasks:delete_all": "enqueue cancel ID", "DELETE scheduled_tasks:delete_all": "enqueue cancel ID",
		"DELETE retry_tasks:delete_all": "enqueue cancel ID", "DELETE archived_tasks:delete_all": "on the page",
		"DELETE completed_tasks:delete_all": "within 24 h", "POST pending_tasks:archive_all": "enqueue cancel ID",
		"POST scheduled_tasks:archive_all": "enqueue cancel ID", "POST retry_tasks:archive_all": "worker pause LANE",
		"POST active_tasks:cancel_all": "enqueue cancel ID", "POST scheduled_tasks:run_all": "by themselves",
		"POST retry_tasks:run_all": "by themselves", "POST archived_tasks:run_all": "by themselves",
	} {
		method, path, _ := strings.Cut(button, " ")
		d.wantAnswer(d.press(method, "main:normal/"+path, ""), http.StatusConflict, word)
	}
	d.wantTask("main:normal", id, "pending")
}

func TestPressesAreLogged(t *testing.T) {
	d := newDesk(t, redistest.Mini(t), operatorToken)
	id := d.job()
	d.send("POST", "main:normal/pending_tasks/"+id+":archive", "", bearer(operatorToken))
	d.send("POST", "main:follow:pause", "", bearer(operatorToken))
	var lines []string
	for _, e := range d.log.AllEntries() {
		line, err := e.String()
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	if len(lines) != 2 || !strings.Contains(lines[0], `button="archive pending" by=ops queue="main:normal" task=`+id) ||
		!strings.Contains(lines[1], "level=warning") || !strings.Contains(lines[1], "button=pause") {
		t.Errorf("log %q", lines)
	}
}
