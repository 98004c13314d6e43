package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/tasks"
)

// storePatience is how long the recordings of calls that have ended may take.
const storePatience = 20 * time.Second

// stored waits until no sample's recording is still to be fetched.
func (b *sampleBatch) stored(ctx context.Context) error {
	missing, err := b.lookFor(ctx, storePatience, unfetched)
	if err == nil && missing != "" {
		err = fmt.Errorf("a recording was not fetched within %s: %s", storePatience, missing)
	}
	return err
}

// unfetched names a job whose recording is still to be fetched; empty: there is none.
func unfetched(records []*record.Record) (missing string) {
	for _, r := range records {
		if r.File.Fetch == record.FetchDue {
			missing = r.ID + ": " + r.File.Why
		}
	}
	return missing
}

// judgeStored compares what is stored with what the vendors have: each answered call's
// recording, byte for byte, and another for each job that asked for one.
func (b *sampleBatch) judgeStored() (line string, err error) {
	records, err := b.asTheyAre(context.Background())
	if err != nil {
		return "", err
	}
	var errs []error
	theirs, had := b.world.vendors.recordings(), map[heldCall]bool{}
	n := 0
	for _, r := range records {
		call, err := callOf(r)
		if err != nil {
			return "", err
		}
		want, there := theirs[call]
		if !there && r.Kind != string(tasks.KindRecording) {
			continue
		}
		if r.File.Fetch != record.FetchStored || r.File.SHA256 != want.SHA256 || r.File.Size != int64(want.Size) {
			errs = append(errs, fmt.Errorf("the recording of job %s is %q (%d bytes, sha256 %s), and the vendor has %d bytes, sha256 %s",
				r.ID, r.File.Fetch, r.File.Size, r.File.SHA256, want.Size, want.SHA256))
		}
		had[call] = true
		n++
	}
	for call := range theirs {
		if !had[call] {
			errs = append(errs, fmt.Errorf("call %s of %s was recorded, and no job has its audio", call.id, call.account))
		}
	}
	if n == 0 {
		errs = append(errs, errors.New("no recording was stored"))
	}
	return fmt.Sprintf("%d recordings were stored, byte for byte as the vendors have them.", n), errors.Join(errs...)
}

// heldCall is a call that its vendor has a recording of.
type heldCall struct{ account, id string }

// callOf is the call that a job is about.
func callOf(r *record.Record) (heldCall, error) {
	if r.Kind != string(tasks.KindRecording) {
		return heldCall{r.Account, r.VendorID}, nil
	}
	c, err := tasks.DecodeContent(tasks.KindRecording, r.Content)
	if err != nil {
		return heldCall{}, fmt.Errorf("read job %s: %w", r.ID, err)
	}
	return heldCall{r.Account, c.VendorID}, nil
}
