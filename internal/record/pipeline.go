package record

import (
	"context"
	"errors"
	"strings"

	"github.com/redis/go-redis/v9"
)

// Request is one request of a Pipeline: a script, or a plain command.
type Request struct {
	Source string   // of the script; "": Args are a command and its arguments
	SHA    string   // of Source, in lower-case hex
	Keys   []string // of the script
	Args   []any
	// Reply is what became of it: an answer, or an error.
	Reply *redis.Cmd
}

// Pipeline sends requests in one round trip, and in a second one those scripts
// again that a server did not know. Each request has its own reply; where the
// connection broke nobody knows which of them were executed. In Redis Cluster
// the order holds among requests of one slot only.
func Pipeline(ctx context.Context, rdb redis.UniversalClient, requests []*Request) {
	pipe := rdb.Pipeline()
	for _, r := range requests {
		if r.Source == "" {
			r.Reply = pipe.Do(ctx, r.Args...)
		} else {
			r.Reply = pipe.EvalSha(ctx, r.SHA, r.Keys, r.Args...)
		}
	}
	exec(ctx, pipe, requests)
	var unknown []*Request
	for _, r := range requests {
		if redis.HasErrorPrefix(r.Reply.Err(), "NOSCRIPT") {
			unknown = append(unknown, r)
		}
	}
	if len(unknown) == 0 {
		return
	}
	pipe = rdb.Pipeline()
	taught := make(map[string]bool)
	for _, r := range unknown {
		// The first on a node teaches it the script, which is longer than many requests.
		if at := r.SHA + hashTag(r.Keys); !taught[at] {
			taught[at] = true
			r.Reply = pipe.Eval(ctx, r.Source, r.Keys, r.Args...)
		} else {
			r.Reply = pipe.EvalSha(ctx, r.SHA, r.Keys, r.Args...)
		}
	}
	exec(ctx, pipe, unknown)
}

var errUnanswered = errors.New("the request was not answered")

// exec runs the pipeline. Its error is the first of the replies'.
func exec(ctx context.Context, pipe redis.Pipeliner, requests []*Request) {
	_, err := pipe.Exec(ctx)
	for _, r := range requests {
		// A client that gives up early may leave commands as they were.
		if r.Reply.Err() == nil && r.Reply.Val() == nil {
			r.Reply.SetErr(errors.Join(errUnanswered, err))
		}
	}
}

// hashTag is what decides on the first key's slot.
func hashTag(keys []string) string {
	if len(keys) == 0 {
		return ""
	}
	_, rest, opened := strings.Cut(keys[0], "{")
	tag, _, closed := strings.Cut(rest, "}")
	if !opened || !closed || tag == "" {
		return keys[0]
	}
	return tag
}
