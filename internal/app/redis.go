// Package app builds a whole worker from a configuration, starts it, and stops
// it in the reverse order.
package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
	"github.com/sirupsen/logrus"
	"golang.org/x/time/rate"

	"github.com/callpacer/callpacer/configs"
)

// connector makes clients of one Redis.
type connector struct {
	options redis.UniversalOptions
	where   string // for people, without a password
}

func newConnector(r configs.Redis, slots int) (*connector, error) {
	o, err := r.Options()
	if err != nil {
		return nil, fmt.Errorf("redis: %w", err)
	}
	o.ContextTimeoutEnabled = true
	o.PoolSize = max(20, 2*slots)
	// Our servers send no maintenance notices, and asking for them costs a lookup.
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return &connector{options: *o, where: strings.Join(o.Addrs, ", ")}, nil
}

func (c *connector) client() redis.UniversalClient {
	o := c.options
	return redis.NewUniversalClient(&o)
}

// ping says in one line why Redis cannot be used.
func (c *connector) ping(ctx context.Context, rdb redis.UniversalClient) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	err := rdb.Ping(ctx).Err()
	if err == nil {
		return nil
	}
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	var reply redis.Error
	if errors.As(err, &reply) {
		return fmt.Errorf("redis at %s refuses us: %w", c.where, err)
	}
	return fmt.Errorf("redis at %s does not answer: %w; is it running, and is redis in the configuration right?", c.where, err)
}

// calm slows down callers that ask in a loop: asynq repeats a failed dequeue at
// once, twenty thousand times a second where Redis answers with an error.
type calm struct{ pause time.Duration }

// DialHook implements redis.Hook.
func (calm) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessPipelineHook implements redis.Hook.
func (calm) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// ProcessHook implements redis.Hook.
func (c calm) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		if err == nil || errors.Is(err, redis.Nil) || !strings.HasPrefix(cmd.Name(), "eval") ||
			redis.HasErrorPrefix(err, "NOSCRIPT") || redis.HasErrorPrefix(err, "NOT FOUND") {
			return err
		}
		t := time.NewTimer(c.pause)
		defer t.Stop()
		select {
		case <-t.C:
		case <-ctx.Done():
		}
		return err
	}
}

// redisLog brings go-redis's own lines into ours. While Redis is away every
// caller says so, several times a second: one line in ten seconds is enough.
type redisLog struct {
	log   logrus.FieldLogger
	level logrus.Level
	pace  *rate.Limiter
}

func newRedisLog(log logrus.FieldLogger, level logrus.Level) redisLog {
	return redisLog{log, level, rate.NewLimiter(rate.Every(10*time.Second), 3)}
}

// Printf implements go-redis's logger.
func (l redisLog) Printf(_ context.Context, format string, v ...any) {
	if !l.pace.Allow() {
		return
	}
	l.log.WithField("from", "go-redis").Logf(l.level, strings.TrimSpace(format), v...)
}
