package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sirupsen/logrus"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		fmt.Fprintln(os.Stderr, writeUntilKilled(dir))
		return
	}
	goleak.VerifyTestMain(m)
}

func quiet() *logrus.Logger {
	log := logrus.New()
	log.SetOutput(io.Discard)
	return log
}

// opened is a journal whose disk may fail; it is closed by the cleanup.
func opened(t testing.TB, dir string, o Options, d disk) *Journal {
	t.Helper()
	if o.Log == nil {
		o.Log = quiet()
	}
	j, err := open(dir, o, d)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
	return j
}

func appended(t testing.TB, j *Journal, entries ...string) {
	t.Helper()
	for _, e := range entries {
		if err := j.Append(t.Context(), []byte(e)); err != nil {
			t.Fatalf("append %q: %v", e, err)
		}
	}
}

// replayed replays everything and returns it.
func replayed(t testing.TB, j *Journal) []string {
	t.Helper()
	var got []string
	n, err := j.Replay(t.Context(), func(_ context.Context, entry []byte) error {
		got = append(got, string(entry))
		return nil
	})
	if err != nil || n != len(got) {
		t.Fatalf("replay: %d of %d, %v", n, len(got), err)
	}
	return got
}

func wantEntries(t testing.TB, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("entries %.200q, want %.200q", got, want)
	}
}

// files lists a directory.
func files(t testing.TB, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

// onlyFile is the path of the one file in a directory.
func onlyFile(t testing.TB, dir string) string {
	t.Helper()
	names := files(t, dir)
	if len(names) != 1 {
		t.Fatalf("files %q, want one", names)
	}
	return filepath.Join(dir, names[0])
}

var errDisk = errors.New("no space left on device")

// faulty is a disk that fails when it is told to.
type faulty struct {
	mu          sync.Mutex
	fail        bool
	failSync    bool
	short       int // bytes of a failing write that reach the file
	writes      int
	syncs       int
	enter, wait chan struct{} // each flush says that it began, and waits
}

func (d *faulty) set(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f()
}

func (d *faulty) disk() disk {
	return disk{
		write: func(f *os.File, b []byte) (int, error) {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.writes++
			if !d.fail {
				return f.Write(b)
			}
			n, err := f.Write(b[:min(d.short, len(b))])
			return n, errors.Join(errDisk, err)
		},
		sync: func(f *os.File) error {
			d.mu.Lock()
			d.syncs++
			failing := d.failSync
			d.mu.Unlock()
			if d.enter != nil {
				d.enter <- struct{}{}
				<-d.wait
			}
			if failing {
				return errDisk
			}
			return f.Sync()
		},
	}
}

// logged is a log whose text can be read.
func logged() (*logrus.Logger, *bytes.Buffer) {
	var out bytes.Buffer
	log := logrus.New()
	log.SetOutput(&out)
	log.SetLevel(logrus.TraceLevel)
	return log, &out
}

func wantLog(t testing.TB, out *bytes.Buffer, text string) {
	t.Helper()
	if !strings.Contains(out.String(), text) {
		t.Errorf("the log does not say %q: %s", text, out)
	}
}
