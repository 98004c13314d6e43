package recordings

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"gocloud.dev/blob"

	"github.com/callpacer/callpacer/internal/vendorwire"
)

// Why a body is not kept, whoever sends it.
var (
	ErrNotAudio = errors.New("not audio")
	ErrTooLarge = errors.New("larger than a recording may be")
)

// Recording says whose audio it is.
type Recording struct {
	Job   string    // its id; of a call over a binding: the binding's, "/", the call's
	Group string    // the job's
	At    time.Time // of the call. The same at each save of a job: its day stands in the name
	// Type is the audio's media type as the vendor's adapter told it; empty or of no
	// known kind: the first bytes tell it.
	Type string
}

// partsAtOnce are those of one recording on their way to an object store, 8 MiB each.
const partsAtOnce = 2

// Saved is a recording that is kept.
type Saved struct {
	URL    string // file:///…, mem:///… or s3://bucket/…
	SHA256 string // of the audio, in hex
	Size   int64  // bytes
	Type   string // media type
}

// Save keeps audio under a name made of the group, the day of At (UTC), the job and
// the media type. It returns without an error only when all of the audio was read (to
// io.EOF, and as much of it as it says itself, which WAV does) and is durable under
// that name; saved again, it takes the place of the former. With an error nothing
// incomplete bears the name, and what was there before is as it was, unless an object
// store took the whole and its answer got lost. A body that is none is ErrNotAudio, one
// beyond Options.MaxSize ErrTooLarge. The reader's owner closes it, and bounds a read
// that hangs.
func (s *Store) Save(ctx context.Context, r Recording, audio io.Reader) (Saved, error) {
	sound, instead, err := vendorwire.Recording(http.StatusOK, io.NopCloser(&boundedReader{ctx, audio}))
	if err != nil {
		return Saved{}, fmt.Errorf("read the beginning of a recording: %w", err)
	}
	if sound == nil {
		return Saved{}, fmt.Errorf("keep a recording: %w (%s)", ErrNotAudio, looks(instead))
	}
	mediaType := sound.Type
	if _, known := extensions[r.Type]; known {
		mediaType = r.Type
	}
	key, err := keyOf(r, extensions[mediaType])
	if err != nil {
		return Saved{}, err
	}
	body := &meter{from: sound, left: s.opts.MaxSize, sum: sha256.New()}
	if err := s.put(ctx, key, mediaType, body); err != nil {
		return Saved{}, fmt.Errorf("keep the recording of %s: %w", r.Job, err)
	}
	return Saved{URL: s.urlOf(key), SHA256: hex.EncodeToString(body.sum.Sum(nil)), Size: body.size, Type: mediaType}, nil
}

// put writes a body beside its final place, makes it durable and names it. An object
// store does so by itself: nobody sees an object before all of it is there.
func (s *Store) put(ctx context.Context, key, mediaType string, body io.Reader) error {
	writing, cancel := context.WithCancel(ctx)
	defer cancel()
	var file *os.File
	w, err := s.bucket.NewWriter(writing, key, &blob.WriterOptions{
		ContentType: mediaType, MaxConcurrency: partsAtOnce,
		BeforeWrite: func(as func(any) bool) error {
			if as(&file) {
				return file.Chmod(fileMode)
			}
			return nil // not a file
		},
	})
	if err != nil {
		return fmt.Errorf("begin a file: %w", err)
	}
	_, err = io.Copy(w, body)
	if err == nil && file != nil {
		err = s.flush(file) // before the rename, or a power cut could leave an empty file under the name
	}
	if err != nil {
		cancel() // the end of a canceled write names nothing, and gives up an upload
		_ = w.Close()
		return fmt.Errorf("write a file: %w", err)
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("name a file: %w", err)
	}
	return s.flushFolders(key)
}

// flushFolders makes a name durable: the folder's entry of it, and the entries of
// the folders above, which the save may have made.
func (s *Store) flushFolders(key string) error {
	if s.dir == "" {
		return nil
	}
	for at := filepath.Dir(filepath.FromSlash(key)); ; at = filepath.Dir(at) {
		if err := s.flushFolder(filepath.Join(s.dir, at)); err != nil {
			return fmt.Errorf("make a file's name durable: %w", err)
		}
		if at == "." {
			return nil
		}
	}
}

func (s *Store) flushFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(s.flush(folder), folder.Close())
}

// boundedReader ends with its context, between two reads.
type boundedReader struct {
	ctx  context.Context //nolint:containedctx // it lives for one call of Save, and ends with it
	from io.Reader
}

func (b *boundedReader) Read(p []byte) (int, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	return b.from.Read(p)
}

// meter counts and hashes what passes, up to a cap.
type meter struct {
	from       io.Reader
	left, size int64
	sum        hash.Hash
}

func (m *meter) Read(p []byte) (int, error) {
	n, err := m.from.Read(p)
	if int64(n) > m.left {
		return 0, ErrTooLarge
	}
	m.left -= int64(n)
	m.size += int64(n)
	m.sum.Write(p[:n])
	return n, err
}
