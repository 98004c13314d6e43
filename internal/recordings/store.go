// Package recordings keeps the audio of calls: it downloads what a vendor's report
// named, stores it whole or not at all, and deletes it when its retention is over.
package recordings

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"
	"gocloud.dev/blob/memblob"

	"github.com/callpacer/callpacer/internal/vendorwire"
)

// DefaultMaxSize caps one recording, in bytes.
const DefaultMaxSize = vendorwire.MaxAudio

// Recordings are people's voices: only their owner reads them.
const (
	folderMode = 0o700
	fileMode   = 0o600
)

// Options say how a store works.
type Options struct {
	MaxSize int64            // of one recording, in bytes; 0: DefaultMaxSize
	Now     func() time.Time // the clock that tells leftovers from saves under way; nil: time.Now
}

// Store keeps recordings. It is safe for concurrent use, in several processes too.
type Store struct {
	bucket *blob.Bucket
	dir    string // the folder of a store of files; "": in memory
	opts   Options
	flush  func(*os.File) error // makes a file durable
}

// Open opens recordings.url: file:///abs/dir (made where it is not there yet) or
// mem://, whose recordings end with the process.
func Open(_ context.Context, rawURL string, o Options) (*Store, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, errors.New("recordings.url cannot be parsed") // the parser's words would repeat it
	}
	if u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.Opaque != "" || u.Host != "" {
		return nil, errors.New("recordings.url must be file:///an/absolute/folder or mem:// and nothing else")
	}
	if o.MaxSize <= 0 {
		o.MaxSize = DefaultMaxSize
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Store{opts: o, flush: (*os.File).Sync}
	switch {
	case u.Scheme == "mem" && u.Path == "":
		s.bucket = memblob.OpenBucket(nil)
		return s, nil
	case u.Scheme != "file" || !filepath.IsAbs(u.Path) || filepath.Clean(u.Path) == "/":
		return nil, errors.New("recordings.url must be file:///an/absolute/folder or mem://")
	}
	s.dir = filepath.Clean(u.Path)
	// Temporary files lie beside the final ones: a rename within one folder is
	// atomic, and one between file systems is none.
	s.bucket, err = fileblob.OpenBucket(s.dir, &fileblob.Options{
		CreateDir: true, DirFileMode: folderMode, NoTempDir: true, Metadata: fileblob.MetadataDontWrite,
	})
	if err != nil {
		return nil, fmt.Errorf("open the folder of recordings: %w", err)
	}
	return s, nil
}

// Close ends the store. Nothing may be under way in it.
func (s *Store) Close() error {
	if err := s.bucket.Close(); err != nil {
		return fmt.Errorf("close the store of recordings: %w", err)
	}
	return nil
}

// urlOf is where a stored recording lies.
func (s *Store) urlOf(key string) string {
	if s.dir == "" {
		return "mem:///" + key
	}
	return (&url.URL{Scheme: "file", Path: filepath.Join(s.dir, filepath.FromSlash(key))}).String()
}

// Writable says whether a recording could be kept now, by keeping and deleting a
// file of a few bytes.
func (s *Store) Writable(ctx context.Context) error {
	key := probeName(s.opts.Now())
	if err := s.put(ctx, key, "text/plain", strings.NewReader("callpacer")); err != nil {
		return fmt.Errorf("try the store of recordings: %w", err)
	}
	if err := s.bucket.Delete(ctx, key); err != nil {
		return fmt.Errorf("delete what tried the store of recordings: %w", err)
	}
	return nil
}
