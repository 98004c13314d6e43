package dispatch

import (
	"context"
	"io"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/sirupsen/logrus"

	"github.com/callpacer/callpacer/callbackrx"
	"github.com/callpacer/callpacer/internal/phone"
	"github.com/callpacer/callpacer/internal/pushtoken"
	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/ratelimit"
	"github.com/callpacer/callpacer/tasks"
)

const walkGroup = "walk"

var signer = pushtoken.New([]byte("walk"))

// process is one process of ours: producer, worker, pump and receiver at once.
type process struct {
	steps    *steps
	lane     *Lane
	pump     *Pump
	broker   brokerOf
	client   *tasks.Client
	receiver *callbackrx.Receiver
	app      *application // nil: nobody delivers events
}

func quiet() *logrus.Logger {
	log := logrus.New()
	log.SetOutput(io.Discard)
	return log
}

// pool is the account's middle numbers that may be chosen.
var pool = poolOf("17000000011", "17000000012")

func poolOf(numbers ...string) (out []record.PoolNumber) {
	for _, digits := range numbers {
		n, err := phone.ParseAny(digits)
		if err != nil {
			panic(err) // they are constants
		}
		out = append(out, record.PoolNumber{Key: n.Key(walkGroup), Digits: n.Digits()})
	}
	return out
}

func phoneAccount() tasks.Account {
	return tasks.Account{
		Name: "phone", Group: walkGroup, Traits: tasks.Traits{Endless: true, Pool: true},
		Kinds: []tasks.Kind{
			tasks.KindNotify, tasks.KindConnect, tasks.KindBind, tasks.KindUnbind, tasks.KindPoll, tasks.KindAccount,
		},
		Retention: 720 * time.Hour, KeyRetention: 720 * time.Hour, Events: true,
	}
}

func newProcess(rdb redis.UniversalClient, b *memBroker, company *phoneCompany, s *steps) *process {
	store, broker := record.New(rdb), brokerOf{b, s}
	lane := &Lane{
		Account: "phone", Group: walkGroup, Vendor: phoneLine{company, s}, Store: store, Log: quiet(),
		Concurrency: 4, Timeout: 10 * time.Second, InDoubtFor: 30 * time.Minute, Lockout: 24 * time.Hour,
		MaxAttempts: 5, RetryBackoff: []time.Duration{time.Minute},
		PollFirst: time.Minute, PollBackoff: []time.Duration{2 * time.Minute}, GiveUp: 24 * time.Hour,
		Retention: 72 * time.Hour, PushRetention: 24 * time.Hour, Tells: true, Pool: pool, Redial: company.redial,
		PushURL: func(id string, n int) string { return signer.Attempt("phone", id, n) },
		Verify: func(token string) (Source, bool) {
			id, n, ok := signer.Verify("phone", token)
			return Source{ID: id, Attempt: n}, ok
		},
	}
	lane.under(ratelimit.Rules{
		OneAtATime: true, Lockout: 24 * time.Hour,
		PerNumber: []ratelimit.PerNumber{{Limit: 3, Width: 24 * time.Hour, Margin: 2 * time.Second}},
		Rate:      ratelimit.Rate{PerSecond: 20, Burst: 5}, QueryRate: ratelimit.Rate{PerSecond: 10, Burst: 5},
	}, time.Now)
	return &process{
		steps: s, lane: lane, broker: broker,
		pump:   &Pump{Group: walkGroup, Store: store, Broker: broker, Log: quiet()},
		client: tasks.NewClient(rdb, tasks.WithBroker(broker), tasks.WithAccounts(phoneAccount())),
		receiver: &callbackrx.Receiver{
			Store: store, Queue: broker, Signer: signer, Log: quiet(),
			Accounts: map[string]callbackrx.Account{"phone": {Name: "phone", Group: walkGroup, Ack: callbackrx.Ack{Status: 200}}},
		},
	}
}

// under gives the lane its rules, by a clock of this process.
func (l *Lane) under(rules ratelimit.Rules, clock func() time.Time) {
	shared := ratelimit.NewLane(l.Store, l.Group, l.Account, rules, clock)
	l.Shared = shared
	l.Admission = ratelimit.NewAdmission(l.Store, rules, clock)
	l.Pace, l.FreePace = ratelimit.NewPacer(shared, ratelimit.PaceCalls), ratelimit.NewPacer(shared, ratelimit.PaceAnytime)
	l.QueryPace = ratelimit.NewPacer(shared, ratelimit.PaceQueries)
}

// turn does everything that is due or ready now; false: nothing was.
func (p *process) turn(ctx context.Context) bool {
	n, _ := p.pump.Step(ctx)
	worked := n > 0
	worked = p.tellEvents(ctx) || worked
	for {
		e, lease, ok := p.broker.take(time.Now())
		if !ok {
			return worked
		}
		worked = true
		p.broker.end(e.TaskID, lease, p.handle(ctx, e))
		if p.steps.isDead() {
			return false
		}
	}
}

func (p *process) handle(ctx context.Context, e tasks.Entry) (err error) {
	switch e.Kind {
	case tasks.KindNotify, tasks.KindConnect, tasks.KindBind, tasks.KindUnbind:
		_, err = p.lane.Act(ctx, e.ID, e.Kind)
	case tasks.KindAccount:
		if _, planned := record.ProbedAccount(e.ID); planned {
			return p.lane.PlannedProbe(ctx, e.TaskID)
		}
		_, err = p.lane.Probe(ctx, e.ID)
	case tasks.KindPoll:
		_, err = p.lane.Poll(ctx, e.TaskID)
	case tasks.KindPush:
		err = p.lane.Push(ctx, e.ID)
	case tasks.KindRecording:
	}
	return err
}
