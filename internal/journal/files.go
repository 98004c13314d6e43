package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// makeDir makes a directory with those above it, each of which is there after a
// power loss, too.
func makeDir(dir string) error {
	if info, err := os.Stat(dir); err == nil {
		if !info.IsDir() {
			return fmt.Errorf("%s is no directory", dir)
		}
		return nil
	}
	parent := filepath.Dir(dir)
	if parent != dir {
		if err := makeDir(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(parent)
}

// syncDir makes the names in a directory durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Writable tries to make a file in a directory, and removes it.
func Writable(dir string) error {
	f, err := os.CreateTemp(dir, "probe-*"+newSuffix)
	if err != nil {
		return fmt.Errorf("%s cannot be written to: %w", dir, plain(err))
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// removeAny removes those that are there.
func removeAny(paths ...string) error {
	var errs []error
	for _, p := range paths {
		if err := os.Remove(p); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, plain(err))
		}
	}
	return errors.Join(errs...)
}

// plain is an error without the long path of a segment.
func plain(err error) error {
	var pathErr *os.PathError
	if errors.As(err, &pathErr) {
		return fmt.Errorf("%s: %w", pathErr.Op, pathErr.Err)
	}
	var linkErr *os.LinkError
	if errors.As(err, &linkErr) {
		return fmt.Errorf("%s: %w", linkErr.Op, linkErr.Err)
	}
	return err
}

// lock opens a segment and tries to own it; free is false, and the file nil,
// while its owner lives, and where it was replayed meanwhile.
func (j *Journal) lock(name string) (f *os.File, free bool, err error) {
	path := filepath.Join(j.dir, name)
	f, err = os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, plain(err)
	}
	free, err = flock(f)
	if err == nil && free {
		free = stillNamed(f, path)
	}
	if err != nil || !free {
		return nil, false, errors.Join(err, f.Close())
	}
	return f, true, nil
}

// stillNamed says that nobody removed the file between its opening and its lock.
func stillNamed(f *os.File, path string) bool {
	mine, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(path)
	return err == nil && os.SameFile(mine, there)
}
