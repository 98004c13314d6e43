package dispatch

import (
	"fmt"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/ratelimit"
	"github.com/callpacer/callpacer/tasks"
)

// TestRecordingsKeepTheQueryRate: to ask for audio is a query of the account like others.
func TestRecordingsKeepTheQueryRate(t *testing.T) {
	inAudioScene(t, func(t *testing.T, s audioScene) {
		const jobs, perSecond, burst = 12, 2, 1
		s.lane.under(ratelimit.Rules{QueryRate: ratelimit.Rate{PerSecond: perSecond, Burst: burst}}, time.Now)
		for i := range jobs {
			s.answeredAs(fmt.Sprintf("1380000%04d", i), fmt.Sprintf("call-%d", i+1))
		}
		defer s.fetches(s.ctx)()
		time.Sleep(time.Minute)
		if s.books.times() != jobs {
			t.Fatalf("asked %d times for %d recordings", s.books.times(), jobs)
		}
		for i, at := range s.books.at {
			if i > perSecond+burst && at.Sub(s.books.at[i-perSecond-burst-1]) < time.Second {
				t.Errorf("request %d was sent %v after the one %d before it", i, at.Sub(s.books.at[i-perSecond-burst-1]), perSecond+burst+1)
			}
		}
	})
}

// TestRecordingsRest: a vendor that is asked for audio too often is asked nothing for a
// while, neither for more of it nor how a call ended.
func TestRecordingsRest(t *testing.T) {
	inAudioScene(t, func(t *testing.T, s audioScene) {
		s.books.answers = []providers.RecordingResult{says(providers.ClassRateLimited, 0), isReady}
		id := s.answered()
		stop := s.fetches(s.ctx)
		time.Sleep(5 * time.Second)
		stop()
		if s.books.times() != 1 {
			t.Fatalf("asked %d times", s.books.times())
		}
		job := s.recordingJob()
		state, err := s.lane.Recording(s.ctx, job)
		var later *Later
		if state != record.Held || !asLater(err, &later) || s.books.times() != 1 {
			t.Errorf("a recording job meanwhile: %s, %v, asked %d times", state, err, s.books.times())
		}
		if _, err := s.lane.Probe(s.ctx, s.enqueue(tasks.Job{Kind: tasks.KindAccount, Account: "phone"})); err == nil {
			t.Error("a probe was made while queries rest")
		}
		clear(s.broker.tasks) // that probe comes again later
		defer s.fetches(s.ctx)()
		time.Sleep(queryRest + time.Minute)
		s.wantStored(id)
		if took := s.books.at[1].Sub(s.books.at[0]); took < queryRest {
			t.Errorf("asked again %v later", took)
		}
	})
}
