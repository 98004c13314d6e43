package app

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/tasks"
)

// patience is how long a test waits for what should come at once.
const patience = 20 * time.Second

// vendorThat answers sends with an id, each after hold lets it, and tells of
// their arrival.
func vendorThat(t *testing.T, hold <-chan struct{}) (url string, arrived <-chan struct{}) {
	t.Helper()
	came := make(chan struct{}, 100)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		came <- struct{}{}
		<-hold
		fmt.Fprint(w, `{"code":200,"msg":"成功","data":{"callId":"Y1"}}`)
	}))
	t.Cleanup(s.Close)
	return s.URL, came
}

// TestX10SlowVendorHoldsUpNobodyElse: all slots of one account hang at its
// vendor, and the calls of another account go out.
func TestX10SlowVendorHoldsUpNobodyElse(t *testing.T) {
	r := redistest.Mini(t)
	release, free := make(chan struct{}), make(chan struct{})
	close(free)
	slowURL, slow := vendorThat(t, release)
	quickURL, quick := vendorThat(t, free)
	const account = "  - {name: %s, vendor: jumdata, base_url: %q, concurrency: 2, timeout: 1m, credentials: {app_id: app-id-1, app_secret: secret-1}," +
		" rules: {window: off, per_number: off, lockout: off}}\n"
	text := fmt.Sprintf("redis: {url: %q}\naccounts:\n"+account+account, r.URL(), "slow", slowURL, "quick", quickURL)
	a, err := Start(t.Context(), config(t, text), Options{Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		close(release)
		if err := a.Stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
	}()
	client := tasks.NewClient(r.Client)
	const jobs = 10
	for _, name := range []string{"slow", "quick"} {
		for i := range jobs {
			job := tasks.Job{Account: name, To: fmt.Sprintf("1%d800000%03d", len(name), i), Template: "T1", Priority: tasks.Normal}
			if _, err := client.Enqueue(t.Context(), job); err != nil {
				t.Fatal(err)
			}
		}
		if name == "slow" {
			await(t, slow, "the slow vendor was never asked")
		}
	}
	for range jobs {
		await(t, quick, "a call of the other account waits for the slow vendor")
	}
}

func await(t *testing.T, came <-chan struct{}, otherwise string) {
	t.Helper()
	select {
	case <-came:
	case <-time.After(patience):
		t.Fatal(otherwise)
	}
}
