package app

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// node is what one master tells of itself.
type node struct {
	name    string            // host:port in a cluster, else empty
	info    map[string]string // of INFO; empty where it is refused
	fsync   string            // appendfsync; empty: could not be seen
	policy  string            // maxmemory-policy; empty: could not be seen
	skew    time.Duration     // its clock less this machine's
	within  time.Duration     // by which the skew may be wrong
	timeErr error
}

// where is the beginning of a message about the node.
func (n node) where() string {
	if n.name == "" {
		return ""
	}
	return n.name + ": "
}

// look asks the server, or every master of a cluster.
func look(ctx context.Context, rdb redis.UniversalClient, now func() time.Time) ([]node, error) {
	cluster, ok := rdb.(*redis.ClusterClient)
	if !ok {
		return []node{lookAt(ctx, rdb, "", now)}, nil
	}
	var mu sync.Mutex
	var nodes []node
	err := cluster.ForEachMaster(ctx, func(ctx context.Context, c *redis.Client) error {
		n := lookAt(ctx, c, c.Options().Addr, now)
		mu.Lock()
		defer mu.Unlock()
		nodes = append(nodes, n)
		return nil
	})
	slices.SortFunc(nodes, func(a, b node) int { return strings.Compare(a.name, b.name) })
	return nodes, err
}

func lookAt(ctx context.Context, c redis.Cmdable, name string, now func() time.Time) node {
	ctx, cancel := context.WithTimeout(ctx, 2*commandWithin)
	defer cancel()
	n := node{name: name, info: map[string]string{}}
	// A managed service or an ACL may refuse INFO or CONFIG: what stays empty is
	// reported as not seen.
	if text, err := c.Info(ctx).Result(); err == nil {
		n.info = parseInfo(text)
	}
	n.policy = n.info["maxmemory_policy"]
	if n.policy == "" {
		n.policy = setting(ctx, c, "maxmemory-policy")
	}
	n.fsync = setting(ctx, c, "appendfsync")
	n.skew, n.within, n.timeErr = skewOf(ctx, c, now)
	return n
}

// setting is a server's own setting, or empty where it does not tell.
func setting(ctx context.Context, c redis.Cmdable, name string) string {
	values, err := c.ConfigGet(ctx, name).Result()
	if err != nil {
		return ""
	}
	return values[name]
}

// parseInfo reads INFO's "key:value" lines.
func parseInfo(text string) map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(text) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok && !strings.HasPrefix(key, "#") {
			out[key] = value
		}
	}
	return out
}

// oldest is the first Redis with everything that asynq and our scripts use.
var oldest = []int{6, 2}

// server judges version and role.
func (r *Report) server(n node) {
	version := n.info["redis_version"]
	switch {
	case version == "":
		r.Add("version", LevelWarn, "%sthe version could not be seen (INFO is refused or tells less); it must be 6.2 or newer", n.where())
	case !atLeast(version, oldest):
		r.Add("version", LevelFail, "%sRedis %s is too old; 6.2 or newer is needed", n.where(), version)
	default:
		r.Add("version", LevelOK, "%sRedis %s", n.where(), version)
	}
	if mode := n.info["redis_mode"]; mode == "sentinel" {
		r.Add("role", LevelFail, "%sthis is a sentinel, not the server it watches: use redis.sentinel, with the master's name", n.where())
	}
	if n.info["role"] == "slave" {
		r.Add("role", LevelFail, "%sthis is a replica, which takes no writes: name the master, or use redis.sentinel", n.where())
	}
}

// atLeast compares the numbers of a version, as many as want has; what is no
// number is older.
func atLeast(version string, want []int) bool {
	parts := strings.Split(version, ".")
	for i, w := range want {
		if i >= len(parts) {
			return false
		}
		got, err := strconv.Atoi(parts[i])
		if err != nil || got < w {
			return false
		}
		if got > w {
			return true
		}
	}
	return true
}

// memory judges what the server does when it is full.
func (r *Report) memory(n node) {
	const check = "memory"
	switch {
	case n.policy == "":
		r.Add(check, LevelWarn, "%smaxmemory-policy could not be seen (INFO and CONFIG GET do not tell); it must be noeviction", n.where())
	case n.policy != "noeviction":
		r.Add(check, LevelFail, "%smaxmemory-policy is %s: a full Redis would drop records and counts, and calls could be made again; "+
			"set it to noeviction", n.where(), n.policy)
	case n.info["maxmemory"] == "0":
		r.Add(check, LevelOK, "%smaxmemory-policy is noeviction, and maxmemory is not set", n.where())
	default:
		r.Add(check, LevelOK, "%smaxmemory-policy is noeviction", n.where())
	}
}
