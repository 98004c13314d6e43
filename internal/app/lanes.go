package app

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/sirupsen/logrus"

	"github.com/callpacer/callpacer/configs"
	"github.com/callpacer/callpacer/internal/admin"
	"github.com/callpacer/callpacer/internal/dispatch"
	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/roster"
	"github.com/callpacer/callpacer/ratelimit"
	"github.com/callpacer/callpacer/tasks"
)

// Lanes are the lanes of accounts as people see, pause and resume them.
type Lanes struct {
	accounts []configs.Account
	rdb      redis.UniversalClient
	store    *record.Store
	broker   *tasks.AsynqBroker
	log      logrus.FieldLogger
	now      func() time.Time
}

var _ admin.Lanes = (*Lanes)(nil)

// NewLanes returns the lanes of a configuration's accounts on rdb, which stays the
// caller's to close.
func NewLanes(c *configs.Config, rdb redis.UniversalClient, log logrus.FieldLogger) *Lanes {
	return &Lanes{
		accounts: c.Accounts, rdb: rdb, log: log, now: time.Now,
		store: record.New(rdb), broker: tasks.NewAsynqBroker(rdb),
	}
}

// LaneName is a lane, or one of its queues.
type LaneName struct {
	Account string
	Queue   tasks.Priority // empty: the whole lane
}

func (n LaneName) String() string {
	if n.Queue == "" {
		return n.Account
	}
	return string(tasks.QueueOf(n.Account, n.Queue))
}

// reason is that of the gate by which a person pauses it.
func (n LaneName) reason() string {
	if n.Queue == "" {
		return ratelimit.GateOperator
	}
	return ratelimit.GateOperator + "/" + string(n.Queue)
}

// ParseLane reads account, account:urgent, account:normal or account:bulk.
func ParseLane(name string) (LaneName, error) {
	account, queue, one := strings.Cut(name, ":")
	n := LaneName{Account: account, Queue: tasks.Priority(queue)}
	switch q := tasks.Queue(name); {
	case q == tasks.FollowQueue(account), q == tasks.PushQueue(account):
		return LaneName{}, fmt.Errorf("%s always runs on: it calls nobody, it asks after calls and takes in what vendors tell", name)
	case !one, slices.Contains(priorities, n.Queue):
		return n, nil
	}
	return LaneName{}, fmt.Errorf("%q is no lane: want an account, or an account with :urgent, :normal or :bulk", name)
}

var priorities = []tasks.Priority{tasks.Urgent, tasks.Normal, tasks.Bulk}

// gatedQueues are those that a lane's gates shut.
func gatedQueues(account string) []tasks.Queue {
	out := make([]tasks.Queue, len(priorities))
	for i, p := range priorities {
		out[i] = tasks.QueueOf(account, p)
	}
	return out
}

// lane is one lane, with the account's rules where they are known here.
type lane struct {
	*ratelimit.Lane
	gatekeeper *dispatch.Gatekeeper // nil: the rules are not known
}

func (l *Lanes) of(account, group string, rules ratelimit.Rules) lane {
	shared := ratelimit.NewLane(l.store, group, account, rules, l.now)
	return lane{shared, dispatch.NewGatekeeper(shared, l.broker, l.log.WithField("account", account))}
}

func (l *Lanes) configured(a *configs.Account) lane {
	return l.of(a.Name, a.Group, roster.Rules(a.Rules))
}

// published is the lane of another configuration's account. Workers of another
// version may publish no rules, or some that are not understood here.
func (l *Lanes) published(a tasks.Account) lane {
	var rules ratelimit.Rules
	if json.Unmarshal(a.RuleSet, &rules) == nil {
		return l.of(a.Name, a.Group, rules)
	}
	return lane{Lane: ratelimit.NewLane(l.store, a.Group, a.Name, ratelimit.Rules{}, l.now)}
}

// find looks for an account in the configuration, then among those that other
// workers have published.
func (l *Lanes) find(ctx context.Context, account string) (lane, error) {
	var known []string
	for i := range l.accounts {
		if l.accounts[i].Name == account {
			return l.configured(&l.accounts[i]), nil
		}
		known = append(known, l.accounts[i].Name)
	}
	published, err := tasks.Accounts(ctx, l.rdb)
	if err != nil {
		return lane{}, err
	}
	if a, ok := published[account]; ok {
		return l.published(a), nil
	}
	known = append(known, slices.Collect(maps.Keys(published))...)
	slices.Sort(known)
	return lane{}, fmt.Errorf("lane %q is unknown; known are %s", account, strings.Join(slices.Compact(known), ", "))
}

// Others are the accounts that workers have published and this configuration does
// not have, sorted.
func (l *Lanes) Others(ctx context.Context) ([]string, error) {
	published, err := tasks.Accounts(ctx, l.rdb)
	if err != nil {
		return nil, err
	}
	for i := range l.accounts {
		delete(published, l.accounts[i].Name)
	}
	return slices.Sorted(maps.Keys(published)), nil
}

// project pauses or opens the lane's queues at once, as its workers would within a
// second. Of a lane whose rules are not known here that is left to them.
func (n lane) project(ctx context.Context) error {
	if n.gatekeeper == nil {
		return nil
	}
	_, err := n.gatekeeper.Project(ctx)
	return err
}
