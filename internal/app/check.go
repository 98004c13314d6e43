package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/sirupsen/logrus"

	"github.com/callpacer/callpacer/configs"
	"github.com/callpacer/callpacer/tasks"
)

// Level says how much a Finding matters.
type Level string

// The levels, from good to bad.
const (
	LevelOK   Level = "ok"
	LevelWarn Level = "warn" // a worker runs, and its operator should know
	LevelFail Level = "fail" // a worker does not start, breaks a promise, or refuses all jobs of an account
)

// Finding is one thing that a check looked at. Its message holds no secret.
type Finding struct {
	Check   string `json:"check"`
	Level   Level  `json:"level"`
	Message string `json:"message"`
}

// Report is everything that a check found, in the order of looking.
type Report struct {
	Findings []Finding
	Lanes    []LaneReport
}

// Add notes one finding.
func (r *Report) Add(check string, level Level, format string, args ...any) {
	r.Findings = append(r.Findings, Finding{Check: check, Level: level, Message: fmt.Sprintf(format, args...)})
}

// Count is the number of findings of a level.
func (r *Report) Count(level Level) int {
	n := 0
	for _, f := range r.Findings {
		if f.Level == level {
			n++
		}
	}
	return n
}

// CheckOptions replace parts of the world, for tests.
type CheckOptions struct {
	Now      func() time.Time // this machine's clock; nil: time.Now
	Resolver *net.Resolver    // of the host of events.url; nil: the system's
}

const (
	checkWithin   = 30 * time.Second // the whole of it
	commandWithin = 5 * time.Second  // one question to Redis
)

// Check says whether a worker with this configuration would start, and whether
// its Redis lets it keep its promises. It writes nothing that stays (but the empty
// folder of recordings.url), publishes
// nothing and asks no vendor; of the application's endpoint it resolves the name.
func Check(ctx context.Context, c *configs.Config, o CheckOptions) Report {
	if o.Now == nil {
		o.Now = time.Now
	}
	ctx, cancel := context.WithTimeout(ctx, checkWithin)
	defer cancel()
	var r Report
	r.configuration(c)
	r.state(c)
	r.events(ctx, c.Events, o)
	r.recordings(ctx, c.Recordings, o)
	own := r.accounts(c)
	r.redis(ctx, c, o, own)
	return r
}

// configuration judges what the file says by itself; that it loads is its first
// virtue.
func (r *Report) configuration(c *configs.Config) {
	if len(c.Accounts) == 0 {
		r.Add("configuration", LevelFail, "accounts: is empty; a worker needs at least one account")
	} else {
		r.Add("configuration", LevelOK, "it loads; accounts: %d", len(c.Accounts))
	}
	for _, line := range c.NotBuilt() {
		r.Add("configuration", LevelWarn, "not built in this version: %s", line)
	}
	if c.Admin == nil {
		r.Add("configuration", LevelWarn, "no admin section: nothing tells whether the worker is healthy or ready, and there is no monitoring page")
	}
}

// redis asks everything of Redis, as long as it answers at all.
func (r *Report) redis(ctx context.Context, c *configs.Config, o CheckOptions, own []tasks.Account) {
	const check = "redis"
	connector, err := newConnector(c.Redis, 1)
	if err != nil {
		r.Add(check, LevelFail, "%v", err)
		return
	}
	connector.options.ReadTimeout = commandWithin
	silent := logrus.New() // each failure is a finding; go-redis would say it again
	silent.SetOutput(io.Discard)
	redis.SetLogger(newRedisLog(silent, logrus.DebugLevel))
	rdb := connector.client()
	defer rdb.Close() //nolint:errcheck // the process ends with it
	if err := connector.ping(ctx, rdb); err != nil {
		r.Add(check, LevelFail, "%v", err)
		return
	}
	r.Add(check, LevelOK, "it answers at %s", connector.where)
	nodes, err := look(ctx, rdb, o.Now)
	if err != nil {
		r.Add(check, LevelFail, "ask every master of the cluster: %s", plain(err))
	}
	for _, n := range nodes {
		r.server(n)
		r.memory(n)
		r.persistence(n)
		r.clock(n)
	}
	r.durability(c, nodes)
	r.scripts(ctx, rdb)
	r.queue(ctx, rdb)
	r.published(ctx, rdb, own)
}

// published compares the accounts with those that workers run already.
func (r *Report) published(ctx context.Context, rdb redis.UniversalClient, own []tasks.Account) {
	ctx, cancel := context.WithTimeout(ctx, commandWithin)
	defer cancel()
	known, err := tasks.Accounts(ctx, rdb)
	if err != nil {
		r.Add("published", LevelFail, "%s", plain(err))
		return
	}
	same := 0
	for _, mine := range own {
		old, ok := known[mine.Name]
		switch {
		case !ok:
		case old.Group != mine.Group:
			r.Add("published", LevelFail, "account %s: its group is %q since it was first published and cannot become %q; "+
				"give the account another name instead", mine.Name, old.Group, mine.Group)
		case old.Rules != mine.Rules:
			r.Add("published", LevelWarn, "account %s: its rules, pool, probe or redial differ from those that workers published; "+
				"until every worker runs with the same, the strictest rule will not hold", mine.Name)
		default:
			same++
		}
	}
	if same > 0 {
		r.Add("published", LevelOK, "accounts that workers published with the same group and rules: %d", same)
	}
}

// plain is an error without the addresses that the network's own errors carry.
func plain(err error) string {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err.Error()
	}
	return err.Error()
}
