package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/tasks"
)

const (
	sampleDeadline = 90 * time.Second
	sampleLook     = 100 * time.Millisecond
)

// sampleBatch runs the samples and watches them.
type sampleBatch struct {
	world     *world
	say, out  io.Writer
	json      bool
	inPlace   bool // say is a terminal
	client    *tasks.Client
	samples   []sample
	ids       []string
	last      []record.State
	records   []*record.Record
	startedAt time.Time
	drawn     int // lines that were drawn in place
}

func (b *sampleBatch) run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, sampleDeadline)
	defer cancel()
	b.samples = sampleList()
	b.client, b.startedAt = tasks.NewClient(b.world.app.rdb), time.Now()
	b.ids, b.last = make([]string, len(b.samples)), make([]record.State, len(b.samples))
	b.records = make([]*record.Record, len(b.samples))
	fmt.Fprintf(b.say, "Dispatching a sample batch of %d jobs:\n", len(b.samples))
	for _, later := range []bool{false, true} {
		if err := b.start(ctx, later); err != nil {
			return err
		}
		if err := b.watch(ctx, later); err != nil {
			return err
		}
	}
	if err := b.stored(ctx); err != nil {
		return err
	}
	if err := b.heard(ctx); err != nil {
		return err
	}
	if err := b.print(); err != nil {
		return err
	}
	return b.judge()
}

// start starts the samples of one half.
func (b *sampleBatch) start(ctx context.Context, later bool) error {
	for i, s := range b.samples {
		if s.later != later {
			continue
		}
		id, err := s.start(ctx, b)
		if err != nil {
			return fmt.Errorf("start the sample %q: %w", s.what, err)
		}
		b.ids[i] = id
	}
	return nil
}

// record is what stands under the sample with this name.
func (b *sampleBatch) record(what string) *record.Record {
	for i, s := range b.samples {
		if s.what == what && b.records[i] != nil {
			return b.records[i]
		}
	}
	return &record.Record{}
}

// await watches until the sample with this name has come to such a state.
func (b *sampleBatch) await(ctx context.Context, what string, come func(record.State) bool) error {
	for !come(b.record(what).State) {
		if _, err := b.look(ctx, true); err != nil {
			return err
		}
		if err := b.pause(ctx, 1); err != nil {
			return err
		}
	}
	return nil
}

// watch shows progress until each job stands where it must, or has ended.
func (b *sampleBatch) watch(ctx context.Context, later bool) error {
	for {
		open, err := b.look(ctx, later)
		if err != nil || open == 0 {
			return err
		}
		if err := b.pause(ctx, open); err != nil {
			return err
		}
	}
}

// look reads every record once, shows what changed, and counts the jobs that
// are not where they must be.
func (b *sampleBatch) look(ctx context.Context, later bool) (open int, err error) {
	changed := false
	for i, id := range b.ids {
		if id == "" {
			continue
		}
		r, err := b.world.app.store.Get(ctx, id)
		if err != nil {
			return 0, fmt.Errorf("watch the samples: %w", err)
		}
		if r == nil && b.records[i] == nil {
			open++ // made by the vendor's push, which is under way
			continue
		}
		if r == nil {
			return 0, fmt.Errorf("watch the samples: the record of job %s is gone", id)
		}
		b.records[i] = r
		if r.State != b.last[i] {
			b.last[i], changed = r.State, true
			b.tell(i, r)
		}
		if !r.State.Final() && !b.asExpected(i, r) && (later || r.State != b.samples[i].first) {
			open++
		}
	}
	if changed {
		b.draw()
	}
	return open, nil
}

func (b *sampleBatch) pause(ctx context.Context, open int) error {
	timer := time.NewTimer(sampleLook)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
	}
	after := time.Since(b.startedAt).Round(100 * time.Millisecond)
	if errors.Is(ctx.Err(), context.Canceled) {
		return fmt.Errorf("interrupted after %s: %d jobs of the sample batch were still open", after, open)
	}
	return fmt.Errorf("the sample batch did not end: %d jobs are still open after %s", open, after)
}
