package recordings

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

var (
	sweepNow = time.Date(2026, 12, 22, 18, 0, 0, 0, time.UTC)
	edge     = sweepNow.Add(-720 * time.Hour)
)

// aged puts a file of an age there, counted back from sweepNow.
func aged(t *testing.T, dir, name string, age time.Duration) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("RIFF"), 0o600); err != nil {
		t.Fatal(err)
	}
	at := sweepNow.Add(-age)
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
}

func left(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	for name := range files(t, dir) {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func TestRetentionsEdge(t *testing.T) {
	s, dir := inFolder(t, Options{Now: func() time.Time { return sweepNow }})
	const month = 720 * time.Hour
	keep := map[string]time.Duration{
		"dingxin/2026/11/22/dingxin.1.wav":             month, // to the very moment
		"dingxin/2026/11/22/dingxin.2.mp3":             month - time.Nanosecond,
		"dingxin/2026/10/01/dingxin.3.wav":             time.Hour, // an old call, fetched late
		"dingxin/2026/12/22/dingxin.4.wav.18a.tmp":     24 * time.Hour,
		"callpacer-probe-1781978400-" + ids(26) + ".7": 0,
	}
	gone := map[string]time.Duration{
		"dingxin/2026/11/22/dingxin.5.wav":                     month + time.Nanosecond,
		"dingxin/2026/11/22/dingxin.5_task-1.amr":              month + time.Hour,
		"dingxin-2/2026/11/21/dingxin-2.6.m4a":                 2 * month,
		"dingxin/2025/01/01/dingxin.7.flac":                    9000 * time.Hour,
		"dingxin/2026/12/21/dingxin.8.wav.18a0b1.tmp":          24*time.Hour + time.Nanosecond,
		"callpacer-probe-1781978400-" + ids(26):                25 * time.Hour,
		"callpacer-probe-1781978400-" + ids(26) + ".18a0b.tmp": 25 * time.Hour,
	}
	want := []string{}
	for name, age := range keep {
		aged(t, dir, name, age)
		want = append(want, name)
	}
	for name, age := range gone {
		aged(t, dir, name, age)
	}
	slices.Sort(want)
	n, err := s.Sweep(t.Context(), edge)
	if err != nil || n != len(gone) {
		t.Errorf("swept %d of %d, %v", n, len(gone), err)
	}
	if got := left(t, dir); !slices.Equal(got, want) {
		t.Errorf("left %q, want %q", got, want)
	}
	if n, err := s.Sweep(t.Context(), edge); n != 0 || err != nil {
		t.Errorf("again: %d, %v", n, err)
	}
}

func ids(n int) string { return "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[:n] }

// The folder may hold more than recordings: whatever is not surely ours stays.
func TestSweepTouchesNothingElse(t *testing.T) {
	s, dir := inFolder(t, Options{Now: func() time.Time { return sweepNow }})
	var want []string
	for _, name := range []string{
		"README", "dingxin.1.wav", "dingxin/dingxin.1.wav", "dingxin/2026/11/dingxin.1.wav", "dingxin/2026/11/22/notes.txt", "dingxin/2026/11/22/backup.wav",
		"dingxin/2026/11/22/jumdata.1.wav", "dingxin/2026/11/22/dingxin.1.wav.bak", "dingxin/2026/11/22/dingxin.1.txt", "dingxin/2026/11/22/dingxin.1.wav/x.wav",
		"dingxin/2026/11/22/deep/dingxin.1.wav", "dingxin/2026/11/22/.dingxin.1.wav", "dingxin/2026/11/22/dingxin.2.wav.tmp", "dingxin/2026/11/22/dingxin.2.wav.XY.tmp",
		"dingxin/2026/13/22/dingxin.1.wav", "dingxin/2026/02/30/dingxin.1.wav", "Dingxin/2026/11/22/Dingxin.1.wav", "dingxin/2026/11/22/dingxin.1 copy.wav",
		"callpacer-probe-", "callpacer-probe-1781978400-short", "x/callpacer-probe-1781978400-" + ids(26), "dingxin/2026/11/22/something.18a0b.tmp",
	} {
		aged(t, dir, name, 9000*time.Hour)
		want = append(want, name)
	}
	slices.Sort(want)
	outside := filepath.Join(t.TempDir(), "dingxin", "2026", "11", "22")
	aged(t, outside, "dingxin.9.wav", 9000*time.Hour)
	if err := os.Symlink(filepath.Dir(outside), filepath.Join(dir, "dingxin", "2026", "10")); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Sweep(t.Context(), edge); n != 0 || err != nil {
		t.Errorf("swept %d, %v", n, err)
	}
	if err := os.Remove(filepath.Join(dir, "dingxin", "2026", "10")); err != nil {
		t.Fatal(err)
	}
	if got := left(t, dir); !slices.Equal(got, want) {
		t.Errorf("left %q, want %q", got, want)
	}
	if got := left(t, outside); len(got) != 1 {
		t.Error("a link was followed")
	}
}

// More files than one page of the listing holds, and groups whose names begin alike:
// their order on disk is not that of their names.
func TestSweepGoesThroughAllPages(t *testing.T) {
	s, dir := inFolder(t, Options{Now: func() time.Time { return sweepNow }})
	const each = pageSize + 5
	for _, group := range []string{"dingxin", "dingxin-2"} {
		for i := range each {
			aged(t, dir, fmt.Sprintf("%s/2026/11/20/%s.%d.wav", group, group, i), 721*time.Hour)
		}
	}
	if n, err := s.Sweep(t.Context(), edge); n != 2*each || err != nil {
		t.Errorf("swept %d of %d, %v", n, 2*each, err)
	}
	if got := left(t, dir); len(got) != 0 {
		t.Errorf("%d are left", len(got))
	}
}

func TestSweepEndsWithItsContextAndRefusesTheFuture(t *testing.T) {
	s, dir := inFolder(t, Options{Now: func() time.Time { return sweepNow }})
	aged(t, dir, "dingxin/2026/11/20/dingxin.1.wav", 9000*time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if n, err := s.Sweep(ctx, edge); n != 0 || !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %d, %v", n, err)
	}
	if n, err := s.Sweep(t.Context(), sweepNow.Add(time.Nanosecond)); n != 0 || err == nil {
		t.Errorf("an edge in the future: %d, %v", n, err)
	}
	if got := left(t, dir); len(got) != 1 {
		t.Errorf("%d are left", len(got))
	}
}

func TestSweepInMemory(t *testing.T) {
	now := time.Now().Add(time.Hour)
	s := mustOpen(t, "mem://", Options{Now: func() time.Time { return now }})
	mustSave(t, s, ofJob(job), wav(100))
	mustSave(t, s, ofJob(job+"/1"), wav(100))
	if n, err := s.Sweep(t.Context(), now.Add(-2*time.Hour)); n != 0 || err != nil {
		t.Errorf("swept %d young ones, %v", n, err)
	}
	if n, err := s.Sweep(t.Context(), now); n != 2 || err != nil {
		t.Errorf("swept %d of 2, %v", n, err)
	}
}
