package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/recordjson"
)

// awaited is an accepted row whose end is waited for.
type awaited struct {
	row       int
	id        string
	state     string // when it was accepted
	duplicate bool
}

// awaitAll follows the accepted rows to their ends, in their order.
func (b *batch) awaitAll(ctx context.Context) error {
	w, stop := b.app.newWaiter(b.link, b.flags.timeout)
	defer stop()
	unfinished := 0
	for i, job := range b.waiting {
		var s sight
		var late bool
		var err error
		if unfinished == 0 {
			s, late, err = w.wait(ctx, job.id)
		} else if s, err = b.link.look(ctx, job.id); err == nil {
			late = !s.settled()
		}
		if err != nil {
			return b.waitFailed(i, err)
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

// waitFailed breaks the wait off at the i-th job.
func (b *batch) waitFailed(i int, err error) error {
	if told := b.tellUnended(b.waiting[i:]); told != nil {
		return told
	}
	b.app.say("row %d: %s", b.waiting[i].row, err)
	return &failure{status: exitFailed, silent: true}
}

// tellUnended gives rows that are no longer waited for their line. It is theirs
// with --json only: otherwise they have had one.
func (b *batch) tellUnended(jobs []awaited) error {
	if !b.app.json {
		return nil
	}
	for _, job := range jobs {
		if err := b.printEnd(job, record.State(job.state), ""); err != nil {
			return err
		}
	}
	return nil
}

func (b *batch) tellEnd(job awaited, s sight) error {
	cause := ""
	if s.rec != nil {
		cause = recordjson.Of(s.rec, s.parent).Cause
	}
	if !b.app.json {
		return printLine(b.app.stdout, "%s", strings.TrimSpace(fmt.Sprintf("row %d: %s %s %s", job.row, job.id, s.state, cause)))
	}
	return b.printEnd(job, s.state, cause)
}

func (b *batch) printEnd(job awaited, state record.State, cause string) error {
	return printJSON(b.app.stdout, struct {
		Row       int          `json:"row"`
		ID        string       `json:"id"`
		State     record.State `json:"state"`
		Duplicate bool         `json:"duplicate"`
		Cause     string       `json:"cause"`
	}{job.row, job.id, state, job.duplicate, cause})
}
