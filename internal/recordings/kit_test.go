package recordings

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		os.Exit(play(role, os.Getenv(folderVariable)))
	}
	goleak.VerifyTestMain(m)
}

const job = "dingxin.01JD9V3Z5R8M2K4N6P7Q8S9T0A"

// testAt is already the next day in China.
var testAt = time.Date(2026, 11, 22, 18, 0, 0, 0, time.UTC)

func ofJob(id string) Recording { return Recording{Job: id, Group: "dingxin", At: testAt} }

// wav is audio of a size, which it tells, as each of its bytes tells its place.
func wav(size int) []byte {
	b := append([]byte("RIFF____WAVEfmt "), make([]byte, size)...)[:size]
	binary.LittleEndian.PutUint32(b[4:], uint32(size-8))
	for i := 16; i < size; i++ {
		b[i] = byte(i * 7 / 3)
	}
	return b
}

func shaOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func mustOpen(t *testing.T, url string, o Options) *Store {
	t.Helper()
	s, err := Open(t.Context(), url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func inFolder(t *testing.T, o Options) (s *Store, dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "made", "recordings")
	return mustOpen(t, "file://"+dir, o), dir
}

func mustSave(t *testing.T, s *Store, r Recording, audio []byte) Saved {
	t.Helper()
	saved, err := s.Save(t.Context(), r, bytes.NewReader(audio))
	if err != nil {
		t.Fatal(err)
	}
	return saved
}

// files are all in a folder, by their paths in it.
func files(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	found := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		found[name], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// breaking gives bytes, and then, once it did what it shall, an error.
func breaking(b []byte, err error, first ...func()) io.Reader {
	return io.MultiReader(bytes.NewReader(b), readerFunc(func([]byte) (int, error) {
		for _, do := range first {
			do()
		}
		return 0, err
	}))
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
