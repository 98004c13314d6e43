package recordings

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/iotest"
	"time"
)

const dayOfTest = "dingxin/2026/11/22/"

func TestARecordingIsKeptByteForByte(t *testing.T) {
	for id, name := range map[string]string{job: job + ".wav", job + "/task-1_2": job + "_task-1_2.wav"} {
		for _, size := range []int{16, 4096, 3<<20 + 1} {
			s, dir := inFolder(t, Options{})
			audio := wav(size)
			saved, err := s.Save(t.Context(), ofJob(id), iotest.HalfReader(bytes.NewReader(audio)))
			want := Saved{URL: "file://" + dir + "/" + dayOfTest + name, SHA256: shaOf(audio), Size: int64(size), Type: "audio/wav"}
			if err != nil || saved != want {
				t.Errorf("%+v, %v; want %+v", saved, err, want)
			}
			kept := files(t, dir)
			if len(kept) != 1 || !bytes.Equal(kept[dayOfTest+name], audio) {
				t.Errorf("%s: not byte for byte, or not alone among %d files", name, len(kept))
			}
		}
	}
}

func TestOnlyTheirOwnerReadsRecordings(t *testing.T) {
	s, dir := inFolder(t, Options{})
	mustSave(t, s, ofJob(job), wav(100))
	for path, want := range map[string]os.FileMode{"": 0o700, "dingxin": 0o700, dayOfTest: 0o700, dayOfTest + job + ".wav": 0o600} {
		info, err := os.Stat(filepath.Join(dir, path))
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%q: %v, %v", path, info.Mode(), err)
		}
	}
}

func TestTheMediaTypeIsPartOfTheName(t *testing.T) {
	s, dir := inFolder(t, Options{})
	for head, want := range map[string]string{
		"RIFF\x04\x00\x00\x00WAVE": "audio/wav .wav", "ID3\x04": "audio/mpeg .mp3", "OggS": "audio/ogg .ogg", "#!AMR\n": "audio/amr .amr",
		"fLaC": "audio/flac .flac", "\xff\xf1\x50": "audio/aac .aac", "\x00\x00\x00\x20ftypmp42": "audio/mp4 .m4a",
	} {
		media, extension, _ := strings.Cut(want, " ")
		for _, told := range []string{"", media, "application/octet-stream"} {
			r := ofJob(job)
			r.Type = told
			saved := mustSave(t, s, r, []byte(head))
			if saved.Type != media || !strings.HasSuffix(saved.URL, job+extension) {
				t.Errorf("%q told as %q: %+v", head, told, saved)
			}
		}
	}
	if kept := files(t, dir); len(kept) != len(extensions) {
		t.Errorf("%d files of %d types", len(kept), len(extensions))
	}
	r := ofJob(job)
	r.Type = "audio/mpeg"
	if saved := mustSave(t, s, r, []byte("\xff\xf1\x50")); saved.Type != "audio/mpeg" || !strings.HasSuffix(saved.URL, ".mp3") {
		t.Errorf("the adapter's word: %+v", saved)
	}
}

func TestARecordingInMemory(t *testing.T) {
	s := mustOpen(t, "mem://", Options{})
	audio := wav(5000)
	saved := mustSave(t, s, ofJob(job), audio)
	key := dayOfTest + job + ".wav"
	if saved.URL != "mem:///"+key || saved.SHA256 != shaOf(audio) {
		t.Errorf("%+v", saved)
	}
	if got, err := s.bucket.ReadAll(t.Context(), key); err != nil || !bytes.Equal(got, audio) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	broken := errors.New("reset")
	if _, err := s.Save(t.Context(), ofJob(job+"/1"), breaking(audio, broken)); !errors.Is(err, broken) {
		t.Errorf("a broken one: %v", err)
	}
	if there, err := s.bucket.Exists(t.Context(), dayOfTest+job+"_1.wav"); err != nil || there {
		t.Errorf("a broken one is there: %v, %v", there, err)
	}
	if err := s.Writable(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestNamesThatAreNoJobs(t *testing.T) {
	s, dir := inFolder(t, Options{})
	for _, r := range []Recording{
		{}, {Job: job, At: testAt}, {Job: job, Group: "dingxin"}, {Job: job, Group: "jumdata", At: testAt},
		{Job: "../x.1", Group: "../x", At: testAt}, {Job: "dingxin.", Group: "dingxin", At: testAt}, {Job: "dingxin", Group: "dingxin", At: testAt},
		ofJob("dingxin.1/../../x"), ofJob("dingxin.1/.."), ofJob("dingxin.1/2/3"), ofJob("dingxin./1"), ofJob("dingxin.a\x00b"), ofJob("dingxin.é"),
		ofJob("dingxin.1\n"), ofJob("dingxin." + strings.Repeat("a", 65)),
	} {
		if _, err := s.Save(t.Context(), r, bytes.NewReader(wav(100))); err == nil {
			t.Errorf("%+v is kept", r)
		}
	}
	if kept := files(t, filepath.Dir(dir)); len(kept) != 0 {
		t.Errorf("%d files", len(kept))
	}
}

// A save that fails leaves what was there as it was, and nothing where nothing was.
func TestAFailedSaveLeavesNothing(t *testing.T) {
	broken := errors.New("reset")
	audio := wav(1 << 20)
	whole := func(func()) io.Reader { return bytes.NewReader(audio) }
	text := func(body string) func(func()) io.Reader {
		return func(func()) io.Reader { return strings.NewReader(body) }
	}
	ends := func(size int, err error) func(func()) io.Reader {
		return func(func()) io.Reader { return breaking(audio[:size], err) }
	}
	for name, tc := range map[string]struct {
		audio func(cancel func()) io.Reader
		full  error // of the disk, at its flush
		want  error
	}{
		"reader breaks":       {ends(1<<19, broken), nil, broken},
		"reader breaks early": {ends(5, broken), nil, broken},
		"body cut":            {ends(1<<19, io.ErrUnexpectedEOF), nil, io.ErrUnexpectedEOF},
		"canceled before":     {func(cancel func()) io.Reader { cancel(); return bytes.NewReader(audio) }, nil, context.Canceled},
		"canceled half way": {func(cancel func()) io.Reader {
			return io.MultiReader(breaking(audio[:1<<18], io.EOF, cancel), bytes.NewReader(audio[:1<<18]))
		}, nil, context.Canceled},
		"canceled, and endless": {func(cancel func()) io.Reader {
			return io.MultiReader(breaking(audio[:1<<18], io.EOF, cancel), readerFunc(func(p []byte) (int, error) { return min(len(p), 512), nil }))
		}, nil, context.Canceled},
		"canceled at the end": {func(cancel func()) io.Reader { return breaking(audio, io.EOF, cancel) }, nil, context.Canceled},
		"disk full at flush":  {whole, syscall.ENOSPC, syscall.ENOSPC},
		"too large":           {func(func()) io.Reader { return bytes.NewReader(wav(1<<20 + 1)) }, nil, ErrTooLarge},
		"empty":               {text(""), nil, ErrNotAudio},
		"JSON in disguise":    {text(`{"code":2003,"msg":"暂无数据"}`), nil, ErrNotAudio},
		"HTML in disguise":    {text("\n<html>" + strings.Repeat(" ", 9000)), nil, ErrNotAudio},
	} {
		for _, before := range [][]byte{nil, wav(777)} {
			s, dir := inFolder(t, Options{MaxSize: 1 << 20})
			if before != nil {
				mustSave(t, s, ofJob(job), before)
			}
			if tc.full != nil {
				s.flush = func(*os.File) error { return tc.full }
			}
			r := ofJob(job)
			r.Type = "audio/wav" // as an answer's header may say of anything
			ctx, cancel := context.WithCancel(t.Context())
			saved, err := s.Save(ctx, r, tc.audio(cancel))
			cancel()
			if !errors.Is(err, tc.want) || saved != (Saved{}) {
				t.Errorf("%s: %+v, %v", name, saved, err)
			}
			kept := files(t, dir)
			if before == nil && len(kept) != 0 || before != nil && (len(kept) != 1 || !bytes.Equal(kept[dayOfTest+job+".wav"], before)) {
				t.Errorf("%s: %d files are left", name, len(kept))
			}
		}
	}
}

func TestTheCapIsInclusive(t *testing.T) {
	s, _ := inFolder(t, Options{MaxSize: 1 << 20})
	if saved := mustSave(t, s, ofJob(job), wav(1<<20)); saved.Size != 1<<20 {
		t.Errorf("%+v", saved)
	}
	if s := mustOpen(t, "mem://", Options{}); s.opts.MaxSize != 256<<20 {
		t.Errorf("the default is %d", s.opts.MaxSize)
	}
}

// A save is done when the file and each folder above it are durable, in that order.
func TestASaveIsDurable(t *testing.T) {
	s, dir := inFolder(t, Options{})
	var flushed []string
	s.flush = func(f *os.File) error {
		name, err := filepath.Rel(dir, f.Name())
		flushed = append(flushed, name)
		if _, missing := os.Stat(filepath.Join(dir, dayOfTest, job+".wav")); (missing != nil) != (len(flushed) == 1) {
			t.Errorf("at flush %d of %s the final name: %v", len(flushed), name, missing)
		}
		return errors.Join(err, f.Sync())
	}
	mustSave(t, s, ofJob(job), wav(100))
	if len(flushed) != 6 || !strings.HasPrefix(flushed[0], dayOfTest+job+".wav.") {
		t.Fatalf("flushed %q", flushed)
	}
	if got := strings.Join(flushed[1:], " "); got != "dingxin/2026/11/22 dingxin/2026/11 dingxin/2026 dingxin ." {
		t.Errorf("flushed %s", got)
	}
}

// Two workers may fetch one job's recording at a time: one file, whole at any moment.
func TestConcurrentSavesOfOneJob(t *testing.T) {
	s, dir := inFolder(t, Options{})
	audio := wav(300_000)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 5 {
				saved, err := s.Save(t.Context(), ofJob(job), bytes.NewReader(audio))
				if err != nil || saved.SHA256 != shaOf(audio) {
					t.Errorf("%+v, %v", saved, err)
				}
			}
		})
	}
	wg.Go(func() {
		for range 20 {
			if n, err := s.Sweep(t.Context(), time.Now().Add(-time.Hour)); err != nil || n != 0 {
				t.Errorf("swept %d, %v", n, err)
			}
		}
	})
	wg.Wait()
	if kept := files(t, dir); len(kept) != 1 || !bytes.Equal(kept[dayOfTest+job+".wav"], audio) {
		t.Errorf("%d files", len(kept))
	}
}
