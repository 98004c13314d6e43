// Package journal keeps entries on this machine's disk until somebody replays
// them: what Redis cannot take while it is away. Several processes may share a
// directory. Each writes segments of its own, which it owns by a lock on the
// file; who dies leaves them to whoever replays next.
package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
)

const (
	defaultMaxBytes = 1 << 30
	segmentBytes    = 16 << 20 // where a segment ends and the next begins
	maxEntry        = 8 << 20
	staleAfter      = time.Minute // of a file whose creation was cut short
)

var (
	// ErrClosed is the answer of a journal that was closed.
	ErrClosed = errors.New("the journal is closed")
	// ErrFull says that all segments together would exceed Options.MaxBytes.
	ErrFull = errors.New("the journal is full")
	// ErrUnreadable says, wrapped in what Replay's function returns, that an entry
	// will never be understood: its segment is set aside for a person, and the
	// replay goes on.
	ErrUnreadable = errors.New("the entry cannot be read")
)

// Options are limits and the log of a Journal.
type Options struct {
	MaxBytes int64              // of all segments in the directory, about; 0: 1 GiB
	Log      logrus.FieldLogger // nil: logrus's own
}

// Journal keeps entries until they are replayed. It is safe for concurrent use.
type Journal struct {
	dir          string
	maxBytes     int64
	segmentBytes int64
	log          logrus.FieldLogger
	disk         disk

	asks    chan *ask
	closing chan struct{}
	closed  sync.Once
	written chan struct{} // closed when the writer has ended

	replaying sync.Mutex // one Replay at a time; locked before mu

	mu      sync.Mutex // of all below, also while a batch is written
	current *segment   // takes the next batch; nil: a new one is made
	held    map[string]*segment
	used    int64 // bytes of all segments, when they were last counted, and our own since
	last    int64 // the number in the newest segment's name
}

// disk is what can fail under a segment; tests let it fail.
type disk struct {
	write func(f *os.File, b []byte) (int, error)
	sync  func(f *os.File) error
}

func realDisk() disk {
	return disk{write: (*os.File).Write, sync: (*os.File).Sync}
}

// Open opens the journal in a directory, which is made where it is missing and
// must be writable. Close ends it.
func Open(dir string, o Options) (*Journal, error) { return open(dir, o, realDisk()) }

func open(dir string, o Options, d disk) (*Journal, error) {
	if o.MaxBytes <= 0 {
		o.MaxBytes = defaultMaxBytes
	}
	if o.Log == nil {
		o.Log = logrus.StandardLogger()
	}
	j := &Journal{
		dir: dir, maxBytes: o.MaxBytes, segmentBytes: min(segmentBytes, o.MaxBytes), log: o.Log, disk: d,
		asks: make(chan *ask), closing: make(chan struct{}), written: make(chan struct{}), held: map[string]*segment{},
	}
	if err := makeDir(dir); err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	if err := Writable(dir); err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	if err := j.look(); err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	go j.write()
	return j, nil
}

// look counts what is there, and removes what a process left that died while it
// made a segment: nothing was ever written there.
func (j *Journal) look() error {
	names, err := j.names()
	if err != nil {
		return err
	}
	for _, name := range names {
		if id, err := parseName(name); err == nil {
			j.last = max(j.last, id.number)
		}
	}
	j.used = j.count(names)
	entries, err := os.ReadDir(j.dir)
	if err != nil {
		return fmt.Errorf("list segments: %w", err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !strings.HasSuffix(e.Name(), newSuffix) || time.Since(info.ModTime()) < staleAfter {
			continue
		}
		if err := os.Remove(filepath.Join(j.dir, e.Name())); err != nil {
			j.log.WithError(err).Warn("a journal segment that was never used could not be removed")
		}
	}
	return nil
}

// Pending says that something may be to replay: of this process, or left by a
// dead one.
func (j *Journal) Pending() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.isClosed() {
		return false
	}
	if len(j.held) > 0 {
		return true
	}
	names, err := j.names()
	if err != nil {
		return true // Replay says why it cannot look
	}
	for _, name := range names {
		f, free, err := j.lock(name)
		if err != nil {
			return true
		}
		if free {
			f.Close() //nolint:errcheck // nothing was written
			return true
		}
	}
	return false
}

// Close ends the journal; what was not replayed stays for the next to open the
// directory. It waits for a Replay under way.
func (j *Journal) Close() error {
	j.closed.Do(func() { close(j.closing) })
	<-j.written
	j.replaying.Lock()
	defer j.replaying.Unlock()
	j.mu.Lock()
	defer j.mu.Unlock()
	var errs []error
	for _, s := range j.held {
		errs = append(errs, s.file.Close())
	}
	j.held, j.current = map[string]*segment{}, nil
	return errors.Join(errs...)
}

func (j *Journal) isClosed() bool {
	select {
	case <-j.closing:
		return true
	default:
		return false
	}
}
