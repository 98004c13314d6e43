package tasks

import (
	"context"
	"errors"
	"fmt"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/callpacer/callpacer/internal/record"
)

// PutMany is Put for many tasks in one round trip, or two where the server does
// not know asynq's scripts; the errors are in the order of the entries. asynq
// itself says what is to be run and what the answers mean: its client is asked
// twice about every entry, once on a Redis that takes down what it wants and
// sends nothing, and again on one that repeats what the real one answered.
func (b *AsynqBroker) PutMany(ctx context.Context, entries []Entry) []error {
	t := newTape()
	errs := make([]error, len(entries))
	taker := asynq.NewClientFromRedisClient(recording{b.rdb, t})
	for i, e := range entries {
		t.entry = i
		errs[i] = put(ctx, taker, e) // always an error, for nothing has run
	}
	if len(t.scripts) == 0 {
		return errs
	}
	record.Pipeline(ctx, b.rdb, t.requests)
	player := asynq.NewClientFromRedisClient(playing{b.rdb, t})
	for i, e := range entries {
		if t.scripts[i] != nil {
			t.entry = i
			errs[i] = put(ctx, player, e)
		}
	}
	return errs
}

// tape is what asynq's client wants to run for many entries.
type tape struct {
	entry    int // whose turn it is
	requests []*record.Request
	scripts  map[int]*record.Request    // by entry
	adds     map[string]*record.Request // by the command: a client names a queue once
	sources  map[string]string          // by hash
}

func newTape() *tape {
	return &tape{
		scripts: make(map[int]*record.Request), adds: make(map[string]*record.Request), sources: make(map[string]string),
	}
}

var (
	errTaken   = errors.New("taken down, not run")
	errNotSent = errors.New("asynq asked for what was not sent")
)

func failed(ctx context.Context, err error) *redis.Cmd {
	cmd := redis.NewCmd(ctx)
	cmd.SetErr(err)
	return cmd
}

// recording is a Redis that takes down. No script gets an answer from it, so
// asynq ends an entry at the first.
type recording struct {
	redis.UniversalClient
	t *tape
}

// EvalSha is refused until the script's source is known, which asynq sends then.
func (r recording) EvalSha(ctx context.Context, sha string, keys []string, args ...any) *redis.Cmd {
	source, ok := r.t.sources[sha]
	if !ok {
		return failed(ctx, redis.ErrNoScript)
	}
	request := &record.Request{Source: source, SHA: sha, Keys: keys, Args: args}
	r.t.requests = append(r.t.requests, request)
	r.t.scripts[r.t.entry] = request
	return failed(ctx, errTaken)
}

func (r recording) Eval(ctx context.Context, source string, keys []string, args ...any) *redis.Cmd {
	sha := redis.NewScript(source).Hash()
	r.t.sources[sha] = source
	return r.EvalSha(ctx, sha, keys, args...)
}

func (r recording) SAdd(_ context.Context, key string, members ...any) *redis.IntCmd {
	request := &record.Request{Args: append([]any{"sadd", key}, members...)}
	r.t.requests = append(r.t.requests, request)
	r.t.adds[fmt.Sprint(request.Args...)] = request
	return redis.NewIntResult(1, nil)
}

// playing is a Redis that repeats what the real one answered.
type playing struct {
	redis.UniversalClient
	t *tape
}

func (p playing) EvalSha(context.Context, string, []string, ...any) *redis.Cmd {
	return p.t.scripts[p.t.entry].Reply
}

// Eval is asked for where the server forgot the script a second time.
func (p playing) Eval(context.Context, string, []string, ...any) *redis.Cmd {
	return p.t.scripts[p.t.entry].Reply
}

func (p playing) SAdd(_ context.Context, key string, members ...any) *redis.IntCmd {
	request := p.t.adds[fmt.Sprint(append([]any{"sadd", key}, members...)...)]
	if request == nil {
		return redis.NewIntResult(0, errNotSent)
	}
	n, err := request.Reply.Int64()
	return redis.NewIntResult(n, err)
}
