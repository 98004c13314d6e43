package dispatch

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/recordings"
	"github.com/callpacer/callpacer/providers"
)

// someAudio is a WAV file that tells its own length.
var someAudio = append([]byte("RIFF\x44\x00\x00\x00WAVEfmt "), bytes.Repeat([]byte{7}, 60)...)

// keptFor is how long the vendor keeps a recording.
const keptFor = 20 * time.Minute

// audioHouse is the vendor of recordings. It gives its answers in order, the last one
// again and again.
type audioHouse struct {
	phoneLine
	*audioBooks
}

type audioBooks struct {
	mu      sync.Mutex
	answers []providers.RecordingResult
	asked   []providers.RecordingQuery
	at      []time.Time
	cut     int           // so many queries were broken off
	broken  int           // so many downloads end in the middle
	takes   time.Duration // each answer
}

var _ providers.RecordingFetcher = audioHouse{}

func (a *audioBooks) next(q providers.RecordingQuery) (providers.RecordingResult, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked, a.at = append(a.asked, q), append(a.at, time.Now())
	r := providers.RecordingResult{Class: providers.ClassOK, Type: "audio/wav"}
	if len(a.answers) > 0 {
		r = a.answers[0]
		if len(a.answers) > 1 {
			a.answers = a.answers[1:]
		}
	}
	breaks := r.Class == providers.ClassOK && a.broken > 0
	if breaks {
		a.broken--
	}
	return r, breaks
}

// times is how often it was asked.
func (a *audioBooks) times() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.asked)
}

func (h audioHouse) FetchRecording(ctx context.Context, q providers.RecordingQuery) providers.RecordingResult {
	lost := providers.RecordingResult{Class: providers.ClassRetryLater, VendorText: "transport"}
	out := lost
	_ = h.steps.do(func() {
		r, breaks := h.next(q)
		timer := time.NewTimer(h.takes)
		defer timer.Stop()
		select {
		case <-ctx.Done():
			h.mu.Lock()
			defer h.mu.Unlock()
			h.cut++
			return
		case <-timer.C:
		}
		if r.Class == providers.ClassOK {
			r.Audio = io.NopCloser(bytes.NewReader(someAudio))
			if breaks {
				r.Audio = io.NopCloser(bytes.NewReader(someAudio[:40]))
			}
		}
		out = r
	})
	return out
}

func says(c providers.Class, after time.Duration) providers.RecordingResult {
	return providers.RecordingResult{Class: c, RetryAfter: after, VendorCode: "7", VendorText: "words"}
}

var isReady = providers.RecordingResult{Class: providers.ClassOK, Type: "audio/wav"}

// keepsAudio gives a process a store of recordings, and its vendor audio.
func (p *process) keepsAudio(t *testing.T, store *recordings.Store, books *audioBooks) {
	t.Helper()
	downloader, err := recordings.NewDownloader(recordings.DownloaderOptions{Hosts: []string{"files.example.com"}})
	if err != nil {
		t.Fatal(err)
	}
	p.lane.Vendor = audioHouse{phoneLine{p.lane.Vendor.(phoneLine).company, p.steps}, books}
	p.lane.Recordings = &Recordings{Store: store, Downloader: downloader, Kept: keptFor}
}

func audioStore(t *testing.T, url string) *recordings.Store {
	t.Helper()
	store, err := recordings.Open(t.Context(), url, recordings.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

// audioScene is a process whose calls have recordings.
type audioScene struct {
	scene
	books *audioBooks
}

func inAudioScene(t *testing.T, f func(t *testing.T, s audioScene)) {
	t.Helper()
	inScene(t, func(t *testing.T, s scene) {
		a := audioScene{s, &audioBooks{}}
		s.keepsAudio(t, audioStore(t, "mem://"), a.books)
		f(t, a)
	})
}

// fetches runs a Fetcher of the process until the returned function is called.
func (p *process) fetches(ctx context.Context) (stop func()) {
	f := &Fetcher{Group: walkGroup, Store: p.lane.Store, Lanes: map[string]*Lane{"phone": p.lane}, Log: quiet()}
	ctx, cancel := context.WithCancel(ctx)
	var run sync.WaitGroup
	run.Go(func() { f.Run(ctx) })
	return func() { cancel(); run.Wait() }
}

// answered is a call that a push told of, with the address of its audio.
func (s audioScene) answered() (id string) {
	s.t.Helper()
	return s.answeredAs(notifyJob(nil).To, "call-1")
}

// answeredAs is answered, of a callee whose call has this name.
func (s audioScene) answeredAs(to, name string) (id string) {
	s.t.Helper()
	job := notifyJob(nil)
	job.To, job.IdempotencyKey = to, job.IdempotencyKey+to
	id = s.placed(job)
	report := answered(name)
	report.Recording = "/r/1.wav"
	s.wantPush(signer.Attempt("phone", id, 1), pushed(report), pushDone)
	if got := s.get(id); got.State != record.Completed || got.File.Fetch != record.FetchDue {
		s.t.Fatalf("the job is %s, its recording %+v", got.State, got.File)
	}
	return id
}

// wantStored fails unless the job's recording is stored whole, and told of once.
func (s audioScene) wantStored(id string) {
	s.t.Helper()
	sum := sha256.Sum256(someAudio)
	f := s.get(id).File
	if f.Fetch != record.FetchStored || f.SHA256 != hex.EncodeToString(sum[:]) || f.Size != int64(len(someAudio)) || f.Type != "audio/wav" || f.URL == "" {
		s.t.Errorf("%+v", f)
	}
	s.wantTold(id, 1)
}

// wantTold fails unless so many events tell that the recording is stored.
func (s audioScene) wantTold(id string, want int) {
	s.t.Helper()
	time.Sleep(time.Minute) // what is leased is due again
	events, err := s.lane.Store.ClaimEvents(s.ctx, walkGroup, 100, time.Second)
	s.must(err)
	n := 0
	for _, e := range events {
		if e.Job == id && e.About == "recording.stored" {
			n++
		}
	}
	if n != want {
		s.t.Errorf("%d events tell that its recording is stored, want %d", n, want)
	}
	if left := s.redis.Client.ZCard(s.ctx, "callpacer:{"+walkGroup+"}:fetches").Val(); left != 0 {
		s.t.Errorf("%d recordings are still to be fetched", left)
	}
}
