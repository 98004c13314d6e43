package tasks_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/phone"
	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/tasks"
)

// all is a client of an account of every kind.
func all(t *testing.T, r *redistest.Redis) *tasks.Client {
	t.Helper()
	publish(t, r, allKinds())
	return tasks.NewClient(r.Client)
}

func lookupKeys(t *testing.T, numbers ...string) []string {
	t.Helper()
	var keys []string
	for _, s := range numbers {
		n, err := phone.ParseAny(s)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, n.Key("jumdata"))
	}
	return keys
}

// What a record knows of a job of each kind: for people only masked, for the
// rules only keys, in clear in its content alone.
func TestRecordOfEveryKind(t *testing.T) {
	const xMasked = "950*******0001"
	unbindXA := tasks.Job{Kind: tasks.KindUnbind, Account: "all-main", Mode: tasks.ModeXA, X: "95013000000001"}
	jobs := jobsOfAllKinds()
	jobs["unbind xa"] = unbindXA
	for name, want := range map[string]struct {
		queue       string
		to, from, x string
		numbers     []string
		state       record.State
	}{
		"notify":    {"normal", "138****0001", "", "", lookupKeys(t, "13800000001"), record.Queued},
		"connect":   {"normal", "138****0001", "021****8888", "", lookupKeys(t, "02188888888", "13800000001"), record.Queued},
		"axb":       {"normal", "138****0002", "138****0001", xMasked, lookupKeys(t, "95013000000001"), record.Queued},
		"xa":        {"normal", "", "138****0001", xMasked, lookupKeys(t, "95013000000001"), record.Queued},
		"unbind":    {"follow", "", "", "", nil, record.Queued},
		"unbind xa": {"follow", "", "", xMasked, lookupKeys(t, "95013000000001"), record.Queued},
		"poll":      {"", "138****0001", "", "", nil, record.Submitted},
		"recording": {"follow", "", "", "", nil, record.Queued},
		"account":   {"follow", "", "", "", nil, record.Queued},
	} {
		t.Run(name, func(t *testing.T) {
			redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
				job := jobs[name]
				bound(t, r, unbindJob().Binding)
				receipt := enqueue(t, all(t, r), job)
				rec := recordOf(t, r, receipt.ID)
				if receipt.State != string(want.state) || rec.State != want.state || rec.Kind != string(job.Kind) {
					t.Errorf("%+v, record %s, want %s", receipt, rec.State, want.state)
				}
				if rec.To != want.to || rec.From != want.from || rec.X != want.x || !slices.Equal(rec.Numbers, want.numbers) {
					t.Errorf("to %s, from %s, x %s, numbers %v", rec.To, rec.From, rec.X, rec.Numbers)
				}
				if _, err := tasks.DecodeContent(job.Kind, rec.Content); err != nil {
					t.Error(err)
				}
				wantDue(t, r, receipt.ID)
				if tasksOf := keysLike(t, r, "asynq:{*}:t:*"); want.queue == "" && len(tasksOf) != 0 {
					t.Errorf("tasks %q of a call that exists", tasksOf)
				} else if want.queue != "" {
					taskOf(t, r, "all-main:"+want.queue, receipt.ID)
				}
				shown, err := json.Marshal([]any{rec.To, rec.From, rec.X, rec.Timeline, receipt})
				if err != nil || strings.Contains(string(shown), "000000") {
					t.Errorf("a number is shown: %s, %v", shown, err)
				}
			})
		})
	}
}

// A poll has nothing to wait for but its answer: it starts submitted, with the
// query due, and ends at its expiry at the latest.
func TestPollStartsSubmitted(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		c := all(t, r)
		job := pollJob()
		job.IdempotencyKey, job.ExpiresIn = "k", 2*time.Hour
		first := enqueue(t, c, job)
		rec := recordOf(t, r, first.ID)
		if first.State != "submitted" || rec.VendorID != "call-1" || !rec.GiveUpAt.Equal(rec.ExpiresAt) ||
			rec.ExpiresAt.Sub(rec.CreatedAt) != 2*time.Hour || rec.Attempts != 0 {
			t.Errorf("%+v, record %+v", first, rec)
		}
		wantDueAt(t, r, first.ID, rec.CreatedAt)
		if again := enqueue(t, c, job); again.State != "submitted" || !again.Duplicate || again.ID != first.ID {
			t.Errorf("again: %+v", again)
		}
		if got := c.EnqueueMany(t.Context(), []tasks.Job{job})[0]; got.Err != nil || got.Receipt.State != "submitted" || !got.Receipt.Duplicate {
			t.Errorf("among many: %+v", got)
		}
		later := pollJob()
		later.NotBefore = time.Now().Add(time.Hour).Truncate(time.Millisecond)
		wantDueAt(t, r, enqueue(t, c, later).ID, later.NotBefore)
		wantCounts(t, r, 2, 0)
	})
}

func wantDueAt(t *testing.T, r *redistest.Redis, id string, at time.Time) {
	t.Helper()
	score, err := r.Client.ZScore(t.Context(), "callpacer:{jumdata}:due", id).Result()
	if err != nil || !time.UnixMilli(int64(score)).Equal(at) {
		t.Errorf("due %v, %v, want %v", time.UnixMilli(int64(score)), err, at)
	}
}

// The vendor tells a repeated bind by its request id: there is one for each job
// before anything is sent, and no resubmit changes it.
func TestRequestIDOfABinding(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		for name, job := range map[string]tasks.Job{"axb": axb(), "xa": xa()} {
			// The very first step writes it: nothing of the job is on a queue yet.
			publish(t, r, allKinds())
			broken := tasks.NewClient(r.NewClient(t, strike(putting, 0, redistest.Verdict{Action: redistest.FailBefore})))
			job.IdempotencyKey = "k-" + name
			first := enqueue(t, broken, job)
			id := recordOf(t, r, first.ID).RequestID
			if first.State != "accepted" || len(id) < 20 {
				t.Errorf("%s: %+v, request id %q", name, first, id)
			}
			c := all(t, r)
			enqueue(t, c, job)
			c.EnqueueMany(t.Context(), []tasks.Job{job, job})
			if got := recordOf(t, r, first.ID).RequestID; got != id {
				t.Errorf("%s: a resubmit made %q of %q", name, got, id)
			}
			job.IdempotencyKey = ""
			if got := recordOf(t, r, enqueue(t, c, job).ID).RequestID; got == id || got == "" {
				t.Errorf("%s: another job has the request id %q", name, got)
			}
		}
		if got := recordOf(t, r, enqueue(t, all(t, r), connectJob()).ID).RequestID; got != "" {
			t.Errorf("a call has the request id %q", got)
		}
	})
}

func TestTTLOfABindingIsKept(t *testing.T) {
	r := redistest.Mini(t)
	c := all(t, r)
	endless := xa()
	endless.TTL = 0
	for _, j := range []tasks.Job{axb(), endless} {
		receipt := enqueue(t, c, j)
		content, err := tasks.DecodeContent(tasks.KindBind, recordOf(t, r, receipt.ID).Content)
		ttl, _ := r.Client.HGet(t.Context(), "callpacer:{jumdata}:job:"+receipt.ID, "ttl_ms").Int64()
		if err != nil || content.TTLSeconds != int64(j.TTL.Seconds()) || ttl != j.TTL.Milliseconds() {
			t.Errorf("%v: content %d s, record %d ms, %v", j.TTL, content.TTLSeconds, ttl, err)
		}
	}
}
