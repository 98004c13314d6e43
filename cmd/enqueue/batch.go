package main

import (
	"bufio"
	"context"
	"errors"
	"io"

	"github.com/callpacer/callpacer/tasks"
)

// chunkRows is how many rows are read before they are enqueued together.
const chunkRows = 200

// item is one row of a chunk.
type item struct {
	row int // from 1; a header and empty lines do not count
	job tasks.Job
	err error // the row's own
}

// batch is one import.
type batch struct {
	app   *app
	link  *link  // nil: there is no Redis
	judge *judge // of a dry run; else nil
	flags importFlags
	keys  *rowKeys
	out   *bufio.Writer

	chunk   []item
	inChunk map[string]bool // account and key of its rows
	told    int             // rows that were told

	accepted, duplicates, failed int
	waiting                      []awaited
}

// newBatch returns an import over l, or, where j is not nil, a dry run by it.
func newBatch(a *app, l *link, j *judge, f importFlags) *batch {
	return &batch{app: a, link: l, judge: j, flags: f, keys: newRowKeys(), out: bufio.NewWriter(a.stdout), inChunk: map[string]bool{}}
}

// all enqueues every row. Its error ends the import early: the rows of the
// chunk that was being read are then not enqueued.
func (b *batch) all(ctx context.Context, rows rowSource) error {
	for row := 1; ; row++ {
		i, err := rows.next()
		if errors.Is(err, io.EOF) {
			return b.flush(ctx)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err != nil {
			return err
		}
		i.row = row
		if i.err == nil && i.job.IdempotencyKey == "" && !b.flags.fresh {
			i.job.IdempotencyKey, i.err = b.keys.keyOf(i.job)
		}
		if err := b.add(ctx, i); err != nil {
			return err
		}
	}
}

// add takes a row into the chunk. Rows of one key never share a chunk, so that
// the first in the file has the key: a chunk's rows are sent in order, but a
// server that learns the script from another client meanwhile refuses the first
// of them once and takes a later one at its first try.
func (b *batch) add(ctx context.Context, i item) error {
	name := i.job.Account + "\x00" + i.job.IdempotencyKey
	keyed := i.err == nil && i.job.IdempotencyKey != ""
	if len(b.chunk) == chunkRows || keyed && b.inChunk[name] {
		if err := b.flush(ctx); err != nil {
			return err
		}
	}
	b.chunk = append(b.chunk, i)
	if keyed {
		b.inChunk[name] = true
	}
	return nil
}

// try enqueues jobs, or says what would become of them.
func (b *batch) try(ctx context.Context, jobs []tasks.Job) []tasks.Result {
	if b.judge != nil {
		return b.judge.all(ctx, jobs)
	}
	return b.link.client.EnqueueMany(ctx, jobs)
}

// flush enqueues the chunk and tells its rows.
func (b *batch) flush(ctx context.Context) error {
	var jobs []tasks.Job
	for _, i := range b.chunk {
		if i.err == nil {
			jobs = append(jobs, i.job)
		}
	}
	results := b.try(ctx, jobs)
	var lost error // not the fault of a row
	for _, i := range b.chunk {
		var result tasks.Result
		if i.err != nil {
			result.Err = i.err
		} else {
			result, results = results[0], results[1:]
		}
		if result.Err != nil && i.err == nil && refusal(result.Err) == nil {
			lost = result.Err
		}
		if err := b.tell(i, result); err != nil {
			return err
		}
	}
	b.chunk = b.chunk[:0]
	clear(b.inChunk)
	if err := b.out.Flush(); err != nil {
		return failf("", "write to standard output: %v", err)
	}
	if lost == nil || b.link == nil {
		return lost
	}
	// Some rows were lost to Redis. The others are tried only if it is back.
	if err := b.link.ping(ctx); err != nil {
		return b.link.explain(err, "; no row after these was tried")
	}
	return nil
}

// finish tells the sum, waits where that was asked for, and finds the status.
// broken is what ended the import early.
func (b *batch) finish(ctx context.Context, broken error) error {
	if b.judge != nil {
		b.app.say("%d rows: %d valid, %d failed%s; nothing was written", b.told, b.accepted, b.failed, b.judge.by())
	} else {
		b.app.say("%d rows: %d accepted, %d duplicates, %d failed", b.told, b.accepted, b.duplicates, b.failed)
	}
	if broken != nil {
		return b.early(broken)
	}
	if err := b.awaitAll(ctx); err != nil {
		return err
	}
	if b.failed > 0 {
		return &failure{status: exitSomeRows, silent: true}
	}
	return nil
}

// early tells why the import ended before the file did. Standard output holds
// rows and nothing else, once it holds any.
func (b *batch) early(broken error) error {
	var f *failure
	if !errors.As(broken, &f) {
		f = failf("", "%s", broken)
	}
	if b.told == 0 {
		return f
	}
	if err := b.tellUnended(b.waiting); err != nil {
		return err
	}
	b.app.say("%s (stopped after row %d; import the file again when this is mended)", f, b.told)
	return &failure{status: exitFailed, silent: true}
}
