package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/sirupsen/logrus"

	"github.com/callpacer/callpacer/callbackrx"
	"github.com/callpacer/callpacer/configs"
	"github.com/callpacer/callpacer/internal/admin"
	"github.com/callpacer/callpacer/internal/dispatch"
	"github.com/callpacer/callpacer/internal/pushtoken"
	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/roster"
	"github.com/callpacer/callpacer/ratelimit"
	"github.com/callpacer/callpacer/tasks"
)

// Options are what a configuration file does not say.
type Options struct {
	Log *logrus.Logger
	// Public and Admin replace the configured addresses by listeners that are
	// open already, for tests and the sandbox.
	Public, Admin net.Listener
	// Clock is what the machine's clock shows to the rules, the gatekeepers and the
	// vendors' signatures; nil: time.Now. asynq looks at the real one whatever it is,
	// and so do the timers. It is a switch for tests.
	Clock func() time.Time
}

// App is one running worker.
type App struct {
	config *configs.Config
	log    *logrus.Logger
	clock  func() time.Time
	redis  *connector
	rdb    redis.UniversalClient // records, rules, outbox
	queue  redis.UniversalClient // asynq's servers
	store  *record.Store
	broker *tasks.AsynqBroker

	suppression *ratelimit.Suppression

	ready    atomic.Bool
	cleanups []cleanup
}

type cleanup struct {
	name string
	run  func() error
}

// onStop adds what Stop undoes; the last added is the first undone.
func (a *App) onStop(name string, run func() error) {
	a.cleanups = append(a.cleanups, cleanup{name, run})
}

// Start builds a worker and starts it. What was started is stopped again where
// a later step fails.
func Start(ctx context.Context, c *configs.Config, o Options) (*App, error) {
	if len(c.Accounts) == 0 {
		return nil, errors.New("accounts: is empty; a worker needs at least one account")
	}
	a := &App{config: c, log: o.Log, clock: o.Clock}
	if a.clock == nil {
		a.clock = time.Now
	}
	steps := []func(context.Context, Options) error{a.connect, a.startLanes}
	for _, step := range steps {
		if err := step(ctx, o); err != nil {
			return nil, errors.Join(err, a.Stop())
		}
	}
	a.ready.Store(true)
	return a, nil
}

// Stop undoes everything that Start did, in reverse: no more tasks are taken,
// requests in flight are settled, then the listeners close.
func (a *App) Stop() error {
	a.ready.Store(false)
	var errs []error
	for i := len(a.cleanups) - 1; i >= 0; i-- {
		if err := a.cleanups[i].run(); err != nil {
			errs = append(errs, fmt.Errorf("stop %s: %w", a.cleanups[i].name, err))
		}
	}
	a.cleanups = nil
	return errors.Join(errs...)
}

func (a *App) connect(ctx context.Context, _ Options) error {
	slots := 0
	for i := range a.config.Accounts {
		slots += a.config.Accounts[i].Concurrency + 20 // those of follow-ups and pushes
	}
	var err error
	if a.redis, err = newConnector(a.config.Redis, slots); err != nil {
		return err
	}
	// Until Redis has answered once, our own error says it in one line.
	redis.SetLogger(newRedisLog(a.log, logrus.DebugLevel))
	a.rdb, a.queue = a.redis.client(), a.redis.client()
	a.onStop("redis", a.rdb.Close)
	a.onStop("redis of the queues", a.queue.Close)
	a.queue.AddHook(calm{pause: dequeuePause})
	a.store, a.broker = record.New(a.rdb), tasks.NewAsynqBroker(a.rdb)
	a.suppression = ratelimit.NewSuppression(a.rdb)
	if err := a.redis.ping(ctx, a.rdb); err != nil {
		return err
	}
	redis.SetLogger(newRedisLog(a.log, logrus.WarnLevel))
	return nil
}

func (a *App) startLanes(ctx context.Context, o Options) error {
	signer, err := a.signer(ctx)
	if err != nil {
		return err
	}
	receiver := a.newReceiver(signer)
	// A setting that an adapter refuses must not have been published before.
	vendors, err := a.buildVendors()
	if err != nil {
		return err
	}
	var lanes []*dispatch.Lane
	groups := map[string]bool{}
	for i := range a.config.Accounts {
		account := &a.config.Accounts[i]
		if vendors[i] == nil {
			continue
		}
		lane := a.openLane(account, vendors[i], signer, receiver)
		if lane.Offer, err = roster.Account(account, a.config); err != nil {
			return err
		}
		if lane.Pool, err = poolOf(account); err != nil {
			return err
		}
		lane.Suppression = blacklist{a}
		lanes = append(lanes, lane)
		groups[account.Group] = true
	}
	if err := a.listen(o, receiver); err != nil {
		return err
	}
	// Nor may the rules of a worker that does not come up.
	if err := a.publish(ctx); err != nil {
		return err
	}
	if err := a.keepSuppression(ctx); err != nil {
		return err
	}
	watchSettlements := a.keepSettlements(ctx, lanes)
	if err := a.keepRecordings(ctx, lanes, groups); err != nil {
		return err
	}
	a.warnOfStranded()
	if err := a.planProbes(ctx, lanes); err != nil {
		return err
	}
	a.startPumps(groups)
	if err := a.startEvents(groups); err != nil {
		return err
	}
	if err := a.startServers(ctx, lanes); err != nil {
		return err
	}
	watchSettlements()
	return nil
}

// buildVendors makes the adapter of each account, nil for one that this version
// does not serve.
func (a *App) buildVendors() ([]any, error) {
	vendors := make([]any, len(a.config.Accounts))
	for i := range a.config.Accounts {
		account := &a.config.Accounts[i]
		if account.Unserved() != "" {
			continue
		}
		vendor, err := newVendor(account, a.clock)
		if err != nil {
			return nil, fmt.Errorf("account %s: %w", account.Name, err)
		}
		a.onStop("account "+account.Name, func() error { return closeVendor(vendor) })
		vendors[i] = vendor
	}
	return vendors, nil
}

func (a *App) openLane(account *configs.Account, vendor any, signer pushtoken.Signer, receiver *callbackrx.Receiver) *dispatch.Lane {
	if r, ok := receiverAccount(account, vendor); ok {
		receiver.Accounts[account.Name] = r
	}
	return newLane(account, a.config, vendor, a.store, signer, a.log, a.clock)
}

const secretKey = "callpacer:push_secret"

// signer makes push tokens with the configured secret, or with one that is made
// once and kept in Redis. Tokens made with the previous ones stay good, those of
// the time before a secret was configured too.
func (a *App) signer(ctx context.Context) (pushtoken.Signer, error) {
	var previous [][]byte
	if a.config.Public != nil {
		for _, s := range a.config.Public.PreviousSecrets {
			previous = append(previous, []byte(s.Reveal()))
		}
	}
	if a.config.Public != nil && !a.config.Public.Secret.IsZero() {
		if a.rdb != nil { // only to print an address it is not asked
			made, err := a.rdb.Get(ctx, secretKey).Bytes()
			if err != nil && !errors.Is(err, redis.Nil) {
				return pushtoken.Signer{}, fmt.Errorf("read the secret of earlier push addresses: %w", err)
			}
			previous = append(previous, made)
		}
		return pushtoken.New([]byte(a.config.Public.Secret.Reveal()), previous...), nil
	}
	if err := a.rdb.SetNX(ctx, secretKey, rand.Text()+rand.Text(), 0).Err(); err != nil {
		return pushtoken.Signer{}, fmt.Errorf("make a secret for push addresses: %w", err)
	}
	secret, err := a.rdb.Get(ctx, secretKey).Result()
	if err != nil {
		return pushtoken.Signer{}, fmt.Errorf("read the secret of push addresses: %w", err)
	}
	return pushtoken.New([]byte(secret), previous...), nil
}

func (a *App) startPumps(groups map[string]bool) {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for group := range groups {
		pump := &dispatch.Pump{Group: group, Store: a.store, Broker: a.broker, Log: a.log}
		wg.Go(func() { pump.Run(ctx) })
	}
	a.onStop("outbox", func() error {
		cancel()
		wg.Wait()
		return nil
	})
}

func (a *App) startServers(ctx context.Context, lanes []*dispatch.Lane) error {
	var servers []*dispatch.Servers
	// All lanes stop at once: one with a hung vendor must not keep another taking jobs.
	a.onStop("lanes", func() error {
		var wg sync.WaitGroup
		for _, s := range servers {
			wg.Go(s.Shutdown)
		}
		wg.Wait()
		return nil
	})
	keeping, stop := context.WithCancel(context.Background())
	var gatekeepers sync.WaitGroup
	a.onStop("gatekeepers", func() error {
		stop()
		gatekeepers.Wait()
		return nil
	})
	for _, lane := range lanes {
		s := dispatch.NewServers(lane, a.queue, a.log)
		g := dispatch.NewGatekeeper(lane.Shared, a.broker, lane.Log)
		g.Clock = a.clock
		lane.Gated = g.Kick
		// What is shut is paused before the first task is taken.
		if _, err := g.Project(ctx); err != nil {
			return err
		}
		if err := s.Start(); err != nil {
			return err
		}
		servers = append(servers, s)
		g.Acting = s.SetActing
		gatekeepers.Go(func() { g.Run(keeping) })
	}
	return nil
}

func (a *App) isReady(ctx context.Context) error {
	if !a.ready.Load() {
		return errors.New("starting or stopping")
	}
	return a.rdb.Ping(ctx).Err()
}

func (a *App) adminHandler() *admin.Handler {
	o := admin.Options{
		Ready: a.isReady, Redis: a.redis.client, Log: a.log,
		Lanes: NewLanes(a.config, a.rdb, a.log), Jobs: a.store,
	}
	if a.config.Admin != nil {
		for _, t := range a.config.Admin.Tokens {
			o.Tokens = append(o.Tokens, admin.Token{
				Name: t.Name, Token: t.Token.Reveal(), Operator: t.Role == configs.RoleOperator,
			})
		}
	}
	return admin.New(o)
}
