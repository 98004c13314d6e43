package journal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestFailureOfAReplayKeepsTheSegment(t *testing.T) {
	dir := t.TempDir()
	j := opened(t, dir, Options{}, realDisk())
	appended(t, j, "one", "two", "three")
	away := errors.New("away")
	n, err := j.Replay(t.Context(), func(_ context.Context, entry []byte) error {
		if string(entry) == "two" {
			return away
		}
		return nil
	})
	if n != 1 || !errors.Is(err, away) || !j.Pending() {
		t.Fatalf("%d, %v", n, err)
	}
	appended(t, j, "four")
	wantEntries(t, replayed(t, j), "one", "two", "three", "four")
	appended(t, j, "five")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := j.Replay(ctx, func(context.Context, []byte) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("under an ended context: %v", err)
	}
	wantEntries(t, replayed(t, j), "five")
}

// What is appended while a replay runs is the next one's.
func TestAppendDuringAReplay(t *testing.T) {
	j := opened(t, t.TempDir(), Options{}, realDisk())
	appended(t, j, "one")
	if n, err := j.Replay(t.Context(), func(context.Context, []byte) error { appended(t, j, "two"); return nil }); n != 1 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	wantEntries(t, replayed(t, j), "two")
}

// A crash, wherever in the file, costs nothing that was confirmed.
func TestTornAtEveryByte(t *testing.T) {
	dir := t.TempDir()
	j := opened(t, dir, Options{}, realDisk())
	want := []string{"a", "two", strings.Repeat("three", 9), "4"}
	var ends []int // of each confirmed entry
	for _, e := range want {
		appended(t, j, e)
		info, err := os.Stat(onlyFile(t, dir))
		if err != nil {
			t.Fatal(err)
		}
		ends = append(ends, int(info.Size()))
	}
	path := onlyFile(t, dir)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for size := range len(text) + 1 {
		for name, tail := range map[string]string{"cut": "", "zeros": strings.Repeat("\x00", 300), "noise": "\xff\xfe\xfd\x01"} {
			confirmed := 0
			for confirmed < len(ends) && ends[confirmed] <= size {
				confirmed++
			}
			other := t.TempDir()
			if err := os.WriteFile(filepath.Join(other, filepath.Base(path)), append(text[:size:size], tail...), 0o600); err != nil {
				t.Fatal(err)
			}
			log, out := logged()
			k := opened(t, other, Options{Log: log}, realDisk())
			if !k.Pending() {
				t.Errorf("%s at %d: nothing is pending", name, size)
			}
			wantEntries(t, replayed(t, k), want[:confirmed]...)
			if left := files(t, other); len(left) > 0 {
				t.Errorf("%s at %d: left %q", name, size, left)
			}
			whole := tail == "" && (size == 0 || confirmed > 0 && ends[confirmed-1] == size)
			if said := strings.Contains(out.String(), "torn"); said == whole {
				t.Errorf("%s at %d: log %q", name, size, out)
			}
		}
	}
}

// What is damaged between readable entries is kept for a person, whichever byte
// it is.
func TestDamageInTheMiddle(t *testing.T) {
	dir := t.TempDir()
	j := opened(t, dir, Options{}, realDisk())
	appended(t, j, "one", "two", "three")
	path := onlyFile(t, dir)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	entry := func(payload string) int { return headBytes + len(payload) }
	for at := entry("one"); at < entry("one")+entry("two"); at++ {
		other := t.TempDir()
		bad := append([]byte(nil), text...)
		bad[at] ^= 0x81
		if err := os.WriteFile(filepath.Join(other, filepath.Base(path)), bad, 0o600); err != nil {
			t.Fatal(err)
		}
		log, out := logged()
		k := opened(t, other, Options{Log: log}, realDisk())
		wantEntries(t, replayed(t, k), "one", "three")
		if left, err := os.ReadFile(filepath.Join(other, filepath.Base(path)+damagedSuffix)); err != nil || string(left) != string(bad) {
			t.Errorf("byte %d: the damaged file: %v", at, err)
		}
		wantLog(t, out, "level=error")
		if k.Pending() {
			t.Errorf("byte %d: what was set aside is still to replay", at)
		}
	}
}

func TestEntryThatNobodyUnderstands(t *testing.T) {
	dir := t.TempDir()
	log, out := logged()
	j := opened(t, dir, Options{Log: log}, realDisk())
	appended(t, j, "one", "two", "three")
	var got []string
	n, err := j.Replay(t.Context(), func(_ context.Context, entry []byte) error {
		if string(entry) == "two" {
			return fmt.Errorf("read it: %w", ErrUnreadable)
		}
		got = append(got, string(entry))
		return nil
	})
	if n != 2 || err != nil || j.Pending() {
		t.Errorf("%d, %v", n, err)
	}
	wantEntries(t, got, "one", "three")
	wantLog(t, out, "set aside")
	if !strings.HasSuffix(onlyFile(t, dir), damagedSuffix) {
		t.Errorf("files %q", files(t, dir))
	}
}

func TestForeignFiles(t *testing.T) {
	dir := t.TempDir()
	old := time.Now().Add(-time.Hour)
	for _, name := range []string{"README", "nonsense.journal", "1-zz.journal", "1-0102030405060708.journal.new", "2-0102030405060708.journal.new"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("text"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chtimes(filepath.Join(dir, "1-0102030405060708.journal.new"), old, old); err != nil {
		t.Fatal(err)
	}
	j := opened(t, dir, Options{}, realDisk())
	appended(t, j, "one")
	wantEntries(t, replayed(t, j), "one")
	wantEntries(t, files(t, dir), "1-zz.journal.damaged", "2-0102030405060708.journal.new", "README", "nonsense.journal.damaged")
	if j.Pending() {
		t.Error("foreign files are pending")
	}
}

func FuzzReadEntries(f *testing.F) {
	s := salt{1, 2, 3, 4, 5, 6, 7, 8}
	f.Add([]byte("a"), []byte{}, []byte("b"))
	f.Add([]byte("a"), appendEntry(nil, s, []byte("x"))[:7], []byte{})
	f.Add([]byte{0}, []byte{1, 2, 3, 4, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0}, []byte("b"))
	f.Fuzz(func(t *testing.T, first, noise, last []byte) {
		if len(first) == 0 {
			return
		}
		text := append(appendEntry(nil, s, first), noise...)
		entries, _, torn := readEntries(s, text)
		if len(entries) < 1 || string(entries[0]) != string(first) || torn > len(noise) {
			t.Fatalf("an entry before %q is lost: %q", noise, entries)
		}
		if len(last) == 0 {
			return
		}
		if _, ok := entryAt(s, noise); ok || len(noise) > 0 && strings.Contains(string(noise), string(s[:markBytes])) {
			return // it may hold what is behind it
		}
		entries, gaps, torn := readEntries(s, appendEntry(text, s, last))
		if string(entries[len(entries)-1]) != string(last) || torn != 0 || (gaps > 0) != (len(noise) > 0) {
			t.Fatalf("an entry behind %q is lost: %q, %d gaps, %d torn", noise, entries, gaps, torn)
		}
	})
}
