package dispatch

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/recordings"
	"github.com/callpacer/callpacer/internal/redistest"
)

// fetchSteps are more than one fetch has: of Redis, and of the vendor.
const fetchSteps = 9

// TestFetchThroughCrashes: a worker dies or freezes at each step of one fetch, and
// another one comes. The recording is stored and told once.
func TestFetchThroughCrashes(t *testing.T) {
	struck := 0
	for at := 1; at <= fetchSteps; at++ {
		for f, name := range fates {
			if redistest.Raced && (at+int(f))%3 > 0 {
				continue
			}
			t.Run(name+" at "+string(rune('0'+at)), func(t *testing.T) {
				redistest.Bubble(t, func(t *testing.T, r *redistest.Redis) {
					books, steps := &audioBooks{}, newSteps(at, f)
					company, broker := &phoneCompany{}, newMemBroker()
					s := audioScene{scene{newProcess(r.Client, broker, company, newSteps(0, lives)), t, t.Context(), r, broker, company}, books}
					store := audioStore(t, "mem://")
					s.keepsAudio(t, store, books)
					id := s.answered()
					time.Sleep(3 * time.Second) // each step from now on is one of the fetch
					first := newProcess(r.NewClient(t, steps.redis()), broker, company, steps)
					first.keepsAudio(t, store, books)
					defer first.fetches(s.ctx)()
					time.Sleep(10 * time.Second)
					defer s.fetches(s.ctx)()
					time.Sleep(2 * time.Minute)
					select {
					case <-steps.struck:
						struck++
					default:
						t.Error("it has not so many steps")
					}
					s.wantStored(id)
				})
			})
		}
	}
	if struck != fetchSteps*len(fates) && !redistest.Raced {
		t.Errorf("fate struck %d times", struck)
	}
}

// TestStoreThatFails: the folder is away for a while, and nothing is lost.
func TestStoreThatFails(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "recordings")
	inAudioScene(t, func(t *testing.T, s audioScene) {
		s.lane.Recordings.Store = audioStore(t, "file://"+folder)
		id := s.answered()
		s.must(os.Remove(folder))
		s.must(os.WriteFile(folder, nil, 0o600))
		defer s.fetches(s.ctx)()
		time.Sleep(30 * time.Second)
		if f := s.get(id).File; f.Fetch != record.FetchDue || f.Tries != 2 || f.Why != "it could not be stored whole" {
			t.Errorf("%+v", f)
		}
		s.must(os.Remove(folder))
		s.must(os.Mkdir(folder, 0o700))
		time.Sleep(time.Minute)
		s.wantStored(id)
		files := 0
		s.must(filepath.WalkDir(folder, func(_ string, e os.DirEntry, err error) error {
			if err == nil && !e.IsDir() {
				files++
			}
			return err
		}))
		if files != 1 {
			t.Errorf("%d files are left", files)
		}
	})
}

// TestRecordingTooLarge: it will not shrink, so it is downloaded once.
func TestRecordingTooLarge(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "recordings")
	inAudioScene(t, func(t *testing.T, s audioScene) {
		small, err := recordings.Open(s.ctx, "file://"+folder, recordings.Options{MaxSize: 50})
		s.must(err)
		defer func() { s.must(small.Close()) }()
		s.lane.Recordings.Store = small
		id := s.answered()
		defer s.fetches(s.ctx)()
		time.Sleep(20 * time.Second)
		if f := s.get(id).File; f.Fetch != record.FetchLost || f.URL != "" || f.Why != "it is larger than a recording may be" || s.books.times() != 1 {
			t.Errorf("%+v, asked %d times", f, s.books.times())
		}
	})
}
