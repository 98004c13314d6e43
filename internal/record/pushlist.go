package record

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// StoredPush is a push as it is listed: without what stands in it.
type StoredPush struct {
	ID, Account, State string
	Detail             string // how it ended; may quote the vendor
	ReceivedAt         time.Time
}

// EachPush calls f for every push that is kept for the group, in no order; one
// that comes or goes meanwhile may be missed or, rarely, come twice. It walks the
// whole of Redis in small steps and keeps one of them in memory. f's error ends it
// and is returned as it is.
func (s *Store) EachPush(ctx context.Context, group string, f func(StoredPush) error) error {
	prefix := keysOf(group).push("")
	node := redis.Cmdable(s.rdb)
	if cluster, ok := s.rdb.(*redis.ClusterClient); ok {
		// A group lives on one node, and its key says on which.
		master, err := cluster.MasterForKey(ctx, prefix)
		if err != nil {
			return fmt.Errorf("list the pushes of group %s: %w", group, err)
		}
		node = master
	}
	match := strings.NewReplacer("[", `\[`, "*", `\*`, "?", `\?`).Replace(prefix) + "*"
	for cursor := uint64(0); ; {
		names, next, err := node.Scan(ctx, cursor, match, scanBatch).Result()
		if err != nil {
			return fmt.Errorf("list the pushes of group %s: %w", group, err)
		}
		// A server may answer with more than was asked for.
		for len(names) > 0 {
			n := min(len(names), scanBatch)
			if err := eachOf(ctx, node, names[:n], prefix, f); err != nil {
				return err
			}
			names = names[n:]
		}
		if cursor = next; cursor == 0 {
			return nil
		}
	}
}

// eachOf reads a step's pushes at once, and calls f for each that is still there.
func eachOf(ctx context.Context, node redis.Cmdable, names []string, prefix string, f func(StoredPush) error) error {
	cmds := make([]*redis.SliceCmd, len(names))
	_, err := node.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, name := range names {
			cmds[i] = p.HMGet(ctx, name, "account", "state", "detail", "received_at")
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read the pushes that are kept: %w", err)
	}
	for i, cmd := range cmds {
		text := func(field int) string {
			s, _ := cmd.Val()[field].(string) // nil: the field is not there
			return s
		}
		if text(1) == "" {
			continue
		}
		err := f(StoredPush{
			ID: strings.TrimPrefix(names[i], prefix), Account: text(0), State: text(1), Detail: text(2), ReceivedAt: instant(text(3)),
		})
		if err != nil {
			return err
		}
	}
	return nil
}
