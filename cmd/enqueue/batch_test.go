package main

import (
	"context"
	"errors"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/callpacer/callpacer/internal/redistest"
)

// betweenRequests does something, once, after the first request of a pipeline
// of scripts.
type betweenRequests struct{ do func() }

func (*betweenRequests) DialHook(next redis.DialHook) redis.DialHook { return next }

func (*betweenRequests) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }

func (b *betweenRequests) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if b.do == nil || len(cmds) < 2 || cmds[0].Name() != "evalsha" {
			return next(ctx, cmds)
		}
		first := next(ctx, cmds[:1])
		b.do()
		b.do = nil
		return errors.Join(first, next(ctx, cmds[1:]))
	}
}

// The first row of a key has the key, also where the server learns the scripts
// from somebody else in the middle of a chunk: the first row is refused, those
// behind it are not.
func TestImportFirstRowOfAKeyIsTheFirst(t *testing.T) {
	each(t, func(t *testing.T, r *redistest.Redis) {
		taught := false
		g := appOn(t, r, &betweenRequests{do: func() { notify(t, r); taught = true }})
		path := file(t, "calls.csv", "key,to,template\nA,13911110001,T1\nB,13911110002,T1\nA,13911110001,T2\n")
		o := g.run(t.Context(), "import", path, "--account", account, "--key-column", "key", "--json", "--redis", r.URL())
		o.want(3, "{", "3 rows: 2 accepted, 0 duplicates, 1 failed")
		if rows := o.lines(); !taught || rows[0]["error"] != nil || rows[2]["error"] == nil {
			t.Errorf("taught %v; %v", taught, rows)
		}
	})
}
