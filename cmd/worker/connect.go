package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/callpacer/callpacer/configs"
	"github.com/callpacer/callpacer/internal/record"
)

// A person waits for the answer: a Redis that is away is told within seconds.
const (
	dialTimeout  = 2 * time.Second
	replyTimeout = 2 * time.Second
)

// desk is where an operator works on records: the Redis of a configuration. None
// of the configuration's secrets is needed but Redis's own.
type desk struct {
	config *configs.Config
	store  *record.Store
	rdb    redis.UniversalClient
}

// noLog drops the client's own lines: a failure is one line on standard error, and
// it is ours.
type noLog struct{}

// Printf implements go-redis's logger.
func (noLog) Printf(context.Context, string, ...any) {}

// atDesk does a command's work at a desk; its errors begin with the command's name.
func atDesk(ctx context.Context, command, file string, do func(d *desk) error) error {
	d, err := openDesk(ctx, file)
	if err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	defer d.close()
	if err := do(d); err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	return nil
}

// openDesk returns a desk whose Redis has answered; the caller closes it.
func openDesk(ctx context.Context, file string) (*desk, error) {
	if file == "" {
		return nil, usageError{errors.New("give --config FILE")}
	}
	config, err := configs.LoadProducer(file)
	if err != nil {
		return nil, err
	}
	o, err := config.Redis.Options()
	if err != nil {
		return nil, fmt.Errorf("redis: %w", err)
	}
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout = dialTimeout, replyTimeout, replyTimeout
	o.ContextTimeoutEnabled = true
	o.MaxRetries, o.DialerRetries = 1, 1
	// Our servers send no maintenance notices, and asking for them costs a lookup.
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	redis.SetLogger(noLog{})
	rdb := redis.NewUniversalClient(o)
	if err := rdb.Ping(ctx).Err(); err != nil {
		_ = rdb.Close() // it answered nothing
		var op *net.OpError
		if errors.As(err, &op) {
			err = op.Err // without the address, which is said already
		}
		return nil, fmt.Errorf("redis at %s does not answer: %w", strings.Join(o.Addrs, ", "), err)
	}
	return &desk{config: config, store: record.New(rdb), rdb: rdb}, nil
}

func (d *desk) close() { _ = d.rdb.Close() } // nothing is on its way any more

// groups are those of the configured accounts, or only the one that is asked for.
func (d *desk) groups(only string) ([]string, error) {
	var all []string
	for _, a := range d.config.Accounts {
		all = append(all, a.Group)
	}
	slices.Sort(all)
	all = slices.Compact(all)
	switch {
	case len(all) == 0:
		return nil, errors.New("the configuration has no accounts, and so no groups; give that of a worker")
	case only == "":
		return all, nil
	case slices.Contains(all, only):
		return []string{only}, nil
	}
	return nil, fmt.Errorf("group %q is not in the configuration; it has %s", only, strings.Join(all, ", "))
}
