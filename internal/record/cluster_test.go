package record_test

import (
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
)

// TestScriptsInACluster: each script runs on a node in cluster mode, which
// refuses declared keys of different slots.
func TestScriptsInACluster(t *testing.T) {
	s := redistest.StartServer(t, redistest.Options{Args: []string{"--cluster-enabled", "yes"}})
	r := s.Redis()
	ctx := t.Context()
	if err := r.Client.Do(ctx, "cluster", "addslotsrange", 0, 16383).Err(); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(20 * time.Second)
	for {
		_, err := r.Client.Get(ctx, "x").Result()
		if errors.Is(err, redis.Nil) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the node does not serve: %v", err)
		}
	}
	w := newWorld(t, r)
	for _, s := range []record.State{
		record.Accepted, record.Queued, record.Held, record.Submitted, record.InDoubt, record.Failed, record.Unknown,
		record.Completed, record.Canceled, record.Expired, record.AwaitingDial, record.Ringing, record.Active, record.Released,
	} {
		w.must(r.Client.FlushAll(ctx).Err())
		w.in(s)
		_, _, err := w.store.Start(ctx, id)
		w.must(err)
	}
	w.must(r.Client.FlushAll(ctx).Err())
	w.in(record.Submitted)
	w.must(w.store.PollAgain(ctx, id, 1, time.Minute))
	w.now = w.now.Add(time.Minute)
	l, err := w.store.Claim(ctx, "g", 1)
	w.must(err)
	w.must(w.store.Bump(ctx, l[0]))
	_, err = w.store.Returned(ctx, l[0], id, true)
	w.must(err)
	_, err = w.store.Fail(ctx, id, "platform", "")
	w.must(err)
	w.must(w.store.PollHopeless(ctx, id, 2, "1", ""))
	_, _, err = w.store.Bound(ctx, id, []string{num}, record.Names{}, "")
	w.must(err)
	_, _, err = w.store.AdvanceChild(ctx, record.Child{Parent: w.get(), Retain: time.Hour}, record.Evidence{Task: "task", State: record.Completed})
	w.must(err)
	_, err = w.store.Released(ctx, id, num, "")
	w.must(err)
	_, _, err = w.store.PutOff(ctx, id, record.Delay{})
	w.must(err)
	_, err = w.store.Missing(ctx, "g.gone", record.LostJob{Account: "acct", Kind: "notify", Retain: time.Hour})
	w.must(err)
	_, _, err = w.store.StorePush(ctx, record.PushID("g", "h"), record.Push{})
	w.must(err)
	w.must(w.store.EndPush(ctx, record.PushID("g", "h"), "done", "", time.Hour))
	w.must(r.Client.FlushAll(ctx).Err())
	w.calls(map[string]time.Duration{id: keeps})
	w.later(time.Minute)
	fetch, _, err := w.store.RenewFetch(ctx, w.claimFetches(1, id)[0], time.Minute)
	w.must(err)
	w.again(fetch, time.Minute, record.FetchDue)
	w.stored(true)
}
