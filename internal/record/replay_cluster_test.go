package record_test

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
)

// TestPushesOfACluster are listed on the node that has the group.
func TestPushesOfACluster(t *testing.T) {
	s := redistest.StartServer(t, redistest.Options{Args: []string{"--cluster-enabled", "yes"}})
	ctx := t.Context()
	if err := s.Redis().Client.Do(ctx, "cluster", "addslotsrange", 0, 16383).Err(); err != nil {
		t.Fatal(err)
	}
	cluster := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{s.Addr()}})
	t.Cleanup(func() { _ = cluster.Close() })
	for deadline := time.Now().Add(20 * time.Second); cluster.Set(ctx, "x", "1", 0).Err() != nil; {
		if time.Now().After(deadline) {
			t.Fatal("the node does not serve")
		}
	}
	w := &world{t: t, ctx: ctx, r: s.Redis(), now: time.UnixMilli(1)}
	w.store = record.New(cluster)
	pushID := w.kept("g", "h", "orphan")
	w.kept("g2", "h", "orphan")
	var states []string
	list := func() {
		t.Helper()
		w.must(w.store.EachPush(ctx, "g", func(p record.StoredPush) error {
			states = append(states, p.ID+" "+p.State)
			return nil
		}))
	}
	list()
	if r, err := w.store.ReplayPush(ctx, pushID, "orphan"); err != nil || !r.Done {
		t.Errorf("%+v, %v", r, err)
	}
	list()
	if len(states) != 2 || states[0] != pushID+" orphan" || states[1] != pushID+" received" {
		t.Errorf("listed are %q", states)
	}
}
