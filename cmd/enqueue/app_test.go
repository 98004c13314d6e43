package main

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/callpacer/callpacer/internal/redistest"
)

// rig is the command with another way to its Redis.
type rig struct {
	t           *testing.T
	app         *app
	out, errors bytes.Buffer
}

// appOn connects through hooks, and through a bubble's pipes.
func appOn(t *testing.T, r *redistest.Redis, hooks ...redis.Hook) *rig {
	t.Helper()
	g := &rig{t: t}
	g.app = newApp(strings.NewReader(""), &g.out, &g.errors)
	g.app.open = func(*redis.UniversalOptions) redis.UniversalClient { return r.NewClient(t, hooks...) }
	return g
}

// stdin replaces standard input.
func (g *rig) stdin(r io.Reader) *rig {
	g.app.stdin = r
	return g
}

// run runs one command line.
func (g *rig) run(ctx context.Context, args ...string) outcome {
	g.t.Helper()
	code := g.app.run(ctx, args)
	o := outcome{t: g.t, code: code, stdout: g.out.String(), stderr: g.errors.String()}
	o.checkStreams()
	return o
}
