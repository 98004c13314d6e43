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

	"github.com/callpacer/callpacer/internal/s3url"
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
	dir    string // the folder of a store of files; "": of another kind
	place  string // what stands before a key in its URL, unless the store is one of files
	opts   Options
	flush  func(*os.File) error // makes a file durable
	done   func()               // ends the store's connections
}

// Open opens recordings.url: file:///abs/dir (made where it is not there yet), mem://,
// whose recordings end with the process, or, where it is built in (build tag s3),
// s3://bucket as s3url.Parse reads it. It asks no host. No error holds what stands in
// the URL's place of credentials.
func Open(ctx context.Context, rawURL string, o Options) (*Store, error) {
	if o.MaxSize <= 0 {
		o.MaxSize = DefaultMaxSize
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Store{opts: o, flush: (*os.File).Sync, done: func() {}}
	if s3url.Is(rawURL) {
		return s.inS3(ctx, rawURL)
	}
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, errors.New("recordings.url cannot be parsed") // the parser's words would repeat it
	}
	if u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.Opaque != "" || u.Host != "" {
		return nil, errors.New("recordings.url must be file:///an/absolute/folder or mem:// and nothing else")
	}
	switch {
	case u.Scheme == "mem" && u.Path == "":
		s.bucket, s.place = memblob.OpenBucket(nil), "mem:///"
		return s, nil
	case u.Scheme != "file" || !filepath.IsAbs(u.Path) || filepath.Clean(u.Path) == "/":
		return nil, errors.New("recordings.url must be file:///an/absolute/folder, mem:// or s3://bucket")
	}
	return s.inFolder(filepath.Clean(u.Path))
}

func (s *Store) inFolder(dir string) (*Store, error) {
	s.dir = dir
	// Temporary files lie beside the final ones: a rename within one folder is
	// atomic, and one between file systems is none.
	var err error
	s.bucket, err = fileblob.OpenBucket(s.dir, &fileblob.Options{
		CreateDir: true, DirFileMode: folderMode, NoTempDir: true, Metadata: fileblob.MetadataDontWrite,
	})
	if err != nil {
		return nil, fmt.Errorf("open the folder of recordings: %w", err)
	}
	return s, nil
}

func (s *Store) inS3(ctx context.Context, rawURL string) (*Store, error) {
	place, err := s3url.Parse(rawURL)
	if err != nil {
		return nil, err
	}
	s.place = "s3://" + place.Bucket + "/" + place.Prefix
	s.bucket, s.done, err = openS3(ctx, place)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Close ends the store. Nothing may be under way in it.
func (s *Store) Close() error {
	defer s.done()
	if err := s.bucket.Close(); err != nil {
		return fmt.Errorf("close the store of recordings: %w", err)
	}
	return nil
}

// urlOf is where a stored recording lies.
func (s *Store) urlOf(key string) string {
	if s.dir == "" {
		return s.place + key
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
