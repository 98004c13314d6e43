package journal

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
)

// Two processes share a folder: neither takes what the other still owns.
func TestSharedFolder(t *testing.T) {
	dir := t.TempDir()
	a, b := opened(t, dir, Options{}, realDisk()), opened(t, dir, Options{}, realDisk())
	appended(t, a, "a1", "a2")
	if b.Pending() {
		t.Error("the other's entries are ours to replay")
	}
	wantEntries(t, replayed(t, b))
	appended(t, b, "b1")
	wantEntries(t, replayed(t, b), "b1")
	// Also what the owner could not replay stays its own while it lives.
	if _, err := a.Replay(t.Context(), func(context.Context, []byte) error { return errDisk }); !errors.Is(err, errDisk) {
		t.Error(err)
	}
	appended(t, a, "a3")
	wantEntries(t, replayed(t, b))
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if !b.Pending() {
		t.Error("nobody's entries are not pending")
	}
	wantEntries(t, replayed(t, b), "a1", "a2", "a3")
	if left := files(t, dir); len(left) > 0 || b.Pending() {
		t.Errorf("left: %q", left)
	}
}

// Of many that replay the same at once, one does.
func TestTakenOnce(t *testing.T) {
	dir := t.TempDir()
	dead := opened(t, dir, Options{}, realDisk())
	for i := range 50 {
		appended(t, dead, fmt.Sprint(i))
		dead.mu.Lock()
		dead.current = nil // a segment each
		dead.mu.Unlock()
	}
	if err := dead.Close(); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	got := map[string]int{}
	var wg sync.WaitGroup
	for range 8 {
		j := opened(t, dir, Options{}, realDisk())
		wg.Go(func() {
			for j.Pending() {
				if _, err := j.Replay(t.Context(), func(_ context.Context, entry []byte) error {
					mu.Lock()
					defer mu.Unlock()
					got[string(entry)]++
					return nil
				}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	for i := range 50 {
		if got[fmt.Sprint(i)] != 1 {
			t.Errorf("entry %d was replayed %d times", i, got[fmt.Sprint(i)])
		}
	}
}

// A segment that somebody replayed between our opening and our lock is gone, and
// not ours.
func TestReplacedSegmentIsNotTaken(t *testing.T) {
	dir := t.TempDir()
	appended(t, opened(t, dir, Options{}, realDisk()), "one")
	path := onlyFile(t, dir)
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if !stillNamed(f, path) {
		t.Error("a file that is there is taken for removed")
	}
	if err := os.Rename(path, path+".other"); err != nil {
		t.Fatal(err)
	}
	if stillNamed(f, path) {
		t.Error("a removed file is taken for one that is there")
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if stillNamed(f, path) {
		t.Error("another file is taken for the one that we opened")
	}
}

const childDir = "CALLPACER_JOURNAL_CHILD"

// writeUntilKilled appends from several goroutines and prints what is confirmed;
// it returns only where that fails.
func writeUntilKilled(dir string) error {
	j, err := Open(dir, Options{Log: quiet()})
	if err != nil {
		return err
	}
	var mu sync.Mutex
	failed := make(chan error)
	for w := range 8 {
		go func() {
			for i := 0; ; i++ {
				entry := fmt.Sprintf("%d/%d", w, i)
				if err := j.Append(context.Background(), []byte(entry)); err != nil {
					failed <- err
				}
				mu.Lock()
				fmt.Fprintln(os.Stdout, entry)
				mu.Unlock()
			}
		}()
	}
	return <-failed
}

// A process that is killed while it writes leaves everything that it confirmed,
// and its lock goes with it.
func TestKilledWriter(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	cmd.Stderr = os.Stderr
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	j := opened(t, dir, Options{}, realDisk())
	confirmed := map[string]bool{}
	lines := bufio.NewScanner(pipe)
	for lines.Scan() {
		confirmed[lines.Text()] = true
		if len(confirmed) == 500 {
			if j.Pending() {
				t.Error("a living process's entries are ours")
			}
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil || len(confirmed) < 500 {
		t.Fatalf("the writer ended by itself after %d entries: %v", len(confirmed), err)
	}
	got := map[string]bool{}
	for _, entry := range replayed(t, j) {
		got[entry] = true
	}
	for entry := range confirmed {
		if !got[entry] {
			t.Errorf("confirmed entry %s is lost", entry)
		}
	}
}
