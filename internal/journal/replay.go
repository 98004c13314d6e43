package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// maxSegment is more than any segment has: the last batch may begin just before
// its end.
const maxSegment = 64 << 20

// Replay gives every entry to f, oldest first, and returns how many f took. It
// ends what is open for appends first, and takes over what dead processes left.
// A segment is deleted when f took all of it. f's error ends the replay and
// keeps the segment, whose entries all come again: f must be idempotent. Only
// ErrUnreadable does not end it.
func (j *Journal) Replay(ctx context.Context, f func(ctx context.Context, entry []byte) error) (n int, err error) {
	j.replaying.Lock()
	defer j.replaying.Unlock()
	if j.isClosed() {
		return 0, fmt.Errorf("replay the journal: %w", ErrClosed)
	}
	j.mu.Lock()
	j.current = nil
	names, err := j.names()
	j.mu.Unlock()
	if err != nil {
		return 0, fmt.Errorf("replay the journal: %w", err)
	}
	for _, name := range names {
		s, err := j.take(name)
		if err != nil {
			return n, fmt.Errorf("replay the journal: %w", err)
		}
		if s == nil {
			continue
		}
		took, err := j.replaySegment(ctx, s, f)
		n += took
		if err != nil {
			return n, fmt.Errorf("replay the journal: %w", err)
		}
	}
	return n, nil
}

// take returns a segment that is ours or becomes it; nil: its owner lives, or it
// is no segment.
func (j *Journal) take(name string) (*segment, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if s := j.held[name]; s != nil {
		return s, nil
	}
	f, free, err := j.lock(name)
	if err != nil || !free {
		return nil, err
	}
	id, err := parseName(name)
	if err != nil {
		j.log.WithError(err).Error("a journal file cannot be read; it is set aside")
		return nil, errors.Join(os.Rename(f.Name(), f.Name()+damagedSuffix), f.Close())
	}
	s := &segment{id: id, file: f}
	j.held[name] = s
	return s, nil
}

func (j *Journal) replaySegment(ctx context.Context, s *segment, f func(context.Context, []byte) error) (n int, err error) {
	text, err := io.ReadAll(io.NewSectionReader(s.file, 0, maxSegment+1))
	if err != nil {
		return 0, fmt.Errorf("read a segment: %w", plain(err))
	}
	entries, gaps, torn := readEntries(s.id.salt, text)
	log := j.log.WithField("segment", s.id.name)
	if torn > 0 {
		log.Warnf("the last %d bytes of a journal segment are torn and dropped: what they held was never confirmed", torn)
	}
	damaged := gaps > 0 || len(text) > maxSegment
	for _, entry := range entries {
		if err := ctx.Err(); err != nil {
			return n, err
		}
		switch err := f(ctx, entry); {
		case errors.Is(err, ErrUnreadable):
			damaged = true
			log.WithError(err).Error("a journal entry cannot be used")
		case err != nil:
			return n, err
		default:
			n++
		}
	}
	if damaged {
		log.WithField("gaps", gaps).Error("a journal segment is damaged: what could be read of it was replayed, and the file is set aside as " +
			s.id.name + damagedSuffix)
	}
	return n, j.finish(s, damaged)
}

// finish deletes a segment that was replayed, or sets it aside.
func (j *Journal) finish(s *segment, damaged bool) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	path := filepath.Join(j.dir, s.id.name)
	var size int64
	if info, err := s.file.Stat(); err == nil {
		size = info.Size()
	}
	var err error
	if damaged {
		if err = os.Rename(path, path+damagedSuffix); err == nil {
			err = syncDir(j.dir)
		}
	} else {
		err = os.Remove(path)
	}
	if err != nil {
		return fmt.Errorf("end a replayed segment: %w", plain(err))
	}
	delete(j.held, s.id.name)
	j.used = max(0, j.used-size)
	return plain(s.file.Close())
}
