package recordings

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestOpenRefusesWhatItCannotKeepIn(t *testing.T) {
	dir := t.TempDir()
	taken := filepath.Join(dir, "taken")
	if err := os.WriteFile(taken, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, url := range []string{
		"", "x", "file://", "file:///", "file:///..", "file://host/a", "file:relative", "file://./relative", "file:///a?create_dir=1", "file:///a#x",
		"mem://x", "mem:///x", "mem://?x", "s3://user:secret@bucket", "http://x.test/a", "file://" + taken, "file://" + taken + "/below", "\x7f://secret",
	} {
		s, err := Open(t.Context(), url, Options{})
		if err == nil {
			_ = s.Close()
			t.Errorf("%q is opened", url)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("the error repeats the URL: %v", err)
		}
	}
}

func TestWritableLeavesNothing(t *testing.T) {
	s, dir := inFolder(t, Options{})
	if err := s.Writable(t.Context()); err != nil {
		t.Error(err)
	}
	if kept := files(t, dir); len(kept) != 0 {
		t.Errorf("%d files", len(kept))
	}
	s.flush = func(*os.File) error { return syscall.ENOSPC }
	if err := s.Writable(t.Context()); err == nil {
		t.Error("a full disk is writable")
	}
	if kept := files(t, dir); len(kept) != 0 {
		t.Errorf("%d files after a failure", len(kept))
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Writable(t.Context()); err == nil {
		t.Error("a folder that is none any more is writable")
	}
}
