package recordings

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"
)

const (
	leftoverAge = 24 * time.Hour // no save takes that long
	pageSize    = 1000           // files looked at in one step
	folderLimit = 10_000         // entries of a folder of folders
	listTries   = 5
)

// dayDepth is how deep the folders of days lie: group, year, month, day.
const dayDepth = 4

// Sweep deletes the recordings that were stored before olderThan, and what crashed
// saves left behind a day ago or earlier. It goes folder by folder, at most 1,000
// files in memory, and never touches a file whose name is none of ours. It may be
// called in several processes at once, and again after an error or the end of ctx.
func (s *Store) Sweep(ctx context.Context, olderThan time.Time) (deleted int, err error) {
	now := s.opts.Now()
	if olderThan.After(now) {
		return 0, errors.New("sweep recordings: the retention's edge lies in the future")
	}
	sw := sweep{store: s, recordings: olderThan, leftovers: now.Add(-leftoverAge)}
	if err := sw.folder(ctx, "", 0); err != nil {
		return sw.deleted, fmt.Errorf("sweep recordings: %w", err)
	}
	return sw.deleted, nil
}

// sweep is one walk through a store.
type sweep struct {
	store                 *Store
	recordings, leftovers time.Time // what is older goes
	deleted               int
}

// folder goes through one folder. Each is listed by itself: the pages of a listing
// of the whole store follow the order of its files on disk, which is not the order
// of their names once a group's name begins like another's.
func (sw *sweep) folder(ctx context.Context, prefix string, depth int) error {
	size := folderLimit
	if depth == dayDepth {
		size = pageSize
	}
	for token := blob.FirstPageToken; len(token) > 0; {
		page, next, err := sw.store.list(ctx, token, size, prefix)
		if err != nil {
			return err
		}
		for _, entry := range page {
			if err := sw.entry(ctx, entry, depth); err != nil {
				return err
			}
		}
		token = next
	}
	return nil
}

func (sw *sweep) entry(ctx context.Context, entry *blob.ListObject, depth int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if entry.IsDir {
		if depth == dayDepth {
			return nil // not ours
		}
		return sw.folder(ctx, entry.Key, depth+1)
	}
	edge := sw.recordings
	switch kindOf(entry.Key) {
	case foreign:
		return nil
	case leftover:
		edge = sw.leftovers
	case recording:
	}
	if !entry.ModTime.Before(edge) {
		return nil
	}
	err := sw.store.bucket.Delete(ctx, entry.Key)
	if gcerrors.Code(err) == gcerrors.NotFound {
		return nil // another process swept it
	}
	if err != nil {
		return fmt.Errorf("delete a file: %w", err)
	}
	sw.deleted++
	return nil
}

// list is one page of a folder. A file that vanishes while its folder is read, as a
// save's temporary file does, fails the whole listing, so it is read again.
func (s *Store) list(ctx context.Context, token []byte, size int, prefix string) ([]*blob.ListObject, []byte, error) {
	for try := 1; ; try++ {
		page, next, err := s.bucket.ListPage(ctx, token, size, &blob.ListOptions{Prefix: prefix, Delimiter: "/"})
		vanished := errors.Is(err, fs.ErrNotExist) || gcerrors.Code(err) == gcerrors.NotFound
		switch {
		case err == nil:
			return page, next, nil
		case errors.Is(err, io.EOF):
			return nil, nil, nil
		case !vanished || try == listTries:
			return nil, nil, fmt.Errorf("list a folder: %w", err)
		}
	}
}
