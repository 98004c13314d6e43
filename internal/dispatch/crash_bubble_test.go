package dispatch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/sirupsen/logrus"
	"golang.org/x/time/rate"

	"github.com/callpacer/callpacer/callbackrx"
	"github.com/callpacer/callpacer/internal/pushtoken"
	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/ratelimit"
	"github.com/callpacer/callpacer/tasks"
)

const walkGroup = "walk"

// process is one process of ours: producer, worker, pump and receiver at once.
type process struct {
	steps    *steps
	lane     *Lane
	pump     *Pump
	broker   brokerOf
	client   *tasks.Client
	receiver *callbackrx.Receiver
}

func quiet() *logrus.Logger {
	log := logrus.New()
	log.SetOutput(io.Discard)
	return log
}

func newProcess(rdb redis.UniversalClient, b *memBroker, company *phoneCompany, s *steps) *process {
	store, broker := record.New(rdb), brokerOf{b, s}
	signer := pushtoken.New([]byte("walk"))
	lane := &Lane{
		Account: "phone", Group: walkGroup, Vendor: phoneLine{company, s}, Store: store, Log: quiet(),
		Admission: ratelimit.NewAdmission(store, ratelimit.Rules{
			OneAtATime: true, Lockout: 24 * time.Hour,
			PerNumber: []ratelimit.PerNumber{{Limit: 3, Width: 24 * time.Hour, Margin: 2 * time.Second}},
		}, time.Now),
		Pace: rate.NewLimiter(20, 5), QueryPace: rate.NewLimiter(10, 5),
		Concurrency: 4, Timeout: 10 * time.Second, InDoubtFor: 30 * time.Minute, Lockout: 24 * time.Hour,
		MaxAttempts: 5, RetryBackoff: []time.Duration{time.Minute},
		PollFirst: time.Minute, PollBackoff: []time.Duration{2 * time.Minute}, GiveUp: 24 * time.Hour,
		Retention: 72 * time.Hour, PushRetention: 24 * time.Hour,
		PushURL: func(id string, n int) string { return signer.Attempt("phone", id, n) },
		Verify: func(token string) (Source, bool) {
			id, n, ok := signer.Verify("phone", token)
			return Source{ID: id, Attempt: n}, ok
		},
	}
	return &process{
		steps: s, lane: lane, broker: broker,
		pump: &Pump{Group: walkGroup, Store: store, Broker: broker, Log: quiet()},
		client: tasks.NewClient(rdb, tasks.WithBroker(broker), tasks.WithAccounts(tasks.Account{
			Name: "phone", Group: walkGroup, Kinds: []tasks.Kind{tasks.KindNotify},
			Retention: 720 * time.Hour, KeyRetention: 720 * time.Hour,
		})),
		receiver: &callbackrx.Receiver{
			Store: store, Queue: broker, Signer: signer, Log: quiet(),
			Accounts: map[string]callbackrx.Account{"phone": {Name: "phone", Group: walkGroup, Ack: callbackrx.Ack{Status: 200}}},
		},
	}
}

// turn does everything that is due or ready now; false: nothing was.
func (p *process) turn(ctx context.Context) bool {
	n, _ := p.pump.Step(ctx)
	worked := n > 0
	for {
		e, lease, ok := p.broker.take(time.Now())
		if !ok {
			return worked
		}
		worked = true
		var err error
		switch e.Kind {
		case tasks.KindNotify:
			_, err = p.lane.Act(ctx, e.ID, e.Kind)
		case tasks.KindPoll:
			_, err = p.lane.Poll(ctx, e.TaskID)
		case tasks.KindPush:
			err = p.lane.Push(ctx, e.ID)
		}
		p.broker.end(e.TaskID, lease, err)
		if p.steps.isDead() {
			return false
		}
	}
}

// walk is one run of a scenario: a first process that fate strikes at one step,
// and a second one that goes on from there.
type walk struct {
	first, second *process
	redis         *redistest.Redis
	broker        *memBroker
	company       *phoneCompany
	job           tasks.Job
	id            atomic.Value // string, once a submit was answered
}

// submit enqueues the job as an application does that tries again until it is
// told that the job was accepted.
func (w *walk) submit(ctx context.Context, p *process) bool {
	r, err := p.client.Enqueue(ctx, w.job)
	if err == nil {
		w.id.Store(r.ID)
	}
	return err == nil
}

// deliver pushes to whichever process is there, as a vendor does: up to four
// times until it is acknowledged.
func (w *walk) deliver(token, callID string) {
	for _, pause := range []time.Duration{0, time.Second, 2 * time.Second, 4 * time.Second} {
		time.Sleep(pause)
		p := w.second
		if p == nil || !w.first.steps.isDead() {
			p = w.first
		}
		answer := httptest.NewRecorder()
		request := httptest.NewRequest(http.MethodPost, callbackrx.Path+"phone/"+token, strings.NewReader(callID))
		p.receiver.Routes().ServeHTTP(answer, request)
		if answer.Code == 200 && !p.steps.isDead() {
			return
		}
	}
}

// live drives a process until the job has ended and nothing is left to do.
func (w *walk) live(ctx context.Context, p *process, patience time.Duration) {
	deadline, idle := time.Now().Add(patience), 0
	for !p.steps.isDead() && time.Now().Before(deadline) {
		if p.turn(ctx) || p.steps.isDead() {
			continue
		}
		at, ok := w.broker.next()
		if due, some, err := record.New(w.redis.Client).NextDue(ctx, walkGroup); err == nil && some && (!ok || due.Before(at)) {
			at, ok = due, true
		}
		if !ok {
			at, idle = time.Now().Add(time.Second), idle+1
			if r := w.record(ctx); r != nil && r.State.Final() || idle > 600 {
				return // it has ended, or nothing will ever move it
			}
		}
		time.Sleep(max(time.Until(at), 10*time.Millisecond))
	}
}

func (w *walk) record(ctx context.Context) *record.Record {
	id, ok := w.id.Load().(string)
	if !ok {
		return nil
	}
	r, err := record.New(w.redis.Client).Get(ctx, id)
	if err != nil {
		return nil
	}
	return r
}

// dueEntries looks, at one instant, whether the job has the one due entry that
// belongs to its state: one where it has not ended, else none.
func (w *walk) dueEntries(t *testing.T) {
	t.Helper()
	ids, err := w.redis.Client.Keys(t.Context(), "callpacer:{"+walkGroup+"}:job:*").Result()
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range ids {
		id := key[strings.Index(key, ":job:")+len(":job:"):]
		var state *redis.StringCmd
		var due *redis.FloatCmd
		_, err := w.redis.Client.TxPipelined(t.Context(), func(p redis.Pipeliner) error {
			state, due = p.HGet(t.Context(), key, "state"), p.ZScore(t.Context(), "callpacer:{"+walkGroup+"}:due", id)
			return nil
		})
		if err != nil && !errors.Is(err, redis.Nil) {
			t.Fatal(err)
		}
		if record.State(state.Val()).Final() == (due.Err() == nil) {
			t.Errorf("the job is %s and its due entry is there: %v", state.Val(), due.Err() == nil)
		}
	}
}

type scenario struct {
	name    string
	company func() *phoneCompany
	push    bool
	alive   record.State // how it ends if nobody dies
	states  []record.State
}

func (w *walk) run(t *testing.T) {
	ctx := t.Context()
	var wg sync.WaitGroup
	wg.Go(func() {
		if w.submit(ctx, w.first) {
			w.live(ctx, w.first, 48*time.Hour)
		}
	})
	finished := make(chan struct{})
	go func() { wg.Wait(); close(finished) }()
	select {
	case <-w.first.steps.struck:
		w.dueEntries(t)
		for !w.submit(ctx, w.second) {
			t.Fatal("the second process could not submit")
		}
		w.live(ctx, w.second, 48*time.Hour)
	case <-finished:
	}
	<-finished
	time.Sleep(2*freezeTime + time.Minute) // a push may be under way in a frozen receiver
	w.live(ctx, w.second, 48*time.Hour)
}

func play(t *testing.T, sc scenario, at int, f fate) (steps int) {
	redistest.Bubble(t, func(t *testing.T, r *redistest.Redis) {
		company, broker := sc.company(), newMemBroker()
		company.talks = 20 * time.Second
		s := newSteps(at, f)
		w := &walk{
			redis: r, broker: broker, company: company,
			first:  newProcess(r.NewClient(t, s.redis()), broker, company, s),
			second: newProcess(r.Client, broker, company, newSteps(0, lives)),
			job:    tasks.Job{Account: "phone", To: "13800000001", Template: "T1", IdempotencyKey: "order-1"},
		}
		if sc.push {
			company.push = w.deliver
		}
		w.run(t)
		steps = s.count()
		w.judge(t, sc, at, f)
	})
	return steps
}

func (w *walk) judge(t *testing.T, sc scenario, at int, f fate) {
	if calls := w.company.calls(); len(calls) > 1 {
		t.Errorf("called twice: %v", calls)
	}
	rec := w.record(t.Context())
	if rec == nil {
		t.Fatal("the job has no record")
	}
	w.dueEntries(t)
	allowed := append([]record.State{sc.alive}, sc.states...)
	if f == lives || at > w.first.steps.count() {
		allowed = allowed[:1]
	}
	for _, s := range allowed {
		if rec.State == s {
			return
		}
	}
	t.Errorf("the job ended %s (%s), want one of %v; its timeline: %v", rec.State, rec.Cause, allowed, rec.Timeline)
}

// TestCrashWalk strikes a process before and after every single operation on
// Redis, on the queue and on the vendor, by death and by a freeze of 90 s, while
// a second process takes over. Nobody is called twice and no job is stranded.
func TestCrashWalk(t *testing.T) {
	maintenance := providers.Outcome{Class: providers.ClassRetryLater, Placed: providers.PlacedNo, RetryAfter: time.Minute}
	locked := providers.Outcome{Class: providers.ClassRateLimited, Placed: providers.PlacedNo, Signal: providers.SignalNumberLock}
	fine := func() *phoneCompany { return &phoneCompany{} }
	scenarios := []scenario{
		{"push", fine, true, record.Completed, []record.State{record.Unknown}},
		{"poll", fine, false, record.Completed, []record.State{record.Unknown}},
		{"lost-answer-push", func() *phoneCompany { return &phoneCompany{lost: true} }, true, record.Completed, []record.State{record.Unknown}},
		{"lost-answer", func() *phoneCompany { return &phoneCompany{lost: true} }, false, record.Unknown, nil},
		{"maintenance", func() *phoneCompany { return &phoneCompany{answers: []providers.Outcome{maintenance}} }, true,
			record.Completed, []record.State{record.Unknown}},
		{"locked", func() *phoneCompany { return &phoneCompany{answers: []providers.Outcome{locked}} }, false,
			record.Expired, []record.State{record.Unknown}},
	}
	for _, sc := range scenarios {
		t.Run(sc.name, func(t *testing.T) {
			total := play(t, sc, 0, lives)
			if total < 8 {
				t.Fatalf("the scenario has only %d steps: operations escape the hook", total)
			}
			t.Logf("%d steps", total)
			for f, name := range fates {
				for at := 1; at <= total; at++ {
					t.Run(fmt.Sprintf("%s-%03d", name, at), func(t *testing.T) {
						t.Parallel()
						play(t, sc, at, f)
					})
				}
			}
		})
	}
}
