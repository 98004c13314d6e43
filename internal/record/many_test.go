package record_test

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
)

func jobNamed(id, token string) record.NewJob {
	j := job()
	j.ID, j.SubmitToken = id, token
	return j
}

func TestCreateManyAnswersEachAsCreateDoes(t *testing.T) {
	each(t, func(w *world) {
		w.create(jobNamed("g.there", "first"))
		differs := jobNamed("g.there", "third")
		differs.Digest = "x"
		late := jobNamed("g.late", "s")
		late.ExpiresAt = w.now
		poll := jobNamed("g.poll", "s")
		poll.Asks = "v-1"
		got := w.store.CreateMany(w.ctx, []record.NewJob{
			jobNamed("g.a", "s"), jobNamed("no group", "s"), jobNamed("g.there", "second"), jobNamed("g.there", "first"),
			differs, late, poll, jobNamed("g.a", "t"), jobNamed("h.b", "s"),
		})
		for i, want := range []record.Creation{
			{Created: record.Created{State: record.Accepted}}, {},
			{Created: record.Created{State: record.Accepted, Duplicate: true}}, {Created: record.Created{State: record.Accepted}},
			{}, {Created: record.Created{TooLate: true}}, {Created: record.Created{State: record.Submitted}},
			{Created: record.Created{State: record.Accepted, Duplicate: true}}, {Created: record.Created{State: record.Accepted}},
		} {
			g := got[i]
			switch i {
			case 1:
				if g.Err == nil || !strings.Contains(g.Err.Error(), "not a job id") {
					t.Errorf("%d: %v, want it refused", i, g.Err)
				}
			case 4:
				if g.Err != nil || !g.Duplicate || g.Differs["to"] != "d-to" {
					t.Errorf("%d: %+v, want the first one's parts", i, g)
				}
			default:
				if g.Err != nil || g.State != want.State || g.Duplicate != want.Duplicate || g.TooLate != want.TooLate || g.Differs != nil {
					t.Errorf("%d: %+v, want %+v", i, g, want)
				}
			}
		}
		marks := w.store.MarkQueuedMany(w.ctx, []record.Enqueued{
			{ID: "g.a", Task: "g.a"}, {ID: "bad", Task: "bad"}, {ID: "g.none", Task: "g.none"}, {ID: "g.poll", Task: "g.poll"},
		})
		if marks[0].Err != nil || marks[0].State != record.Queued || marks[1].Err == nil ||
			marks[2].Err != nil || marks[2].State != "" || marks[3].Err != nil || marks[3].State != record.Submitted {
			t.Errorf("marks %+v", marks)
		}
		if none, marks := w.store.CreateMany(w.ctx, nil), w.store.MarkQueuedMany(w.ctx, nil); len(none)+len(marks) != 0 {
			t.Errorf("%v, %v of nothing", none, marks)
		}
	})
}

func scriptRequest(source string, key string) *record.Request {
	sum := sha1.Sum([]byte(source))
	return &record.Request{Source: source, SHA: hex.EncodeToString(sum[:]), Keys: []string{key}}
}

// Only what the server did not know is sent again: what ran already ran once.
func TestPipelineSendsAgainOnlyWhatWasRefused(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		const count, other = `return redis.call('INCR', KEYS[1])`, `return redis.call('INCRBY', KEYS[1], 10)`
		if err := r.Client.ScriptLoad(t.Context(), count).Err(); err != nil {
			t.Fatal(err)
		}
		asked := redistest.NewFaults(nil)
		requests := []*record.Request{
			scriptRequest(count, "{a}1"), scriptRequest(other, "{a}1"), {Args: []any{"incr", "plain"}},
			scriptRequest(other, "{a}1"), scriptRequest(other, "{b}1"), scriptRequest(`return redis.call('NOSUCH')`, "{a}1"),
			{Args: []any{"hget", "plain", "f"}},
		}
		record.Pipeline(t.Context(), r.NewClient(t, asked), requests)
		for i, want := range []int64{1, 11, 1, 21, 10} {
			if n, err := requests[i].Reply.Int64(); err != nil || n != want {
				t.Errorf("%d: %d, %v, want %d", i, n, err, want)
			}
		}
		if requests[5].Reply.Err() == nil || requests[6].Reply.Err() == nil {
			t.Error("an error was swallowed")
		}
		if n := asked.Count(); n != 2 {
			t.Errorf("%d round trips, want 2", n)
		}
	})
}

// What was not sent was not answered, whoever gave up.
func TestPipelineOnAnEndedContext(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		requests := []*record.Request{scriptRequest(`return 1`, "a"), {Args: []any{"incr", "a"}}}
		record.Pipeline(ctx, r.Client, requests)
		for i, request := range requests {
			if !errors.Is(request.Reply.Err(), context.Canceled) {
				t.Errorf("%d: %v", i, request.Reply.Err())
			}
		}
		if n, err := r.Client.Exists(t.Context(), "a").Result(); err != nil || n != 0 {
			t.Errorf("it was sent: %d, %v", n, err)
		}
	})
}

func TestCreateManyWithItsAnswersLost(t *testing.T) {
	each(t, func(w *world) {
		w.create(jobNamed("g.warm", "s"))
		lost := redistest.NewFaults(func(redistest.Op) redistest.Verdict { return redistest.Verdict{Action: redistest.FailAfter} })
		store := record.New(w.r.NewClient(w.t, lost)).WithClock(func() time.Time { return w.now })
		jobs := []record.NewJob{jobNamed("g.a", "s"), jobNamed("g.b", "s")}
		for i, c := range store.CreateMany(w.ctx, jobs) {
			if !errors.Is(c.Err, redistest.ErrInjected) {
				t.Errorf("%d: %+v", i, c)
			}
		}
		for i, c := range w.store.CreateMany(w.ctx, jobs) {
			if c.Err != nil || c.Duplicate || c.State != record.Accepted {
				t.Errorf("%d, asked again: %+v", i, c)
			}
		}
	})
}
