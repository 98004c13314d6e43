package record

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

// ByVendorID finds the job, and the attempt, whose call or binding the vendor
// names so; an empty id where there is none.
func (s *Store) ByVendorID(ctx context.Context, group, vendorID string) (id string, attempt int, err error) {
	return s.lookUp(ctx, group, vendorID)
}

// CallOf finds the record of a call over a binding that the vendor names so; an empty
// id where there is none.
func (s *Store) CallOf(ctx context.Context, group, task string) (id string, err error) {
	id, _, err = s.lookUp(ctx, group, callName(task))
	return id, err
}

// callName keeps the vendor's names of calls apart from those of their bindings.
func callName(task string) string { return "task:" + task }

func (s *Store) lookUp(ctx context.Context, group, name string) (id string, attempt int, err error) {
	value, err := s.rdb.Get(ctx, keysOf(group).call(name)).Result()
	if errors.Is(err, redis.Nil) {
		return "", 0, nil
	}
	if err != nil {
		return "", 0, fmt.Errorf("look a call up: %w", err)
	}
	i := strings.LastIndexByte(value, '.')
	if i < 0 {
		return "", 0, nil
	}
	if attempt, err = strconv.Atoi(value[i+1:]); err != nil {
		return "", 0, fmt.Errorf("look a call up: %q names no attempt", value)
	}
	return value[:i], attempt, nil
}
