package app

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/redis/go-redis/v9"
)

// probeScript does once what our scripts and asynq's do all the time: it asks
// the clock, then writes, reads and deletes, and uses cjson.
var probeScript = redis.NewScript(`
local now = redis.call("TIME")
redis.call("SET", KEYS[1], cjson.encode({now[1]}), "PX", 10000)
local kept = cjson.decode(redis.call("GET", KEYS[1]))[1]
redis.call("DEL", KEYS[1])
return kept == now[1] and 1 or 0
`)

// cancelChannel is where asynq's servers listen for cancelled tasks.
const cancelChannel = "asynq:cancel"

// scripts tries a script under each prefix that a worker writes to: an ACL may
// know commands and keys.
func (r *Report) scripts(ctx context.Context, rdb redis.UniversalClient) {
	const check = "scripts"
	name := "{check-" + rand.Text() + "}:probe" // no account's: theirs are shorter and in lower case
	for _, prefix := range []string{"callpacer:", "asynq:"} {
		one, cancel := context.WithTimeout(ctx, commandWithin)
		kept, err := probeScript.Run(one, rdb, []string{prefix + name}).Int()
		cancel()
		switch {
		case err != nil:
			r.Add(check, LevelFail, "a script on a key %s* fails: %s", prefix, plain(err))
			return
		case kept != 1:
			r.Add(check, LevelFail, "a script on a key %s* did not read what it had written", prefix)
			return
		}
	}
	r.Add(check, LevelOK, "scripts run, and may write what callpacer and its queue keep")
}

// queue tries what asynq needs beyond scripts.
func (r *Report) queue(ctx context.Context, rdb redis.UniversalClient) {
	const check = "queue"
	ctx, cancel := context.WithTimeout(ctx, commandWithin)
	defer cancel()
	sub := rdb.Subscribe(ctx, cancelChannel)
	defer sub.Close() //nolint:errcheck // nothing was read that could be lost
	if _, err := sub.ReceiveTimeout(ctx, commandWithin); err != nil {
		r.Add(check, LevelFail, "subscribe to %s, as asynq's servers do: %s", cancelChannel, plain(err))
		return
	}
	r.Add(check, LevelOK, "asynq's channel can be subscribed to")
}

const (
	skewWarn = time.Second
	// skewFail is where a worker takes its acting servers down.
	skewFail = 5 * time.Second
	clockAsk = 3
)

// skewOf compares the server's clock with ours: the answer that came fastest
// tells most, and half of its way there and back is what it may be wrong by.
func skewOf(ctx context.Context, c redis.Cmdable, now func() time.Time) (skew, within time.Duration, err error) {
	for i := range clockAsk {
		before := now()
		theirs, err := c.Time(ctx).Result()
		if err != nil {
			return 0, 0, err
		}
		half := now().Sub(before) / 2
		if i == 0 || half < within {
			skew, within = theirs.Sub(before.Add(half)), half
		}
	}
	return skew, within, nil
}

// clock judges the difference between this machine's clock and Redis's.
func (r *Report) clock(n node) {
	const check = "clock"
	if n.timeErr != nil {
		r.Add(check, LevelFail, "%sask for Redis's time: %s", n.where(), plain(n.timeErr))
		return
	}
	direction := "behind"
	if n.skew < 0 {
		direction = "ahead of"
	}
	size := n.skew.Abs()
	// Only what the way there and back cannot explain counts.
	switch sure := size - n.within; {
	case sure > skewFail:
		r.Add(check, LevelFail, "%sthis machine's clock is %s %s Redis's; over 5 s no call is right in time: synchronise both (NTP)",
			n.where(), size.Round(time.Millisecond), direction)
	case sure > skewWarn:
		r.Add(check, LevelWarn, "%sthis machine's clock is %s %s Redis's; synchronise both (NTP)",
			n.where(), size.Round(time.Millisecond), direction)
	default:
		r.Add(check, LevelOK, "%sthis machine's clock and Redis's differ by %s", n.where(), size.Round(time.Millisecond))
	}
}
