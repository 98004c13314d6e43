package event

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callpacer/callpacer/internal/record"
)

const appHost = "app.example.com:80"

// signedBy judges a signature without the library that makes it.
func signedBy(key []byte, h heard) bool {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(h.header.Get("webhook-id") + "." + h.header.Get("webhook-timestamp") + "." + string(h.body)))
	return h.header.Get("webhook-signature") == "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func TestEachTryIsTheSameEventSignedAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := &application{answer: func(n int, w http.ResponseWriter, _ *http.Request) {
			if n < 3 {
				w.WriteHeader(http.StatusInternalServerError)
			}
		}}
		e := change("jumdata.01ABC/77", 3)
		s := newShelf(e)
		stop := run(t.Context(), bubbleWith(t, s, map[string]*application{appHost: app}))
		time.Sleep(time.Minute)
		stop()
		got := app.heard()
		if len(got) != 3 || !slices.Equal(s.told, []string{e.ID}) || len(s.kept) != 0 {
			t.Fatalf("%d requests, told %v, kept %v", len(got), s.told, s.kept)
		}
		want := `{"type":"call.completed","timestamp":"` + e.At.UTC().Format(time.RFC3339Nano) + `","data":{"id":"jumdata.01ABC/77","kind":"notify","revision":3,"state":"completed"}}`
		for i, h := range got {
			stamp, err := strconv.ParseInt(h.header.Get("webhook-timestamp"), 10, 64)
			if err != nil || stamp != h.at.Unix() {
				t.Errorf("try %d at %s is signed at %d (%v)", i+1, h.at, stamp, err)
			}
			if !signedBy([]byte(someText), h) || signedBy([]byte("other"), h) {
				t.Errorf("try %d: the signature %s is not ours", i+1, h.header.Get("webhook-signature"))
			}
			if id := h.header.Get("webhook-id"); id != "jumdata_01ABC_77_3" || string(h.body) != want {
				t.Errorf("try %d: %s %s, want %s", i+1, id, h.body, want)
			}
			if h.header.Get("Content-Type") != "application/json" || h.header.Get("User-Agent") != "callpacer" {
				t.Errorf("try %d: headers %v", i+1, h.header)
			}
		}
		if bytes.Equal([]byte(got[0].header.Get("webhook-timestamp")), []byte(got[2].header.Get("webhook-timestamp"))) {
			t.Error("the last try is signed as of the first")
		}
		if why := s.tries[e.ID]; !slices.Equal(why, []string{"the endpoint answered 500", "the endpoint answered 500"}) {
			t.Errorf("reasons %q", why)
		}
	})
}

func TestTriesGoOnForADayThenItIsADeadLetter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := &application{answer: func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }}
		e := change("jumdata.01ABC", 1)
		s := newShelf(e)
		stop := run(t.Context(), bubbleWith(t, s, map[string]*application{appHost: app}))
		time.Sleep(25 * time.Hour)
		stop()
		got := app.heard()
		want := []time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute,
			time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour, 8 * time.Hour, 0}
		for i := 1; i < len(got)-1; i++ {
			wait := got[i].at.Sub(got[i-1].at)
			if i <= len(want) && (wait < want[i-1]*9/10 || wait > want[i-1]*11/10+claimEvery) {
				t.Errorf("try %d came %s after the one before, want %s ±10 %%", i+1, wait, want[i-1])
			}
		}
		if n := len(got); n < 12 || n > 13 {
			t.Errorf("%d tries", n)
		}
		if age := got[len(got)-1].at.Sub(e.At); age < 24*time.Hour || age > 24*time.Hour+2*claimEvery {
			t.Errorf("the last try was after %s", age)
		}
		if why := s.dead[e.ID]; why != "the endpoint answered 502" || len(s.kept) != 0 {
			t.Errorf("dead %q, kept %v", s.dead, s.kept)
		}
	})
}

func TestRetryAfterIsRespectedUpToAnHour(t *testing.T) {
	for _, c := range []struct {
		status   int
		header   func(now time.Time) string
		from, to time.Duration
	}{
		{429, func(time.Time) string { return "600" }, 600 * time.Second, 661 * time.Second},
		{503, func(now time.Time) string { return now.Add(20 * time.Minute).UTC().Format(http.TimeFormat) }, 20*time.Minute - time.Second, 22*time.Minute + time.Second},
		{429, func(time.Time) string { return "86400" }, time.Hour, 66*time.Minute + time.Second},
		{429, func(time.Time) string { return "1" }, 4500 * time.Millisecond, 6 * time.Second},   // no sooner than without it
		{500, func(time.Time) string { return "600" }, 4500 * time.Millisecond, 6 * time.Second}, // not a word of this status
		{429, func(time.Time) string { return "-5 soon" }, 4500 * time.Millisecond, 6 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			app := &application{answer: func(n int, w http.ResponseWriter, _ *http.Request) {
				if n == 1 {
					w.Header().Set("Retry-After", c.header(time.Now()))
					w.WriteHeader(c.status)
				}
			}}
			s := newShelf(change("jumdata.01ABC", 1))
			stop := run(t.Context(), bubbleWith(t, s, map[string]*application{appHost: app}))
			time.Sleep(2 * time.Hour)
			stop()
			got := app.heard()
			if len(got) != 2 {
				t.Fatalf("%d %s: %d requests", c.status, c.header(time.Now()), len(got))
			}
			if wait := got[1].at.Sub(got[0].at); wait < c.from || wait > c.to {
				t.Errorf("%d %s: tried again after %s, want %s to %s", c.status, c.header(time.Now()), wait, c.from, c.to)
			}
		})
	}
}

func TestGoneIsADeadLetterAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := &application{answer: func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) }}
		var events []record.Event
		for i := range 20 { // more than would open the breaker
			events = append(events, change(fmt.Sprintf("jumdata.%d", i), 1))
		}
		s := newShelf(events...)
		stop := run(t.Context(), bubbleWith(t, s, map[string]*application{appHost: app}))
		time.Sleep(time.Second)
		stop()
		if len(s.dead) != 20 || len(app.heard()) != 20 || !strings.Contains(s.dead["jumdata.0:1"], "410") {
			t.Errorf("%d requests, dead %v", len(app.heard()), s.dead)
		}
	})
}

func TestARedirectIsAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := &application{answer: func(_ int, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "http://b.example.com/")
			w.WriteHeader(http.StatusTemporaryRedirect)
		}}
		other := &application{}
		e := change("jumdata.01ABC", 1)
		s := newShelf(e)
		stop := run(t.Context(), bubbleWith(t, s, map[string]*application{appHost: app, "b.example.com:80": other}))
		time.Sleep(time.Second)
		stop()
		if len(app.heard()) != 1 || len(other.heard()) != 0 || len(s.tries[e.ID]) != 1 || !strings.Contains(s.tries[e.ID][0], "307: redirects are not followed") {
			t.Errorf("%d and %d requests, tries %v", len(app.heard()), len(other.heard()), s.tries)
		}
	})
}

func TestOneJobsEventsComeInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := &application{answer: func(int, http.ResponseWriter, *http.Request) { time.Sleep(300 * time.Millisecond) }}
		s := newShelf()
		for revision := 5; revision > 0; revision-- { // the later, the earlier due
			e := change("jumdata.01ABC", revision)
			e.At = e.At.Add(-time.Duration(revision) * time.Second)
			s.add(e)
		}
		s.add(change("jumdata.02DEF", 1))
		stop := run(t.Context(), bubbleWith(t, s, map[string]*application{appHost: app}))
		time.Sleep(time.Second)
		s.add(change("jumdata.01ABC", 6)) // while the others are on their way
		time.Sleep(2 * time.Second)
		stop()
		mine := slices.DeleteFunc(s.told, func(id string) bool { return !strings.HasPrefix(id, "jumdata.01ABC:") })
		want := []string{"jumdata.01ABC:1", "jumdata.01ABC:2", "jumdata.01ABC:3", "jumdata.01ABC:4", "jumdata.01ABC:5", "jumdata.01ABC:6"}
		if !slices.Equal(mine, want) {
			t.Errorf("told %v", mine)
		}
	})
}

func TestStoppingFinishesWhatIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := &application{answer: func(int, http.ResponseWriter, *http.Request) { time.Sleep(5 * time.Second) }}
		s := newShelf()
		for i := range 12 {
			s.add(change(fmt.Sprintf("jumdata.%d", i), 1))
		}
		s.add(change("jumdata.0", 2))
		ctx, cancel := context.WithCancel(t.Context())
		stop := run(ctx, bubbleWith(t, s, map[string]*application{appHost: app}))
		time.Sleep(time.Second)
		cancel()
		began := time.Now()
		stop()
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("stopping took %s", took)
		}
		if len(s.told) != 4 || len(s.kept) != 9 || len(s.tries) != 0 {
			t.Errorf("told %v, %d kept, tries %v", s.told, len(s.kept), s.tries)
		}
		for id, k := range s.kept {
			if k.due.After(time.Now()) || k.Tries != 0 {
				t.Errorf("%s is due at %s after %d tries", id, k.due, k.Tries)
			}
		}
	})
}
