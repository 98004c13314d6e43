package callbackrx_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/callpacer/callpacer/internal/redistest"
)

// Acknowledgements at 500 pushes a second, with Redis and without it. A machine
// that is busy with other work tells nothing, so it runs on request, and says
// what it saw:
//
//	CALLPACER_MEASURE=1 go test ./callbackrx -run TestFiveHundredASecond -v
func TestFiveHundredASecond(t *testing.T) {
	if testing.Short() || redistest.Raced || os.Getenv("CALLPACER_MEASURE") != "1" {
		t.Skip("it measures for twenty seconds, where CALLPACER_MEASURE=1 and nothing slows it down")
	}
	server := redistest.StartServer(t, redistest.Options{Args: []string{"--appendonly", "yes"}}) // flushed every second
	r := server.Redis()
	rx, store := onRedis(r)
	rx.Patience = 0
	j := fileJournal(t, t.TempDir())
	rx.Journal = j
	running(t, rx)
	s := serveTCP(t, rx)
	redis.SetLogger(silent{})
	sent := best(t, "Redis answers", s.URL+pushURL, s.Client())
	server.Kill()
	sent += best(t, "Redis is away", s.URL+pushURL, s.Client())
	server.Restart()
	begin := time.Now()
	eventually(t, func() bool { return !j.Pending() })
	t.Logf("the journal was brought to Redis within %v", time.Since(begin).Round(time.Millisecond))
	if got := len(stored(t, r, store)); got != sent {
		t.Errorf("%d pushes are stored, want %d", got, sent)
	}
}

// silent keeps go-redis's lines about the server that the test killed away.
type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

const measured = 5000 // pushes, in ten seconds

// best measures up to three times: a machine that is busy with other work tells
// nothing about the receiver. It returns how many pushes it sent.
func best(t *testing.T, name, url string, client *http.Client) (sent int) {
	t.Helper()
	for round := range 3 {
		p99 := measure(t, name, fmt.Sprintf("%s-%d", name, round), url, client)
		sent += measured
		if p99 <= 100*time.Millisecond {
			return sent
		}
	}
	t.Errorf("%s: p99 is more than 100ms", name)
	return sent
}

// measure sends at the planned times, whatever the answers take, and counts an
// answer's time from its plan. It returns the 99th percentile.
func measure(t *testing.T, what, name, url string, client *http.Client) time.Duration {
	t.Helper()
	if transport, ok := client.Transport.(*http.Transport); ok {
		transport.MaxIdleConnsPerHost = 100
	}
	took := make([]time.Duration, measured)
	var wg sync.WaitGroup
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	begin := time.Now()
	for i := range measured {
		planned := begin.Add(time.Duration(i) * 2 * time.Millisecond)
		for time.Now().Before(planned) {
			<-tick.C
		}
		wg.Go(func() {
			body := fmt.Sprintf(`{"callId":"%s-%d","callStatus":0,"startTime":1763800000000,"endTime":1763800030000,"duration":30}`, name, i)
			resp, err := client.Post(url, "application/json", strings.NewReader(body))
			if err != nil {
				t.Error(err)
				return
			}
			resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				t.Errorf("a push got %s", resp.Status)
			}
			took[i] = time.Since(planned)
		})
	}
	wg.Wait()
	slices.Sort(took)
	p99 := took[measured*99/100]
	t.Logf("%s: acknowledged within p50 %v, p99 %v, max %v", what, took[measured/2], p99, took[measured-1])
	return p99
}
