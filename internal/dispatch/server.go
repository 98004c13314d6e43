package dispatch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
	"github.com/sirupsen/logrus"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/tasks"
)

// Servers are the asynq servers of one lane: urgent jobs have slots of their
// own, and polls and pushes run on whatever happens to the calls.
type Servers struct {
	lane *Lane
	rdb  redis.UniversalClient
	log  *logrus.Logger

	mu     sync.Mutex
	acting []*asynq.Server // empty: taken down
	steady []*asynq.Server // run whatever the lane is shut for
	down   bool            // for good
}

const (
	followSlots = 10
	// Pushes have slots of their own: queries that wait for their turn, and bindings
	// that wait for the vendor, must not keep what has happened from being known.
	pushSlots = 10
	// settleTime is how long after the vendor's timeout a request may take to be
	// settled, where Redis does not answer.
	settleTime = persistFor + 10*time.Second
)

// NewServers builds the lane's servers on rdb; log gets asynq's own lines.
func NewServers(lane *Lane, rdb redis.UniversalClient, log *logrus.Logger) *Servers {
	return &Servers{lane: lane, rdb: rdb, log: log}
}

func (s *Servers) build(slots int, queues map[string]int) *asynq.Server {
	return asynq.NewServerFromRedisClient(s.rdb, asynq.Config{
		Concurrency:              slots,
		Queues:                   queues,
		TaskCheckInterval:        200 * time.Millisecond,
		DelayedTaskCheckInterval: time.Second,
		RetryDelayFunc: func(_ int, err error, _ *asynq.Task) time.Duration {
			delay, _ := queueBehaviour(err, time.Now())
			return delay
		},
		IsFailure: func(err error) bool {
			_, failure := queueBehaviour(err, time.Now())
			return failure
		},
		Logger:          s.log.WithField("lane", s.lane.Account),
		LogLevel:        asynq.WarnLevel,
		ShutdownTimeout: s.lane.Timeout + settleTime,
	})
}

// Start begins to take tasks.
func (s *Servers) Start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, server := range []*asynq.Server{
		s.build(followSlots, map[string]int{string(tasks.FollowQueue(s.lane.Account)): 1}),
		s.build(pushSlots, map[string]int{string(tasks.PushQueue(s.lane.Account)): 1}),
	} {
		if err := server.Start(asynq.HandlerFunc(s.lane.process)); err != nil {
			s.stopSteady()
			return fmt.Errorf("start lane %s: %w", s.lane.Account, err)
		}
		s.steady = append(s.steady, server)
	}
	if err := s.startActing(); err != nil {
		s.stopSteady()
		return err
	}
	return nil
}

func (s *Servers) stopSteady() {
	for _, server := range s.steady {
		server.Shutdown()
	}
	s.steady = nil
}

// startActing begins to take calls and bindings. s.mu is held.
func (s *Servers) startActing() error {
	urgent := max(s.lane.Concurrency/4, 1)
	s.lane.acting.over()
	for _, server := range []*asynq.Server{
		s.build(urgent, map[string]int{string(tasks.QueueOf(s.lane.Account, tasks.Urgent)): 1}),
		s.build(max(s.lane.Concurrency-urgent, 1), map[string]int{
			string(tasks.QueueOf(s.lane.Account, tasks.Normal)): 3,
			string(tasks.QueueOf(s.lane.Account, tasks.Bulk)):   1,
		}),
	} {
		if err := server.Start(asynq.HandlerFunc(s.lane.process)); err != nil {
			s.stopActing()
			return fmt.Errorf("start lane %s: %w", s.lane.Account, err)
		}
		s.acting = append(s.acting, server)
	}
	return nil
}

// stopActing takes no more calls and bindings, gives waiting ones back and waits
// for those being sent. s.mu is held.
func (s *Servers) stopActing() {
	var wg sync.WaitGroup
	for _, server := range s.acting {
		wg.Go(server.Stop)
	}
	wg.Wait()
	s.lane.acting.start()
	for _, server := range s.acting {
		wg.Go(server.Shutdown)
	}
	wg.Wait()
	s.acting = nil
}

// SetActing takes the servers of calls and bindings down, or builds them anew.
func (s *Servers) SetActing(on bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down || on == (len(s.acting) > 0) {
		return nil
	}
	if on {
		return s.startActing()
	}
	s.stopActing()
	return nil
}

// Shutdown takes no more tasks, gives waiting ones back at once, and returns
// when the requests in flight are settled.
func (s *Servers) Shutdown() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = true
	servers := slices.Concat(s.steady, s.acting)
	var wg sync.WaitGroup
	for _, server := range servers {
		wg.Go(server.Stop)
	}
	wg.Wait()
	s.lane.Drain()
	ctx, cancel := context.WithTimeout(context.Background(), s.lane.Timeout+settleTime)
	defer cancel()
	if err := s.lane.Wait(ctx); err != nil {
		s.lane.Log.Error("requests are still in flight at shutdown; their jobs become in_doubt")
	}
	for _, server := range servers {
		wg.Go(server.Shutdown)
	}
	wg.Wait()
}

// process runs one task. Nothing in it may reach asynq's archive: it ends with
// nil, or comes back.
func (l *Lane) process(ctx context.Context, t *asynq.Task) error {
	err := l.dispatch(ctx, t)
	if l.drainOf(tasks.Kind(t.Type())).draining() && errors.Is(err, context.Canceled) {
		return shuttingDown() // it was popped as the lane began to drain
	}
	return err
}

func (l *Lane) dispatch(ctx context.Context, t *asynq.Task) error {
	taskID, _ := asynq.GetTaskID(ctx)
	id, err := tasks.DecodePayload(t.Payload())
	if err != nil {
		return l.undecodable(ctx, id, taskID, t.Type(), err)
	}
	if done, err := l.receive(ctx, t, id, taskID); done || err != nil {
		return err
	}
	switch kind := tasks.Kind(t.Type()); kind {
	case tasks.KindNotify, tasks.KindConnect, tasks.KindBind, tasks.KindUnbind:
		state, err := l.Act(ctx, id, kind)
		if err == nil {
			l.keepResult(t, id, state)
		}
		return err
	case tasks.KindAccount:
		if _, planned := record.ProbedAccount(id); planned {
			return l.PlannedProbe(ctx, taskID)
		}
		_, err := l.Probe(ctx, id)
		return err
	case tasks.KindPoll:
		_, err := l.Poll(ctx, taskID)
		return err
	case tasks.KindPush:
		if record.IsPush(id) {
			return l.Push(ctx, id)
		}
	case tasks.KindRecording:
		_, err := l.Recording(ctx, id)
		return err
	}
	return l.undecodable(ctx, id, taskID, t.Type(), fmt.Errorf("kind %q is not known to this worker, or its id is of another kind", t.Type()))
}

// undecodable ends the job of a task that this worker cannot read, where it
// names one; the task itself is done with.
func (l *Lane) undecodable(ctx context.Context, id, taskID, kind string, why error) error {
	if id == "" {
		id, _, _ = tasks.SplitSequenced(taskID)
	}
	if _, ok := record.GroupOf(id); !ok {
		l.Log.WithField("task", taskID).Errorf("a task was dropped: %s", why)
		return nil
	}
	rec, err := l.Store.Get(ctx, id)
	if err != nil {
		return err
	}
	if rec == nil || rec.Account != l.Account || rec.Kind != kind {
		l.Log.WithField("task", taskID).Errorf("a task was dropped: %s; it names no job of this account and kind", why)
		return nil
	}
	_, err = l.refuse(ctx, id, why.Error())
	return err
}

// keepResult shows the job's state on the monitoring page, where the task is
// kept for a day. It tells nothing that the record does not.
func (l *Lane) keepResult(t *asynq.Task, id string, state record.State) {
	if state == "" || t.ResultWriter() == nil {
		return
	}
	b, err := json.Marshal(map[string]string{"id": id, "state": string(state)})
	if err == nil {
		_, err = t.ResultWriter().Write(b)
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		l.Log.WithField("job", id).WithError(err).Debug("the task's result was not kept for the monitoring page")
	}
}
