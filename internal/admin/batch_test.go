package admin

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hibiken/asynq"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
)

func TestBatches(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		d := newDesk(t, r)
		for _, tt := range []struct{ button, done, failed string }{
			{"pending_tasks:batch_delete", "deleted_ids", "failed_ids"},
			{"scheduled_tasks:batch_archive", "archived_ids", "error_ids"},
			{"active_tasks:batch_cancel", "canceled_ids", "error_ids"},
		} {
			waits, sent := d.job(), d.job()
			d.jobIs(sent, record.Submitted, 3)
			got := d.batch(tt.button, waits, sent)
			if !slices.Equal(got.ids(tt.done), []string{waits}) || !slices.Equal(got.ids(tt.failed), []string{sent}) ||
				!strings.Contains(string(got[reasonsName]), sent+" is submitted") {
				t.Errorf("%s: %s", tt.button, got)
			}
			d.wantJob(waits, record.Canceled)
			d.wantJob(sent, record.Submitted)
		}
		d.put("main:normal", "g.later~1", asynq.ProcessIn(time.Hour))
		got := d.batch("scheduled_tasks:batch_run", "g.later~1", "g.never")
		if !slices.Equal(got.ids("pending_ids"), []string{"g.later~1"}) || !slices.Equal(got.ids("error_ids"), []string{"g.never"}) {
			t.Errorf("run: %s", got)
		}
		if got := d.batch("completed_tasks:batch_delete", "g.later~1"); !slices.Equal(got.ids("failed_ids"), []string{"g.later~1"}) {
			t.Errorf("delete of what is not dead: %s", got)
		}
		d.wantTask("main:normal", "g.later~1", "pending")
		if got := d.batch("pending_tasks:batch_delete"); string(got["deleted_ids"]) != "[]" || string(got["failed_ids"]) != "[]" {
			t.Errorf("none: %s, where the page expects lists", got)
		}
	})
}

// lists is the answer to a batch.
type lists map[string]json.RawMessage

func (l lists) ids(name string) []string {
	var ids []string
	if json.Unmarshal(l[name], &ids) != nil {
		return nil
	}
	return ids
}

func (d *desk) batch(button string, ids ...string) lists {
	d.Helper()
	body, err := json.Marshal(map[string][]string{"task_ids": ids})
	if err != nil {
		d.Fatal(err)
	}
	got := d.press("POST", "main:normal/"+button, string(body))
	d.wantAnswer(got, http.StatusOK, "{")
	var l lists
	if err := json.Unmarshal(got.Body.Bytes(), &l); err != nil || len(l) != 3 {
		d.Errorf("%s: %s, %v", button, got.Body, err)
	}
	return l
}

func TestBatchBodies(t *testing.T) {
	d := newDesk(t, redistest.Mini(t))
	id := d.job()
	for body, status := range map[string]int{
		"":                               http.StatusBadRequest,
		"[]":                             http.StatusBadRequest,
		`{"task_ids":"` + id + `"}`:      http.StatusBadRequest,
		`{"ids":["` + id + `"]}`:         http.StatusBadRequest,
		`{"task_ids":["` + id + `"]} {}`: http.StatusBadRequest,
		`{"task_ids":["` + id + `"]`:     http.StatusBadRequest,
		`{"task_ids":["` + strings.Repeat("x", maxBody) + `","` + id + `"]}`: http.StatusRequestEntityTooLarge,
		`{"task_ids":["` + id + `"]}` + strings.Repeat(" ", maxBody):         http.StatusRequestEntityTooLarge,
	} {
		d.wantAnswer(d.press("POST", "main:normal/pending_tasks:batch_delete", body), status, "refused")
	}
	d.wantJob(id, record.Queued)
}

// What is left when the time is over is answered as failed.
func TestBatchOutOfTime(t *testing.T) {
	d := newDesk(t, redistest.Mini(t))
	id := d.job()
	ctx, cancel := context.WithCancel(t.Context())
	b := &buttons{jobs: d.store, rdb: d.redis.Client, tasks: d.inspector}
	asked := 0
	act := func(context.Context, string, string) error {
		asked++
		cancel()
		return nil
	}
	got := b.pressEach(ctx, press{verb: "delete", tasks: []string{"g.first", id}}, act)
	if ids, _ := got["failed_ids"].([]string); asked != 1 || !slices.Equal(ids, []string{id}) || got.reasons()[id] == "" {
		t.Errorf("asked %d times, answer %v", asked, got)
	}
}
