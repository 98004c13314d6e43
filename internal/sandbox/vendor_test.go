package sandbox

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// simulated is what tests ask of any vendor that places calls.
type simulated interface {
	http.Handler
	Attempts() []Attempt
	Calls() []Call
	SetFault(f func(SendAttempt) Fault)
	JobsCalledTwice() []string
	MaxPerNumberInDay() int
	Pushes() PushCounts
	Requests() map[string]int
	Close()
}

var _ = []simulated{(*Jumdata)(nil), (*Dingxin)(nil), (*ITNIO)(nil)}

// served sends a request to a vendor over the network. A client that leaves does
// so as soon as the vendor has done all it will do.
func served(t *testing.T, v simulated, r *http.Request, leaves bool) seenAnswer {
	t.Helper()
	s := httptest.NewServer(v)
	defer s.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	to, err := http.NewRequestWithContext(ctx, r.Method, s.URL+r.URL.RequestURI(), r.Body)
	if err != nil {
		t.Fatal(err)
	}
	to.Header = r.Header
	before := len(v.Attempts())
	done := make(chan seenAnswer, 1)
	go func() {
		client := s.Client()
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		var a seenAnswer
		resp, err := client.Do(to)
		if a.err = err; err == nil {
			a.status, a.header = resp.StatusCode, resp.Header
			a.body, a.err = io.ReadAll(resp.Body)
			if err := resp.Body.Close(); err != nil {
				t.Error(err)
			}
		}
		done <- a
	}()
	if leaves {
		waitFor(t, "the vendor to act", func() bool {
			attempts := v.Attempts()
			return len(attempts) > before && attempts[before].Result != "under way"
		})
		cancel()
	}
	return <-done
}

// direct calls a vendor's handler without a network.
func direct(t *testing.T, v http.Handler, r *http.Request) *httptest.ResponseRecorder {
	t.Helper()
	rec := httptest.NewRecorder()
	v.ServeHTTP(rec, r)
	return rec
}

func TestRandomFaultsKeepTheirRatesAndCanBeHadAgain(t *testing.T) {
	draw := func(seed uint64) map[faultKind]int {
		f := RandomFaults(seed, FaultRate{0.2, FaultCut(true)}, FaultRate{0.1, FaultHang(false)})
		got := map[faultKind]int{}
		for seq := range 10_000 {
			kind := f(SendAttempt{Seq: seq + 1}).kind
			got[kind]++
			if again := f(SendAttempt{Seq: seq + 1, Mobile: "other"}).kind; again != kind {
				t.Fatalf("request %d is %q and then %q", seq+1, kind, again)
			}
		}
		return got
	}
	one, other := draw(1), draw(2)
	if one[faultCut] == other[faultCut] && one[faultHang] == other[faultHang] {
		t.Errorf("two seeds draw the same: %v", one)
	}
	for _, got := range []map[faultKind]int{one, other} {
		if cuts, hangs := got[faultCut], got[faultHang]; cuts < 1800 || cuts > 2200 || hangs < 850 || hangs > 1150 || len(got) != 3 {
			t.Errorf("of 10000: %v", got)
		}
	}
	if got := RandomFaults(1, FaultRate{1, FaultCut(false)})(SendAttempt{Seq: 5}).kind; got != faultCut {
		t.Errorf("rate 1 draws %q", got)
	}
}

// wantTable checks a table of numbers: each suffix once, all with words, one row
// for the rest, and the lookup by it.
func wantTable(t *testing.T, table []NumberCase, of func(string) Behaviour) {
	t.Helper()
	seen := map[string]bool{}
	for _, c := range table {
		if seen[c.Suffix] || c.What == "" {
			t.Errorf("row %+v", c)
		}
		seen[c.Suffix] = true
		if got := of("8613800000" + "0" + c.Suffix); c.Suffix != "" && got != c.Behaviour {
			t.Errorf("a number in %s is case %d", c.Suffix, got)
		}
	}
	if !seen[""] || of("8613800000099") != Answered {
		t.Error("no row for all other numbers")
	}
}

func TestSuffixTables(t *testing.T) {
	wantTable(t, DingxinNumbers(), DingxinBehaviourOf)
	wantTable(t, ITNIONumbers(), ITNIOBehaviourOf)
}

func wantPanic(t *testing.T, name string, run func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Errorf("%s: taken", name)
		}
	}()
	run()
}
