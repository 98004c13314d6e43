package main

import (
	"context"

	"github.com/callpacer/callpacer/internal/record"
)

// awaited is an accepted row whose end is waited for.
type awaited struct {
	row int
	id  string
}

// awaitAll follows the accepted rows to their ends, in their order.
func (b *batch) awaitAll(ctx context.Context) error {
	w, stop := b.app.newWaiter(b.link, b.flags.timeout)
	defer stop()
	unfinished := 0
	for _, job := range b.waiting {
		var s sight
		var late bool
		var err error
		if unfinished == 0 {
			s, late, err = w.wait(ctx, job.id)
		} else if s, err = b.link.look(ctx, job.id); err == nil {
			late = !s.settled()
		}
		if err != nil {
			return b.waitFailed(job, err)
		}
		if late {
			unfinished++
		}
		if err := b.tellEnd(job, s); err != nil {
			return err
		}
	}
	if unfinished > 0 {
		b.app.say("waited %s; %d of %d jobs have not ended", b.flags.timeout, unfinished, len(b.waiting))
		return &failure{status: exitFailed, silent: true}
	}
	return nil
}

func (b *batch) waitFailed(job awaited, err error) error {
	b.app.say("row %d: %s", job.row, err)
	return &failure{status: exitFailed, silent: true}
}

func (b *batch) tellEnd(job awaited, s sight) error {
	cause := ""
	if s.rec != nil {
		cause = cleaner(s.rec)(s.rec.Cause)
	}
	if !b.app.json {
		return printLine(b.app.stdout, "row %d: %s %s %s", job.row, job.id, s.state, cause)
	}
	return printJSON(b.app.stdout, struct {
		Row   int          `json:"row"`
		ID    string       `json:"id"`
		State record.State `json:"state"`
		Cause string       `json:"cause"`
	}{job.row, job.id, s.state, cause})
}
