package tasks

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Account is what workers publish about one of their accounts, so that a
// producer needs only the address of Redis. It holds no secret.
type Account struct {
	Name         string        `json:"name"`
	Vendor       string        `json:"vendor"`
	Group        string        `json:"group"`
	Unserved     string        `json:"unserved,omitempty"` // why it serves no kind, in words
	Kinds        []Kind        `json:"kinds"`
	Traits       Traits        `json:"traits"`
	Retention    time.Duration `json:"retention"`     // of a record, after its end
	KeyRetention time.Duration `json:"key_retention"` // of an idempotency key
	Rules        string        `json:"rules"`         // fingerprint of the account's rules, pool, probe and redial
	// NumberRules is a fingerprint of the rules per number. Accounts of one group
	// must have the same, since they share the counts. Empty: not known.
	NumberRules string `json:"number_rules"`
	// RuleSet is the account's rules themselves, for those who explain why a job
	// waits. This package does not read it. Empty: older workers published none.
	RuleSet json.RawMessage `json:"rule_set,omitempty"`
	// Events says that the application hears of its jobs. A job's own event_url
	// begins with one of the prefixes, or is EventURL, the configured address; that
	// is empty where it may hold a secret.
	Events        bool     `json:"-"` // published beside the account: see eventRoute
	EventPrefixes []string `json:"-"`
	EventURL      string   `json:"-"`
}

// Accepts says whether the account would take the job at now, without asking
// Redis; the error is a *FieldError.
func (a Account) Accepts(j Job, now time.Time) error {
	_, err := a.accepted(j, now)
	return err
}

// accepted returns the job in its normal form, with its life settled at now.
func (a Account) accepted(j Job, now time.Time) (checkedJob, error) {
	job, err := j.checked()
	if err != nil {
		return checkedJob{}, err
	}
	if err := job.settleLife(now); err != nil {
		return checkedJob{}, err
	}
	if !slices.Contains(a.Kinds, job.Kind) {
		return checkedJob{}, a.refusal(job.Kind)
	}
	if err := a.check(&job); err != nil {
		return checkedJob{}, err
	}
	if err := job.notPast(now); err != nil {
		return checkedJob{}, err
	}
	return job, nil
}

// refusal is the error for a job of a kind that the account does not serve.
func (a Account) refusal(k Kind) *FieldError {
	why := ""
	if a.Unserved != "" {
		why = ": " + a.Unserved
	}
	return fieldErrorf("kind", "%s is not served by account %s (vendor %s) in this version%s", k, a.Name, a.Vendor, why)
}

const accountsKey = "callpacer:accounts"

// publishScript keeps an account's group for ever: ids name it, so records of
// the old group could not be found under another. Where its events go is kept
// beside it, under events/<name>: a worker without events takes it away only when
// no worker with events has published within the last quarter of an hour.
// KEYS 1 accounts. ARGV 1 name, 2 the account as JSON, 3 the route of its events as
// JSON, or ”.
// Answers {'published', what stood there or ”, the route that stood there or ”} or
// {'moved', the group it has}.
var publishScript = redis.NewScript(`
local old = redis.call('HGET', KEYS[1], ARGV[1])
if old and cjson.decode(old).group ~= cjson.decode(ARGV[2]).group then
  return {'moved', cjson.decode(old).group}
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
local route, seen, now = 'events/' .. ARGV[1], 'events/' .. ARGV[1] .. '/seen', tonumber(redis.call('TIME')[1])
local was = redis.call('HGET', KEYS[1], route) or ''
if ARGV[3] ~= '' then
  redis.call('HSET', KEYS[1], route, ARGV[3], seen, now)
elseif was ~= '' and now - tonumber(redis.call('HGET', KEYS[1], seen) or '0') > 900 then
  redis.call('HDEL', KEYS[1], route, seen)
  was = ''
end
return {'published', old or '', was}`)

// A group is the hash tag of its keys and the beginning of its ids, an account
// that of its queues: no other characters may be in them.
var namePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,23}$`)

// reservedName begins the queues that belong to no account.
const reservedName = "callpacer"

// Publish makes an account known to producers. conflict says in words that
// workers before this one published other rules, another pool, probe or redial for it.
func Publish(ctx context.Context, rdb redis.UniversalClient, a Account) (conflict string, err error) {
	for _, name := range []string{a.Name, a.Group} {
		if !namePattern.MatchString(name) || name == reservedName {
			return "", fmt.Errorf("publish account %q of group %q: a name is 1 to 24 lower-case letters, digits and '-', "+
				"begins with a letter or digit, and is not %q", a.Name, a.Group, reservedName)
		}
	}
	b, err := json.Marshal(a)
	if err != nil {
		return "", fmt.Errorf("publish account %s: %w", a.Name, err)
	}
	route, err := a.eventRoute()
	if err != nil {
		return "", err
	}
	answer, err := publishScript.Run(ctx, rdb, []string{accountsKey}, a.Name, b, route).StringSlice()
	if err != nil {
		return "", fmt.Errorf("publish account %s: %w", a.Name, err)
	}
	if answer[0] == "moved" {
		return "", fmt.Errorf("account %s: its group is %q since it was first published and cannot become %q; "+
			"give the account another name instead", a.Name, answer[1], a.Group)
	}
	if answer[1] == "" {
		return "", nil
	}
	if answer[2] != "" && answer[2] != route {
		return "account " + a.Name + ": its events section differs from that of other workers (in whether there is one, its url or its prefixes); " +
			"give all workers the same, or some jobs' events go elsewhere, or are told by no worker of this kind", nil
	}
	var old Account
	if err := json.Unmarshal([]byte(answer[1]), &old); err != nil {
		return "", fmt.Errorf("publish account %s: read what stood there: %w", a.Name, err)
	}
	if old.Rules != a.Rules {
		return "account " + a.Name + ": its rules, pool, probe or redial differ from those that workers published before; " +
			"workers of one group must run with the same, or the strictest rule will not hold (after a change this is over when every worker runs with it)", nil
	}
	return "", nil
}

// Accounts returns what workers have published, by name.
func Accounts(ctx context.Context, rdb redis.UniversalClient) (map[string]Account, error) {
	h, err := rdb.HGetAll(ctx, accountsKey).Result()
	if err != nil {
		return nil, fmt.Errorf("read the published accounts: %w", err)
	}
	out := make(map[string]Account, len(h))
	for name, value := range h {
		if strings.HasPrefix(name, eventsField) {
			continue
		}
		a, err := decodeAccount(value, h[eventsField+name])
		if err != nil {
			return nil, fmt.Errorf("read the published account %s: %w", name, err)
		}
		out[name] = a
	}
	return out, nil
}

func decodeAccount(value, route string) (Account, error) {
	var a Account
	if err := json.Unmarshal([]byte(value), &a); err != nil {
		return Account{}, fmt.Errorf("not the JSON of an account: %w", err)
	}
	if route == "" {
		return a, nil
	}
	var r eventRoute
	if err := json.Unmarshal([]byte(route), &r); err != nil {
		return Account{}, fmt.Errorf("not the JSON of where its events go: %w", err)
	}
	a.Events, a.EventPrefixes, a.EventURL = true, r.Prefixes, r.URL
	return a, nil
}

const eventsField = "events/"

// eventRoute is where an account's events go, as workers publish it.
type eventRoute struct {
	URL      string   `json:"url,omitempty"`
	Prefixes []string `json:"prefixes,omitempty"`
}

func (a Account) eventRoute() (string, error) {
	if !a.Events {
		return "", nil
	}
	b, err := json.Marshal(eventRoute{URL: a.EventURL, Prefixes: a.EventPrefixes})
	if err != nil {
		return "", fmt.Errorf("publish where the events of account %s go: %w", a.Name, err)
	}
	return string(b), nil
}

// serving finds an account that serves a kind of job. Workers that are newer
// than our knowledge of the account may serve more.
func (c *Client) serving(ctx context.Context, name string, k Kind) (Account, error) {
	a, err := c.account(ctx, name)
	if err == nil && !slices.Contains(a.Kinds, k) {
		c.known.Delete(name)
		a, err = c.account(ctx, name)
	}
	if err != nil {
		return Account{}, err
	}
	if !slices.Contains(a.Kinds, k) {
		return Account{}, a.refusal(k)
	}
	return a, nil
}

// servingOnce is serving that asks once for each account and kind, and answers
// the same ever after: an account that is unknown, or known only to this
// process, costs a request each time.
func (c *Client) servingOnce() func(ctx context.Context, name string, k Kind) (Account, error) {
	type wish struct {
		name string
		kind Kind
	}
	type answer struct {
		account Account
		err     error
	}
	given := make(map[wish]answer)
	return func(ctx context.Context, name string, k Kind) (Account, error) {
		w := wish{name, k}
		if _, ok := given[w]; !ok {
			a, err := c.serving(ctx, name, k)
			given[w] = answer{a, err}
		}
		return given[w].account, given[w].err
	}
}

// seen is an account as workers had published it at a time of this process's clock.
type seen struct {
	account Account
	at      time.Time
}

// knownFor is how long an account is taken to be as it was seen. Its group never
// changes; whether events are sent does, and a job that was recorded as telling
// nobody stays silent.
const knownFor = 30 * time.Second

// account finds an account where workers published it, else among those that
// the client was given.
func (c *Client) account(ctx context.Context, name string) (Account, error) {
	if a, ok := c.known.Load(name); ok {
		if s := a.(seen); time.Since(s.at) < knownFor { //nolint:forcetypeassert // nothing else is stored
			return s.account, nil
		}
	}
	values, err := c.rdb.HMGet(ctx, accountsKey, name, eventsField+name).Result()
	if err != nil {
		return Account{}, fmt.Errorf("look up account %s: %w", name, err)
	}
	if value, ok := values[0].(string); ok {
		route, _ := values[1].(string) // nil: no worker sends events
		a, err := decodeAccount(value, route)
		if err != nil {
			return Account{}, fmt.Errorf("read the published account %s: %w", name, err)
		}
		c.known.Store(name, seen{a, time.Now()})
		return a, nil
	}
	for _, a := range c.fallback {
		if a.Name == name {
			return a, nil
		}
	}
	return Account{}, c.unknownAccount(ctx, name)
}

func (c *Client) unknownAccount(ctx context.Context, name string) error {
	all, err := Accounts(ctx, c.rdb)
	if err != nil {
		return err
	}
	var names []string
	for n := range all {
		names = append(names, n)
	}
	for _, a := range c.fallback {
		names = append(names, a.Name)
	}
	if len(names) == 0 {
		return fieldErrorf("account", "%q is unknown: no worker has published an account on this Redis; start one, or give --config", name)
	}
	slices.Sort(names)
	return fieldErrorf("account", "%q is unknown; known are %s", name, strings.Join(slices.Compact(names), ", "))
}
