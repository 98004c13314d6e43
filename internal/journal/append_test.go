package journal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
)

func TestEntriesComeBackInOrder(t *testing.T) {
	dir := t.TempDir()
	j := opened(t, dir, Options{}, realDisk())
	if j.Pending() || len(files(t, dir)) > 0 {
		t.Errorf("something is pending in a new journal: %q", files(t, dir))
	}
	long := strings.Repeat("x\x00\xff", 1<<20)
	appended(t, j, "one", "two", long, "four")
	if !j.Pending() {
		t.Error("nothing is pending")
	}
	wantEntries(t, replayed(t, j), "one", "two", long, "four")
	if j.Pending() || len(files(t, dir)) > 0 {
		t.Errorf("something is left: %q", files(t, dir))
	}
	appended(t, j, "five")
	wantEntries(t, replayed(t, j), "five")
	wantEntries(t, replayed(t, j))
	for _, entry := range [][]byte{nil, {}, make([]byte, maxEntry+1)} {
		if err := j.Append(t.Context(), entry); err == nil {
			t.Errorf("an entry of %d bytes was taken", len(entry))
		}
	}
}

func TestOnlyTheOwnerReadsAJournal(t *testing.T) {
	dir := t.TempDir() + "/a/b"
	appended(t, opened(t, dir, Options{}, realDisk()), "one")
	for path, want := range map[string]os.FileMode{dir: 0o700, onlyFile(t, dir): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v, want %v", path, info.Mode(), err, want)
		}
	}
}

// Appends that come while the disk is flushed share the next flush.
func TestGroupCommit(t *testing.T) {
	d := &faulty{enter: make(chan struct{}), wait: make(chan struct{})}
	j := opened(t, t.TempDir(), Options{}, d.disk())
	var wg sync.WaitGroup
	add := func(i int) {
		wg.Go(func() {
			if err := j.Append(t.Context(), fmt.Appendf(nil, "%d", i)); err != nil {
				t.Error(err)
			}
		})
	}
	add(0)
	<-d.enter // the first is being flushed
	const n = 500
	for i := range n {
		add(1 + i)
	}
	d.wait <- struct{}{}
	finished := make(chan struct{})
	go func() { wg.Wait(); close(finished) }()
	for ended := false; !ended; {
		select {
		case <-d.enter:
			d.wait <- struct{}{}
		case <-finished:
			ended = true
		}
	}
	// How many wait already when the first flush ends is the scheduler's; nearly all.
	if d.syncs != d.writes || d.syncs > n/4 {
		t.Errorf("%d writes and %d flushes for %d appends", d.writes, d.syncs, n+1)
	}
	d.enter = nil
	if got := replayed(t, j); len(got) != n+1 {
		t.Errorf("%d entries, want %d", len(got), n+1)
	}
}

// Nothing is confirmed before its flush.
func TestAppendWaitsForTheDisk(t *testing.T) {
	d := &faulty{enter: make(chan struct{}), wait: make(chan struct{})}
	j := opened(t, t.TempDir(), Options{}, d.disk())
	done := make(chan error, 1)
	go func() { done <- j.Append(t.Context(), []byte("one")) }()
	<-d.enter
	select {
	case err := <-done:
		t.Errorf("confirmed before its flush: %v", err)
	default:
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := j.Append(ctx, []byte("two")); !errors.Is(err, context.Canceled) {
		t.Errorf("behind a disk that hangs: %v", err)
	}
	d.wait <- struct{}{}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// A full or broken disk is an error, and costs no entry that was confirmed
// before or is confirmed later.
func TestDiskThatFails(t *testing.T) {
	for short := range headBytes + 10 {
		for _, first := range []bool{true, false} {
			for _, atSync := range []bool{true, false} {
				dir := t.TempDir()
				d := &faulty{short: short}
				j := opened(t, dir, Options{}, d.disk())
				want := []string{"before"}
				if first {
					want = nil
				}
				appended(t, j, want...)
				d.set(func() { d.fail, d.failSync = !atSync, atSync })
				for range 3 {
					if err := j.Append(t.Context(), []byte("lost one")); !errors.Is(err, errDisk) {
						t.Fatalf("short %d: %v", short, err)
					}
				}
				if n := len(files(t, dir)); n != len(want) {
					t.Errorf("short %d: %d files for %d entries", short, n, len(want))
				}
				d.set(func() { d.fail, d.failSync = false, false })
				appended(t, j, "after", "last")
				wantEntries(t, replayed(t, j), append(want, "after", "last")...)
			}
		}
	}
}

func TestFullJournal(t *testing.T) {
	dir := t.TempDir()
	j := opened(t, dir, Options{MaxBytes: 1000}, realDisk())
	entry := strings.Repeat("x", 100-headBytes)
	appended(t, j, slices.Repeat([]string{entry}, 10)...)
	if err := j.Append(t.Context(), []byte("x")); !errors.Is(err, ErrFull) {
		t.Errorf("append to a full one: %v", err)
	}
	other := opened(t, dir, Options{MaxBytes: 1000}, realDisk())
	if err := other.Append(t.Context(), []byte("x")); !errors.Is(err, ErrFull) {
		t.Errorf("append by another: %v", err)
	}
	if got := replayed(t, j); len(got) != 10 {
		t.Errorf("%d entries", len(got))
	}
	appended(t, other, entry) // it counts anew
	appended(t, j, entry)
}

func TestSegmentsEndAtTheirSize(t *testing.T) {
	dir := t.TempDir()
	j := opened(t, dir, Options{}, realDisk())
	j.segmentBytes = 100
	var want []string
	for i := range 20 {
		want = append(want, fmt.Sprintf("entry %02d%s", i, strings.Repeat(".", 31-headBytes)))
		appended(t, j, want[i])
	}
	want = append(want, strings.Repeat("larger than a segment", 20))
	appended(t, j, want[20])
	if n := len(files(t, dir)); n != 11 {
		t.Errorf("%d segments: %q", n, files(t, dir))
	}
	wantEntries(t, replayed(t, j), want...)
}

func TestClosedJournal(t *testing.T) {
	j := opened(t, t.TempDir(), Options{}, realDisk())
	appended(t, j, "one")
	if err := errors.Join(j.Close(), j.Close()); err != nil {
		t.Fatal(err)
	}
	if err := j.Append(t.Context(), []byte("two")); !errors.Is(err, ErrClosed) {
		t.Errorf("append: %v", err)
	}
	if _, err := j.Replay(t.Context(), nil); !errors.Is(err, ErrClosed) {
		t.Errorf("replay: %v", err)
	}
	if j.Pending() {
		t.Error("a closed journal has something to replay")
	}
}

func TestFolderThatCannotBeUsed(t *testing.T) {
	file := t.TempDir() + "/file"
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{file, file + "/below", "/proc/journal"} {
		if j, err := Open(dir, Options{Log: quiet()}); err == nil {
			t.Errorf("%s was opened", dir)
			_ = j.Close()
		}
	}
}
