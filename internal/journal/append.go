package journal

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// batchBytes is how much one write and flush may hold before others wait for
// the next one.
const batchBytes = 4 << 20

// ask is one entry on its way to the disk.
type ask struct {
	entry []byte
	done  chan error // buffered: nobody may wait any more
}

// Append returns nil when the entry is on the disk, also after a power loss.
// Appends at the same time share one flush. After an error, the end of ctx among
// them, the entry may be kept all the same.
func (j *Journal) Append(ctx context.Context, entry []byte) error {
	if len(entry) == 0 || len(entry) > maxEntry {
		return fmt.Errorf("append to the journal: an entry of %d bytes, not of 1 to %d", len(entry), maxEntry)
	}
	a := &ask{entry: bytes.Clone(entry), done: make(chan error, 1)}
	select {
	case j.asks <- a:
	case <-j.closing:
		return fmt.Errorf("append to the journal: %w", ErrClosed)
	case <-ctx.Done():
		return fmt.Errorf("append to the journal: %w", ctx.Err())
	}
	var err error
	select {
	case err = <-a.done:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("append to the journal: %w", err)
	}
	return nil
}

// write is the one goroutine that appends, until Close.
func (j *Journal) write() {
	defer close(j.written)
	for {
		select {
		case <-j.closing:
			return
		case first := <-j.asks:
			batch := j.gather(first)
			err := j.commit(batch)
			for _, a := range batch {
				a.done <- err
			}
		}
	}
}

// gather adds those who wait already.
func (j *Journal) gather(first *ask) []*ask {
	batch, size := []*ask{first}, len(first.entry)
	for size < batchBytes {
		select {
		case a := <-j.asks:
			batch = append(batch, a)
			size += len(a.entry)
		default:
			return batch
		}
	}
	return batch
}

// commit puts a batch on the disk as a whole. Where that fails the segment takes
// no more: after a failed flush nobody knows what of it is on the disk.
func (j *Journal) commit(batch []*ask) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	var size int64
	for _, a := range batch {
		size += headBytes + int64(len(a.entry))
	}
	if err := j.room(size); err != nil {
		return err
	}
	if j.current != nil && j.current.size+size > j.segmentBytes {
		j.current = nil // it stays held until it is replayed
	}
	if j.current == nil {
		s, err := j.create()
		if err != nil {
			return fmt.Errorf("begin a segment: %w", err)
		}
		j.current = s
	}
	text := make([]byte, 0, size)
	for _, a := range batch {
		text = appendEntry(text, j.current.id.salt, a.entry)
	}
	_, err := j.disk.write(j.current.file, text)
	if err == nil {
		err = j.disk.sync(j.current.file)
	}
	if err != nil {
		j.abandon()
		return plain(err)
	}
	j.current.size += size
	j.used += size
	return nil
}

// room counts anew before it says that there is none: others may have replayed.
func (j *Journal) room(size int64) error {
	if j.used+size <= j.maxBytes {
		return nil
	}
	names, err := j.names()
	if err != nil {
		return err
	}
	if j.used = j.count(names); j.used+size > j.maxBytes {
		return ErrFull
	}
	return nil
}

// abandon ends the current segment behind its last confirmed entry, and removes
// it where it has none.
func (j *Journal) abandon() {
	s := j.current
	j.current = nil
	if s.size > 0 {
		if err := s.file.Truncate(s.size); err != nil {
			// What is behind was never confirmed: the reader drops what is torn.
			j.log.WithError(plain(err)).Warn("a torn end of a journal segment could not be cut off")
		}
		return
	}
	delete(j.held, s.id.name)
	if err := os.Remove(filepath.Join(j.dir, s.id.name)); err != nil {
		j.log.WithError(plain(err)).Warn("a journal segment without entries could not be removed")
	}
	if err := s.file.Close(); err != nil {
		j.log.WithError(plain(err)).Debug("close a journal segment without entries")
	}
}
