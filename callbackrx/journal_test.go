package callbackrx_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/callpacer/callpacer/callbackrx"
	"github.com/callpacer/callpacer/internal/journal"
	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
)

// notes is a journal in memory; it fails when it is told to.
type notes struct {
	mu      sync.Mutex
	entries [][]byte
	err     error
}

func (n *notes) Append(ctx context.Context, entry []byte) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.err == nil && ctx.Err() == nil {
		n.entries = append(n.entries, bytes.Clone(entry))
	}
	return errors.Join(n.err, ctx.Err())
}

func (n *notes) count() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.entries)
}

func (n *notes) Pending() bool { return n.count() > 0 }

func (n *notes) Replay(ctx context.Context, f func(context.Context, []byte) error) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for i, e := range n.entries {
		if err := f(ctx, e); err != nil {
			return i, err
		}
	}
	took := len(n.entries)
	n.entries = nil
	return took, nil
}

func fileJournal(t testing.TB, dir string) *journal.Journal {
	t.Helper()
	log := logrus.New()
	log.SetOutput(io.Discard)
	j, err := journal.Open(dir, journal.Options{Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
	return j
}

// running starts the replay and ends it before the cleanups that came before.
func running(t testing.TB, r *callbackrx.Receiver) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { r.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		wg.Wait()
		r.Close()
	})
}

func TestJournalWhereRedisFails(t *testing.T) {
	away := errors.New("away")
	for name, c := range map[string]struct {
		m      *memory
		n      *notes
		status int
		kept   int
	}{
		"both work":      {&memory{}, &notes{}, 200, 0},
		"Redis fails":    {&memory{storeErr: away}, &notes{}, 200, 1},
		"journal fails":  {&memory{}, &notes{err: away}, 200, 0},
		"neither":        {&memory{storeErr: away}, &notes{err: away}, 503, 0},
		"queue fails":    {&memory{queueErr: away}, &notes{}, 200, 0},
		"Redis panics":   {&memory{onStore: func() { panic("x") }}, &notes{}, 200, 1},
		"a panic, alone": {&memory{onStore: func() { panic("x") }}, &notes{err: away}, 503, 0},
	} {
		t.Run(name, func(t *testing.T) {
			r, log := newReceiver(c.m)
			r.Journal = c.n
			wantStatus(t, push(r, "POST", pushURL, "", "x"), c.status)
			r.Close()
			if c.n.count() != c.kept {
				t.Errorf("%d in the journal, want %d", c.n.count(), c.kept)
			}
			if strings.Contains(log.String(), token) {
				t.Errorf("the log shows the token: %s", log)
			}
			wantStatus(t, push(r, "POST", pushURL, "", "x"), 503) // it is closed
		})
	}
}

// While Redis is known to be away it is not asked, but where the journal fails.
func TestRedisThatIsAwayIsLeftAlone(t *testing.T) {
	m, n := &memory{storeErr: errors.New("away")}, &notes{}
	r, log := newReceiver(m)
	r.Journal = n
	for i := range 5 {
		wantStatus(t, push(r, "POST", pushURL, "", fmt.Sprint(i)), 200)
	}
	wantSteps(t, m, "store")
	n.err = errors.New("full")
	wantStatus(t, push(r, "POST", pushURL, "", "x"), 503)
	wantSteps(t, m, "store store")
	m.storeErr = nil
	wantStatus(t, push(r, "POST", pushURL, "", "x"), 200)
	wantSteps(t, m, "store store store queue")
	if told := strings.Count(log.String(), "kept in the journal"); n.count() != 5 || told != 1 {
		t.Errorf("%d in the journal, said %d times: %s", n.count(), told, log)
	}
	r.Close()
}

// A journal's entry is the push that came.
func TestReplayedPushIsTheOneThatCame(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		rx, store := onRedis(r)
		broken := &memory{storeErr: errors.New("away")}
		rx.Store = broken
		rx.Journal = fileJournal(t, t.TempDir())
		const body = "{\"callId\":\"1\",\"text\":\"\xb3\xc9\xb9\xa6\x00\"}"
		for range 3 { // copies of one
			wantStatus(t, push(rx, "POST", pushURL+"?a=%B3&b", "application/json;charset=GBK", body), 200)
		}
		rx.Store = store
		running(t, rx)
		eventually(t, func() bool { return !rx.Journal.Pending() })
		wantCounts(t, r, 1, 1)
		key := keysLike(t, r, "callpacer:{jumdata}:push:*")[0]
		id := key[strings.LastIndexByte(key, ':')+1:]
		p, err := store.GetPush(t.Context(), id)
		if err != nil || p == nil || string(p.Body) != body || p.Token != token || p.ContentType != "application/json;charset=GBK" ||
			p.RawQuery != "a=%B3&b" || p.Method != http.MethodPost || p.Account != "main" || p.State != "received" {
			t.Fatalf("stored %+v, %v", p, err)
		}
		// One that comes both ways, and one that was read before, are no new ones.
		wantStatus(t, push(rx, "POST", pushURL+"?a=%B3&b", "application/json;charset=GBK", body), 200)
		wantCounts(t, r, 1, 1)
	})
}

// What nobody can read stops no other, and is kept for a person.
func TestForeignEntryOfTheJournal(t *testing.T) {
	r := redistest.Mini(t)
	rx, _ := onRedis(r)
	j := fileJournal(t, t.TempDir())
	rx.Journal = j
	for _, entry := range []string{"{", `{"ID":"jumdata.push"}`, `{"ID":"nothing"}`, `[]`} {
		if err := j.Append(t.Context(), []byte(entry)); err != nil {
			t.Fatal(err)
		}
	}
	rx.Store = &memory{storeErr: errors.New("away")}
	wantStatus(t, push(rx, "POST", pushURL, "", "x"), 200)
	rx.Store = record.New(r.Client)
	running(t, rx)
	eventually(t, func() bool { return !j.Pending() })
	wantCounts(t, r, 1, 1)
}

// eventually waits for something that another goroutine does, a minute at most.
func eventually(t testing.TB, done func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	end := time.After(time.Minute)
	for !done() {
		select {
		case <-tick.C:
		case <-end:
			t.Fatal("it did not happen within a minute")
		}
	}
}

// flood sends pushes, each another, from several vendors' connections until stop
// is closed, and returns the bodies that were acknowledged.
func flood(t *testing.T, url string, client *http.Client, stop <-chan struct{}) map[string]bool {
	t.Helper()
	var mu sync.Mutex
	acknowledged := map[string]bool{}
	var wg sync.WaitGroup
	for v := range 4 {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				body := fmt.Sprintf("%d/%d", v, i)
				resp, err := client.Post(url, "text/plain", strings.NewReader(body))
				if err != nil {
					t.Error(err)
					return
				}
				resp.Body.Close()
				if resp.StatusCode != http.StatusOK {
					t.Errorf("push %s got %s", body, resp.Status)
					continue
				}
				mu.Lock()
				acknowledged[body] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return acknowledged
}

// stored counts the pushes in Redis by their body.
func stored(t *testing.T, r *redistest.Redis, store *record.Store) map[string]int {
	t.Helper()
	out := map[string]int{}
	for _, key := range keysLike(t, r, "callpacer:{jumdata}:push:*") {
		p, err := store.GetPush(t.Context(), key[strings.LastIndexByte(key, ':')+1:])
		if err != nil || p == nil {
			t.Fatalf("%s: %v", key, err)
		}
		out[string(p.Body)]++
	}
	return out
}

// wantQueuedOrDue: each stored push has its task, or, few of them, will have it as it is
// due.
func wantQueuedOrDue(t *testing.T, r *redistest.Redis, few int) {
	t.Helper()
	later := 0
	for _, key := range keysLike(t, r, "callpacer:{jumdata}:push:*") {
		id := key[strings.LastIndexByte(key, ':')+1:]
		if r.Client.Exists(t.Context(), "asynq:{main:push}:t:"+id).Val() == 1 {
			continue
		}
		later++
		if err := r.Client.ZScore(t.Context(), "callpacer:{jumdata}:due", id).Err(); err != nil {
			t.Errorf("%s has no task and is not due: %v", key, err)
		}
	}
	if later > few {
		t.Errorf("%d pushes are not queued, want no more than %d", later, few)
	}
}

// Whatever Redis does, each push that was acknowledged is stored in the end,
// once, and queued or due.
func TestOutages(t *testing.T) {
	for name, outage := range map[string]func(s *redistest.Server, during func()){
		"frozen": func(s *redistest.Server, during func()) { s.Freeze(); during(); s.Thaw() },
		"killed": func(s *redistest.Server, during func()) { s.Kill(); during(); s.Restart() },
	} {
		t.Run(name, func(t *testing.T) {
			server := redistest.StartServer(t, redistest.Options{AOF: true})
			r := server.Redis()
			rx, store := onRedis(r)
			rx.Patience = 0
			j := fileJournal(t, t.TempDir())
			rx.Journal = j
			running(t, rx)
			s := serveTCP(t, rx)
			stop := make(chan struct{})
			result := make(chan map[string]bool, 1)
			go func() { result <- flood(t, s.URL+pushURL, s.Client(), stop) }()
			reached := func(d time.Duration) { // real time: a real server is away
				timer := time.NewTimer(d)
				defer timer.Stop()
				<-timer.C
			}
			reached(200 * time.Millisecond)
			for range 2 {
				outage(server, func() {
					reached(1500 * time.Millisecond)
					if !j.Pending() {
						t.Error("nothing went to the journal")
					}
				})
				reached(500 * time.Millisecond)
			}
			close(stop)
			acknowledged := <-result
			eventually(t, func() bool { return !j.Pending() })
			got := stored(t, r, store)
			if len(acknowledged) < 100 {
				t.Errorf("only %d pushes were acknowledged", len(acknowledged))
			}
			for body := range acknowledged {
				if got[body] != 1 {
					t.Errorf("push %s is stored %d times", body, got[body])
				}
			}
			wantQueuedOrDue(t, r, 2*4) // in each outage one of each vendor may be between the two
		})
	}
}

// A receiver that dies leaves its journal to the next one.
func TestNextReceiverReplays(t *testing.T) {
	r := redistest.Mini(t)
	dir := t.TempDir()
	first, _ := onRedis(r)
	first.Store, first.Queue = &memory{storeErr: errors.New("away")}, &memory{}
	j := fileJournal(t, dir)
	first.Journal = j
	for i := range 20 {
		wantStatus(t, push(first, "POST", pushURL, "", fmt.Sprint(i)), 200)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	second, _ := onRedis(r)
	second.Journal = fileJournal(t, dir)
	running(t, second)
	eventually(t, func() bool { return !second.Journal.Pending() })
	wantCounts(t, r, 20, 20)
}

// A Redis that hangs holds a bounded number of pushes; the others do not wait.
func TestHungRedisPilesNothingUp(t *testing.T) {
	release := make(chan struct{})
	var mu sync.Mutex
	inside := 0
	m := &memory{onStore: func() {
		mu.Lock()
		inside++
		mu.Unlock()
		<-release
	}}
	r, _ := newReceiver(m)
	r.Patience = time.Millisecond
	n := &notes{}
	r.Journal = n
	var wg sync.WaitGroup
	for i := range 500 {
		wg.Go(func() { wantStatus(t, push(r, "POST", pushURL, "", fmt.Sprint(i)), 200) })
	}
	wg.Wait()
	mu.Lock()
	if inside != 64 || n.count() != 500 {
		t.Errorf("%d pushes wait for Redis, %d are in the journal; want 64 and 500", inside, n.count())
	}
	mu.Unlock()
	close(release)
	r.Close()
}
