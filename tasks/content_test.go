package tasks_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/tasks"
)

// A key used again with another value of any one field is refused by that
// field's name, alone and among many; what only reads differently is the same.
func TestKeyWithOtherContentOfEveryKind(t *testing.T) {
	bySubid := func() tasks.Job { j := unbindJob(); j.Binding, j.Subid = "", "s-1"; return j }
	byX := func() tasks.Job {
		j := unbindJob()
		j.Binding, j.Mode, j.X = "", tasks.ModeXA, "95013000000001"
		return j
	}
	type changes map[string]func(j *tasks.Job)
	for name, c := range map[string]struct {
		job  func() tasks.Job
		same changes
		diff changes
	}{
		"connect": {connectJob, changes{
			"forms": func(j *tasks.Job) { j.From, j.To = "+86 21 88888888", "+8613800000001" },
		}, changes{
			"from": func(j *tasks.Job) { j.From = "13800000009" },
			"to":   func(j *tasks.Job) { j.To = "13800000009" },
		}},
		"axb": {axb, changes{
			"mode said": func(j *tasks.Job) { j.Mode = tasks.ModeAXB },
			"forms":     func(j *tasks.Job) { j.A, j.TTL = "+86 138 0000 0001", 60*time.Minute },
			"no lists":  func(j *tasks.Job) { j.Prompts, j.AnswerPrompts = []string{}, []string{} },
		}, changes{
			"x":              func(j *tasks.Job) { j.X = "95013000000002" },
			"a":              func(j *tasks.Job) { j.A = "13800000009" },
			"b":              func(j *tasks.Job) { j.B = "13800000009" },
			"ttl":            func(j *tasks.Job) { j.TTL += time.Second },
			"record":         func(j *tasks.Job) { j.Record = true },
			"display":        func(j *tasks.Job) { j.Display = "0,1" },
			"prompts":        func(j *tasks.Job) { j.Prompts = []string{"1"} },
			"answer_prompts": func(j *tasks.Job) { j.AnswerPrompts = []string{"1"} },
			"user_data":      func(j *tasks.Job) { j.UserData = "u" },
		}},
		"xa": {xa, nil, changes{
			"ttl": func(j *tasks.Job) { j.TTL = 0 },
			"b":   func(j *tasks.Job) { j.Mode, j.B = tasks.ModeAXB, "13800000009" }, // and mode: the first by name
		}},
		"unbind by job":   {unbindJob, nil, changes{"job": func(j *tasks.Job) { j.Binding += "x" }}},
		"unbind by subid": {bySubid, nil, changes{"subid": func(j *tasks.Job) { j.Subid = "s-2" }}},
		"unbind by x":     {byX, nil, changes{"x": func(j *tasks.Job) { j.X += "1" }}},
		"poll": {pollJob, changes{
			"forms": func(j *tasks.Job) { j.To = "+86 13800000001" },
		}, changes{
			"to":        func(j *tasks.Job) { j.To = "" },
			"vendor_id": func(j *tasks.Job) { j.VendorID = "call-2" },
			"kind":      func(j *tasks.Job) { j.Kind, j.To = tasks.KindRecording, "" },
		}},
		"recording": {recordingJob, nil, changes{
			"vendor_id": func(j *tasks.Job) { j.VendorID = "sub-2" },
			"kind":      func(j *tasks.Job) { *j = connectJob() },
		}},
		"account": {accountJob, changes{
			"not content": func(j *tasks.Job) { j.Priority, j.Tags = tasks.Bulk, map[string]string{"a": "b"} },
		}, changes{"kind": func(j *tasks.Job) { *j = recordingJob() }}},
	} {
		t.Run(name, func(t *testing.T) {
			r := redistest.Mini(t)
			client := all(t, r)
			bound(t, r, unbindJob().Binding)
			first := c.job()
			first.IdempotencyKey = "k"
			receipt := enqueue(t, client, first)
			before := fmt.Sprint(keysLike(t, r, "*"))
			submit := func(change func(j *tasks.Job)) (results []tasks.Result) {
				j := c.job()
				change(&j)
				j.IdempotencyKey = "k"
				one, err := client.Enqueue(t.Context(), j)
				return append(client.EnqueueMany(t.Context(), []tasks.Job{j, j}), tasks.Result{Receipt: one, Err: err})
			}
			for what, change := range c.same {
				for _, result := range submit(change) {
					if result.Err != nil || !result.Receipt.Duplicate || result.Receipt.ID != receipt.ID {
						t.Errorf("%s: %+v, want a duplicate of %s", what, result, receipt.ID)
					}
				}
			}
			for field, change := range c.diff {
				for _, result := range submit(change) {
					wantField(t, result.Err, field, "was used before")
					showsNoNumber(t, result.Err)
				}
			}
			if after := fmt.Sprint(keysLike(t, r, "*")); after != before {
				t.Errorf("keys %s, want %s", after, before)
			}
		})
	}
}

func TestContentOfAnotherKindIsNotRead(t *testing.T) {
	r := redistest.Mini(t)
	client := all(t, r)
	bound(t, r, unbindJob().Binding)
	contents := make(map[tasks.Kind]string)
	for _, j := range jobsOfAllKinds() {
		contents[j.Kind] = recordOf(t, r, enqueue(t, client, j).ID).Content
	}
	for kind, of := range map[tasks.Kind][]tasks.Kind{
		tasks.KindNotify:  {tasks.KindConnect, tasks.KindBind, tasks.KindUnbind, tasks.KindPoll, tasks.KindAccount},
		tasks.KindConnect: {tasks.KindNotify, tasks.KindBind, tasks.KindRecording, tasks.KindAccount},
		tasks.KindBind:    {tasks.KindNotify, tasks.KindConnect, tasks.KindUnbind, tasks.KindPoll, tasks.KindAccount},
		tasks.KindUnbind:  {tasks.KindNotify, tasks.KindConnect, tasks.KindPoll, tasks.KindAccount},
		tasks.KindPoll:    {tasks.KindNotify, tasks.KindConnect, tasks.KindBind, tasks.KindUnbind, tasks.KindAccount},
		tasks.KindPush:    {tasks.KindNotify, tasks.KindAccount},
	} {
		for _, other := range of {
			if got, err := tasks.DecodeContent(kind, contents[other]); err == nil {
				t.Errorf("the content of a %s job was read as that of a %s job: %+v", other, kind, got)
			}
		}
	}
}
