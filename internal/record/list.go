package record

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"
)

const scanBatch = 500

// IDs returns the ids of a group's records, in the order of their names. It
// walks the whole of Redis in small steps, for people and small Redises: no job
// depends on it.
func (s *Store) IDs(ctx context.Context, group string) ([]string, error) {
	prefix := keysOf(group).job("")
	var ids []string
	scan := func(ctx context.Context, node redis.Cmdable) error {
		walk := node.Scan(ctx, 0, strings.NewReplacer("[", `\[`, "*", `\*`, "?", `\?`).Replace(prefix)+"*", scanBatch).Iterator()
		for walk.Next(ctx) {
			ids = append(ids, strings.TrimPrefix(walk.Val(), prefix))
		}
		return walk.Err()
	}
	err := error(nil)
	if cluster, ok := s.rdb.(*redis.ClusterClient); ok {
		// A group lives on one node, and its key says on which.
		var node *redis.Client
		if node, err = cluster.MasterForKey(ctx, prefix); err == nil {
			err = scan(ctx, node)
		}
	} else {
		err = scan(ctx, s.rdb)
	}
	if err != nil {
		return nil, fmt.Errorf("list the records of group %s: %w", group, err)
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}
