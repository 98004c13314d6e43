package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/sandbox"
)

// hearPatience is how long the application may take to hear of what has happened.
const hearPatience = 10 * time.Second

// heard waits until the application was told every change of the samples' jobs.
func (b *sampleBatch) heard(ctx context.Context) error {
	missing, err := b.lookFor(ctx, hearPatience, func(records []*record.Record) string {
		return untold(records, b.world.hears.Events())
	})
	if err == nil && missing != "" {
		err = fmt.Errorf("the application did not hear of %s within %s", missing, hearPatience)
	}
	return err
}

// lookFor looks at the samples' records until nothing is missing in them. What is
// missing when the patience, or ctx, ends is returned.
func (b *sampleBatch) lookFor(ctx context.Context, patience time.Duration, missingIn func([]*record.Record) string) (missing string, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		records, err := b.asTheyAre(ctx)
		if err != nil {
			return "", err
		}
		if missing = missingIn(records); missing == "" {
			return "", nil
		}
		timer := time.NewTimer(sampleLook)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return missing, nil
		}
	}
}

// asTheyAre are the samples' records as they stand now.
func (b *sampleBatch) asTheyAre(ctx context.Context) ([]*record.Record, error) {
	var records []*record.Record
	for _, id := range b.ids {
		if id == "" {
			continue
		}
		r, err := b.world.app.store.Get(ctx, id)
		if err != nil {
			return nil, fmt.Errorf("read what the application is to hear of: %w", err)
		}
		if r != nil {
			records = append(records, r)
		}
	}
	return records, nil
}

// change is one revision of a job.
type change struct {
	job      string
	revision int
}

// untold names a change that the application has not heard of; empty: there is none.
func untold(records []*record.Record, events []sandbox.Told) string {
	told := map[change]bool{}
	for _, e := range events {
		told[change{e.Job, e.Revision}] = e.Taken > 0
	}
	for _, r := range records {
		for revision := 1; r.Tells && revision <= r.Revision; revision++ {
			if !told[change{r.ID, revision}] {
				return fmt.Sprintf("revision %d of job %s", revision, r.ID)
			}
		}
	}
	return ""
}

// judgeHeard says what the application heard, and what it never may hear.
func (b *sampleBatch) judgeHeard() (line string, err error) {
	a := b.world.hears
	events, jobs := a.Events(), a.LastRevisions()
	if len(events) == 0 {
		return "", errors.New("the application heard nothing")
	}
	for what, wrong := range map[string][]string{
		"with two bodies": a.DifferentBodies(), "again": a.ToldAgain(), "of one change under two ids": a.RevisionsTwice(),
	} {
		if len(wrong) > 0 {
			return "", fmt.Errorf("the application heard %d events %s, such as %s", len(wrong), what, wrong[0])
		}
	}
	if c := a.Counts(); c.Unverifiable > 0 {
		return "", fmt.Errorf("the application refused %d requests: %s", c.Unverifiable, c.LastRefusal)
	}
	return fmt.Sprintf("The application heard %d signed events of %d jobs, each change once.", len(events), len(jobs)), nil
}
