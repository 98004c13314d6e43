package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/callpacer/callpacer/configs"
	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/roster"
	"github.com/callpacer/callpacer/internal/secret"
	"github.com/callpacer/callpacer/tasks"
)

const (
	sandboxURL = "redis://127.0.0.1:16379"
	redisEnv   = "CALLPACER_REDIS_URL"
	// A person waits for the answer: a Redis that is away is told within five
	// seconds, also where it takes connections and says nothing.
	dialTimeout  = 2 * time.Second
	replyTimeout = 2 * time.Second
	pingTimeout  = 4500 * time.Millisecond
)

// whereFlags say where Redis is.
type whereFlags struct {
	redis   string
	config  string
	sandbox bool
	given   func(flag string) bool
}

// again is how to say in another command where Redis is, where that holds no
// password: a URL might.
func (w whereFlags) again() string {
	switch {
	case w.redis != "":
		return ""
	case w.config != "":
		return " --config " + w.config
	case w.sandbox:
		return " --sandbox"
	}
	return ""
}

// place is where Redis is, and which accounts are known beside the published.
type place struct {
	options  *redis.UniversalOptions
	accounts []tasks.Account
	sandbox  bool
	ofFile   bool // only the configuration names it
}

// place reads --sandbox, --redis, --config and the environment, in this order;
// the accounts of --config count beside --redis too. Nothing is beside --sandbox:
// a job that is meant for it must not come to a real queue.
func (a *app) place() (place, error) {
	if a.where.sandbox && (a.where.given("redis") || a.where.given("config")) {
		return place{}, usagef("sandbox", "--sandbox has a Redis and accounts of its own, and goes with neither --redis nor --config; leave one out")
	}
	var p place
	var cfg *configs.Config
	if a.where.given("config") {
		var err error
		if cfg, err = configs.LoadProducer(a.where.config); err != nil {
			return place{}, failf("", "%s", err)
		}
		if p.accounts, err = accountsOf(cfg); err != nil {
			return place{}, err
		}
	}
	var err error
	switch env := a.env(redisEnv); {
	case a.where.given("redis"):
		p.options, err = optionsOf("--redis", a.where.redis)
	case cfg != nil:
		p.ofFile = true
		if p.options, err = cfg.Redis.Options(); err != nil {
			err = failf("", "%s: %s", a.where.config, err)
		}
	case a.where.sandbox:
		p.sandbox = true
		p.options, err = optionsOf("--sandbox", sandboxURL)
	case env != "":
		p.options, err = optionsOf(redisEnv, env)
	default:
		err = usagef("", "where is Redis? Give --redis URL, --config FILE, --sandbox, or %s in the environment", redisEnv)
	}
	if err != nil {
		return place{}, err
	}
	return p, nil
}

// optionsOf reads an address; its errors quote nothing of it, since it may hold
// a password.
func optionsOf(name, url string) (*redis.UniversalOptions, error) {
	if !strings.HasPrefix(url, "redis://") && !strings.HasPrefix(url, "rediss://") {
		return nil, usagef("", "%s: must begin with redis:// or rediss://", name)
	}
	if strings.ContainsAny(url, "?#") {
		return nil, usagef("", "%s: must have no query (?) and no fragment (#); write such characters in a password as %%3F and %%23", name)
	}
	where := configs.Redis{URL: secret.New(url)}
	options, err := where.Options()
	if err != nil {
		return nil, usagef("", "%s: is not a Redis address such as redis://127.0.0.1:6379/0", name)
	}
	return options, nil
}

// accountsOf is what workers with this configuration would publish.
func accountsOf(cfg *configs.Config) ([]tasks.Account, error) {
	out := make([]tasks.Account, 0, len(cfg.Accounts))
	for i := range cfg.Accounts {
		a, err := roster.Account(&cfg.Accounts[i], cfg)
		if err != nil {
			return nil, failf("", "%s", err)
		}
		out = append(out, a)
	}
	return out, nil
}

// link is a Redis that has answered.
type link struct {
	rdb     redis.UniversalClient
	address string // without user and password
	store   *record.Store
	client  *tasks.Client
}

// connect returns a link to a Redis that answers; the caller closes it.
func (a *app) connect(ctx context.Context, p place) (*link, error) {
	o := p.options
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout = dialTimeout, replyTimeout, replyTimeout
	o.ContextTimeoutEnabled = true
	o.MaxRetries, o.DialerRetries = 1, 1
	// Its "auto" mode looks the server's host up in the background.
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	rdb := a.open(o)
	l := &link{
		rdb: rdb, address: strings.Join(o.Addrs, ","), store: record.New(rdb),
		client: tasks.NewClient(rdb, tasks.WithAccounts(p.accounts...)),
	}
	if err := l.ping(ctx); err != nil {
		l.close()
		hint := ""
		if p.sandbox {
			hint = "; is worker --sandbox running?"
		}
		return nil, l.explain(err, hint)
	}
	return l, nil
}

func (l *link) ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	return l.rdb.Ping(ctx).Err()
}

func (l *link) close() {
	_ = l.rdb.Close() // nothing is on its way any more
}

// explain turns an error of the client or the store into a failure. What is not
// the job's fault is Redis's; hint says then what to do. A nil link explains what
// was told without Redis.
func (l *link) explain(err error, hint string) *failure {
	var own *failure
	if errors.As(err, &own) {
		return own
	}
	if f := refusal(err); f != nil {
		return f
	}
	if l == nil { // nothing was asked
		return failf("", "%s", err)
	}
	if errors.Is(err, context.Canceled) {
		return failf("", "interrupted%s", hint)
	}
	var said redis.Error
	if errors.As(err, &said) {
		return failf("", "Redis at %s refuses: %s%s", l.address, err, hint)
	}
	f := failf("", "Redis at %s does not answer: %s%s", l.address, err, hint)
	f.away = true
	return f
}

// refusal is the failure of a job that cannot be accepted; nil: err is not that.
func refusal(err error) *failure {
	var field *tasks.FieldError
	if !errors.As(err, &field) {
		return nil
	}
	name := field.Field
	if len(name) > longestField {
		name = strings.ToValidUTF8(name[:longestField], "") + "…"
	}
	return failf(name, "%s", field.Message)
}

const longestField = 64 // bytes of an unknown field's name that are told
