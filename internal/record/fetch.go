package record

import (
	"context"
	_ "embed"
	"fmt"
	"time"
)

//go:embed lua/claim_fetches.lua
var claimFetchesBody string

//go:embed lua/fetch_step.lua
var fetchStepBody string

var (
	claimFetchesScript = NewScript("claim due recordings", claimFetchesBody)
	fetchStepScript    = NewScript("say what became of a recording", fetchStepBody)
)

// Fetch says when the recording of a call that was answered is first fetched, and for
// how long its vendor keeps it, both from now.
type Fetch struct{ After, Keep time.Duration }

// FetchState is how far the recording of a call is; empty: none is to be fetched.
type FetchState string

// The three.
const (
	FetchDue    FetchState = "due"
	FetchStored FetchState = "stored"
	FetchLost   FetchState = "lost" // the vendor has it no more, or never had
)

// File is what is known of a call's recording and the file that it became.
type File struct {
	Fetch  FetchState
	Until  time.Time // the vendor keeps it until then
	Tries  int       // that failed
	Why    string    // the last one did
	URL    string    // where it is stored
	SHA256 string    // in hex
	Size   int64     // in bytes
	Type   string    // its media type
}

func fileOf(h map[string]string) File {
	return File{
		Fetch: FetchState(h["fetch"]), Until: instant(h["fetch_until"]), Tries: count(h["fetch_tries"]), Why: h["fetch_why"],
		URL: h["file_url"], SHA256: h["file_sha256"], Size: int64(count(h["file_size"])), Type: h["file_type"],
	}
}

// ClaimFetches leases at most limit calls whose recordings are due, those first that
// their vendor keeps for the shortest time. One whose lease runs out is due again.
func (s *Store) ClaimFetches(ctx context.Context, group string, limit int, lease time.Duration) ([]Lease, error) {
	answer, err := s.RunGroup(ctx, claimFetchesScript, group, map[string]any{"limit": limit, "lease": lease.Milliseconds()})
	if err != nil {
		return nil, err
	}
	until, err := Millis(answer, 0)
	if err != nil {
		return nil, fmt.Errorf("claim due recordings: %w", err)
	}
	var leases []Lease
	for _, id := range answer[1:] {
		leases = append(leases, Lease{Member: id, until: until.UnixMilli()})
	}
	return leases, nil
}

// Stored says that the job's recording is in its file. first is false where somebody
// said so before.
func (s *Store) Stored(ctx context.Context, id string, f File) (first bool, err error) {
	answer, err := s.Run(ctx, fetchStepScript, id, nil, map[string]any{
		"step": "stored", "url": f.URL, "sha256": f.SHA256, "size": f.Size, "type": f.Type,
	})
	return at(answer, 0) == "stored", err
}

// FetchAgain says that a try failed; the next one is due after in, the last one as the
// vendor's time ends. After that the recording is lost.
func (s *Store) FetchAgain(ctx context.Context, l Lease, in time.Duration, why string) (FetchState, error) {
	return s.fetchStep(ctx, l, map[string]any{"step": "again", "again_in": in.Milliseconds(), "why": why})
}

// RenewFetch moves the lease's end on by some time, for who is still at work; held is
// false where the lease is another one's by now, or the recording is done with.
func (s *Store) RenewFetch(ctx context.Context, l Lease, by time.Duration) (later Lease, held bool, err error) {
	later = Lease{Member: l.Member, until: l.until + by.Milliseconds()}
	answer, err := s.Run(ctx, fetchStepScript, l.Member, nil, map[string]any{"step": "renew", "leased": l.until, "till": later.until})
	return later, at(answer, 0) == "renewed", err
}

// FetchLost says that the recording will never be had.
func (s *Store) FetchLost(ctx context.Context, l Lease, why string) error {
	_, err := s.fetchStep(ctx, l, map[string]any{"step": "lost", "why": why})
	return err
}

func (s *Store) fetchStep(ctx context.Context, l Lease, args map[string]any) (FetchState, error) {
	args["leased"] = l.until
	answer, err := s.Run(ctx, fetchStepScript, l.Member, nil, args)
	switch at(answer, 0) {
	case "again":
		return FetchDue, err
	case "lost":
		return FetchLost, err
	}
	return "", err
}
