package dispatch

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/tasks"
)

// TestFetch: what each answer leads to, how often the vendor is asked, and how long
// that takes at least and at most.
func TestFetch(t *testing.T) {
	for name, tt := range map[string]struct {
		answers     []providers.RecordingResult
		broken      int
		want        record.FetchState
		asked       int
		least, most time.Duration // between the first query and the last
	}{
		"ready":                        {nil, 0, record.FetchStored, 1, 0, 0},
		"not yet, then ready":          {[]providers.RecordingResult{says(providers.ClassPending, 0), isReady}, 0, record.FetchStored, 2, 10 * time.Second, 11 * time.Second},
		"not before ten minutes":       {[]providers.RecordingResult{says(providers.ClassPending, 10*time.Minute), isReady}, 0, record.FetchStored, 2, 10 * time.Minute, 10*time.Minute + time.Second},
		"trouble twice":                {[]providers.RecordingResult{says(providers.ClassRetryLater, 0), says(providers.ClassUncertain, 0), isReady}, 0, record.FetchStored, 3, 40 * time.Second, 42 * time.Second},
		"the account is halted":        {[]providers.RecordingResult{{Class: providers.ClassHalted, Halt: providers.HaltAuth}, isReady}, 0, record.FetchStored, 2, 10 * time.Second, 11 * time.Second},
		"cut off, then whole":          {nil, 2, record.FetchStored, 3, 40 * time.Second, 42 * time.Second},
		"never":                        {[]providers.RecordingResult{says(providers.ClassPermanent, 0)}, 0, record.FetchLost, 1, 0, 0},
		"not until the vendor's end":   {[]providers.RecordingResult{says(providers.ClassPending, 0)}, 0, record.FetchLost, 6, keptFor - 3*time.Second, keptFor},
		"ready as the vendor's ends":   {[]providers.RecordingResult{says(providers.ClassPending, 30*time.Hour), isReady}, 0, record.FetchStored, 2, keptFor - 3*time.Second, keptFor},
		"a document in place of audio": {[]providers.RecordingResult{says(providers.ClassRetryLater, 0), isReady}, 0, record.FetchStored, 2, 10 * time.Second, 11 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			inAudioScene(t, func(t *testing.T, s audioScene) {
				s.books.answers, s.books.broken = tt.answers, tt.broken
				id := s.answered()
				stop := s.fetches(s.ctx)
				defer stop()
				time.Sleep(tt.least + 2*time.Minute)
				if rec := s.get(id); rec.File.Fetch != tt.want || rec.State != record.Completed {
					t.Errorf("%+v", rec.File)
				}
				if tt.want == record.FetchStored {
					s.wantStored(id)
				} else {
					s.wantTold(id, 0)
				}
				if took := s.books.at[len(s.books.at)-1].Sub(s.books.at[0]); s.books.times() != tt.asked || took < tt.least || took > tt.most {
					t.Errorf("asked %d times in %v, want %d in %v to %v", s.books.times(), took, tt.asked, tt.least, tt.most)
				}
				if q := s.books.asked[0]; q.VendorID != "call-1" || q.Path != "/r/1.wav" || q.Ended.IsZero() {
					t.Errorf("asked %+v", q)
				}
			})
		})
	}
}

// TestHaltedReadsHaltNoLane: the account's calls go on.
func TestHaltedReadsHaltNoLane(t *testing.T) {
	inAudioScene(t, func(t *testing.T, s audioScene) {
		s.books.answers = []providers.RecordingResult{{Class: providers.ClassHalted, Halt: providers.HaltBalance}}
		s.answered()
		stop := s.fetches(s.ctx)
		defer stop()
		time.Sleep(time.Minute)
		if state := s.get(s.placed(tasks.Job{Account: "phone", To: b1, Template: "T", IdempotencyKey: "order-2"})).State; state != record.Submitted {
			t.Errorf("a call is %s", state)
		}
		if s.books.times() < 2 {
			t.Errorf("asked %d times", s.books.times())
		}
	})
}

// TestFetchOfAnAccountElsewhere: another worker has its account, or keeps recordings.
func TestFetchOfAnAccountElsewhere(t *testing.T) {
	inAudioScene(t, func(t *testing.T, s audioScene) {
		id, kept := s.answered(), s.lane.Recordings
		s.lane.Recordings = nil
		stop := s.fetches(s.ctx)
		time.Sleep(10 * time.Minute)
		stop()
		if f := s.get(id).File; f.Fetch != record.FetchDue || s.books.times() != 0 {
			t.Errorf("%+v, asked %d times", f, s.books.times())
		}
		s.lane.Recordings = kept
		defer s.fetches(s.ctx)()
		time.Sleep(2 * time.Minute)
		s.wantStored(id)
	})
}

// TestFetcherStopsInTheMiddle: it ends at once, and another one goes on soon.
func TestFetcherStopsInTheMiddle(t *testing.T) {
	inAudioScene(t, func(t *testing.T, s audioScene) {
		s.books.takes = 4 * time.Minute
		id := s.answered()
		stop := s.fetches(s.ctx)
		time.Sleep(time.Minute)
		begin := time.Now()
		stop()
		if took := time.Since(begin); took != 0 || s.get(id).File.Fetch != record.FetchDue {
			t.Errorf("it stopped after %v: %+v", took, s.get(id).File)
		}
		s.books.takes = 0
		defer s.fetches(s.ctx)()
		time.Sleep(2 * time.Second)
		if s.books.times() != 2 {
			t.Errorf("asked %d times", s.books.times())
		}
		s.wantStored(id)
	})
}

// TestTwoFetchers of one call: a long download keeps its lease, so only one asks.
func TestTwoFetchers(t *testing.T) {
	inAudioScene(t, func(t *testing.T, s audioScene) {
		s.books.takes = 4 * time.Minute
		id := s.answered()
		other := newProcess(s.redis.Client, s.broker, s.company, newSteps(0, lives))
		other.keepsAudio(t, s.lane.Recordings.Store, s.books)
		defer s.fetches(s.ctx)()
		defer other.fetches(s.ctx)()
		time.Sleep(5 * time.Minute)
		if s.books.times() != 1 {
			t.Errorf("asked %d times", s.books.times())
		}
		s.wantStored(id)
	})
}

// TestLostLeaseEndsADownload: whoever froze and lost it neither stores nor tells.
func TestLostLeaseEndsADownload(t *testing.T) {
	inAudioScene(t, func(t *testing.T, s audioScene) {
		var away atomic.Bool
		cut := redistest.NewFaults(func(redistest.Op) redistest.Verdict {
			if away.Load() {
				return redistest.Verdict{Action: redistest.FailBefore}
			}
			return redistest.Verdict{}
		})
		slow := newProcess(s.redis.NewClient(t, cut), s.broker, s.company, newSteps(0, lives))
		books := &audioBooks{takes: 4 * time.Minute}
		slow.keepsAudio(t, s.lane.Recordings.Store, books)
		id := s.answered()
		defer slow.fetches(s.ctx)()
		time.Sleep(5 * time.Second)
		away.Store(true)
		time.Sleep(time.Minute)
		defer s.fetches(s.ctx)()
		time.Sleep(time.Second)
		if s.books.times() != 1 || books.times() != 1 || s.get(id).File.Fetch != record.FetchStored {
			t.Fatalf("asked %d and %d times: %+v", books.times(), s.books.times(), s.get(id).File)
		}
		away.Store(false)
		time.Sleep(5 * time.Minute)
		books.mu.Lock()
		defer books.mu.Unlock()
		if books.cut != 1 {
			t.Error("the one that lost its lease downloaded to the end")
		}
		s.wantStored(id)
	})
}

// TestRecordingJob: what each answer does to a job that names a recording.
func TestRecordingJob(t *testing.T) {
	for name, tt := range map[string]struct {
		answer providers.RecordingResult
		state  record.State
		in     time.Duration // until it is run again; 0: never
	}{
		"ready":     {isReady, record.Completed, 0},
		"never":     {says(providers.ClassPermanent, 0), record.Failed, 0},
		"not yet":   {says(providers.ClassPending, 0), record.Held, time.Minute},
		"too often": {says(providers.ClassRateLimited, time.Hour), record.Held, time.Hour},
		"halted":    {says(providers.ClassHalted, 0), record.Held, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			inAudioScene(t, func(t *testing.T, s audioScene) {
				s.books.answers = []providers.RecordingResult{tt.answer}
				id := s.recordingJob()
				state, err := s.lane.Recording(s.ctx, id)
				var later *Later
				if tt.in > 0 && (!asLater(err, &later) || time.Until(later.At) != tt.in) || tt.in == 0 && err != nil {
					t.Errorf("%v; want it back in %s", err, tt.in)
				}
				if rec := s.get(id); state != tt.state || rec.State != tt.state || rec.Attempts > 0 && tt.in == 0 {
					t.Errorf("%s, on record %s", state, rec.State)
				}
				if q := s.books.asked[0]; q.VendorID != "call-7" || q.Path != "" {
					t.Errorf("asked %+v", q)
				}
				if tt.state == record.Completed {
					s.wantStored(id)
				}
			})
		})
	}
}

func (s audioScene) recordingJob() string {
	s.t.Helper()
	id := walkGroup + ".audio"
	_, err := s.lane.Store.Create(s.ctx, record.NewJob{
		ID: id, Account: "phone", Kind: "recording", Content: `{"vendor_id":"call-7"}`, ExpiresIn: 24 * time.Hour,
		SubmitToken: "t", Retain: time.Hour, Tells: true,
	})
	s.must(err)
	return id
}

// TestRecordingJobUntilReady runs as often as it must, and asks no more after it.
func TestRecordingJobUntilReady(t *testing.T) {
	inAudioScene(t, func(t *testing.T, s audioScene) {
		pending := says(providers.ClassPending, 0)
		s.books.answers = []providers.RecordingResult{pending, pending, pending, pending, pending, pending, pending, isReady}
		id := s.recordingJob()
		for n := 1; ; n++ {
			state, err := s.lane.Recording(s.ctx, id)
			var later *Later
			if asLater(err, &later) && n < 8 {
				time.Sleep(time.Until(later.At))
				continue
			}
			if state != record.Completed || err != nil || n != 8 {
				t.Fatalf("run %d: %s, %v", n, state, err)
			}
			break
		}
		if _, err := s.lane.Recording(s.ctx, id); err != nil || s.books.times() != 8 {
			t.Errorf("run once more it asked %d times, %v", s.books.times(), err)
		}
		s.wantStored(id)
	})
}

func TestRecordingJobWithoutAPlace(t *testing.T) {
	inAudioScene(t, func(t *testing.T, s audioScene) {
		s.lane.Recordings = nil
		id := s.recordingJob()
		if state, err := s.lane.Recording(s.ctx, id); state != record.Failed || err != nil || s.books.times() != 0 {
			t.Errorf("%s, %v", state, err)
		}
	})
}

// TestRecordingJobGivesBack its task as the worker stops, and is run again.
func TestRecordingJobGivesBack(t *testing.T) {
	inAudioScene(t, func(t *testing.T, s audioScene) {
		s.books.takes = time.Minute
		id := s.recordingJob()
		ctx, cancel := context.WithTimeout(s.ctx, time.Second)
		defer cancel()
		if _, err := s.lane.Recording(ctx, id); err == nil {
			t.Error("it is done with")
		}
		if state, err := s.lane.Recording(s.ctx, id); state != record.Completed || err != nil {
			t.Errorf("%s, %v", state, err)
		}
		s.wantStored(id)
	})
}
