package sandbox

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestOutageAnswersNothingOfTheVendors(t *testing.T) {
	eachActing(t, nil, Limiter{}, func(t *testing.T, c actingCase) {
		c.want(t, 1, c.accepted)
		c.SetFault(func(SendAttempt) Fault { return FaultSlow(0) }) // an outage comes before it
		for mode, want := range map[OutageMode]string{Outage502: "HTTP 502", OutageCut: "cut"} {
			c.SetOutage(mode)
			c.want(t, 2, want)
		}
		if got := len(c.AcceptedTimes()); got != 1 {
			t.Errorf("%d accepted, want 1: the one before the outage", got)
		}
		c.SetOutage(OutageNone)
		c.want(t, 3, c.accepted)
	})
}

// TestOutageHangs until the client leaves or the vendor is closed, whichever is
// first, also when the outage is over.
func TestOutageHangs(t *testing.T) {
	eachActingInBubble(t, 0, func(t *testing.T, c actingCase) {
		c.SetOutage(OutageHang)
		begin := time.Now()
		answers := make(chan string)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		go func() { answers <- answered(t, c, c.request(1).WithContext(ctx)) }()
		go func() { answers <- answered(t, c, c.request(2)) }()
		synctest.Wait()
		c.SetOutage(OutageNone)
		c.want(t, 3, c.accepted)
		if got := c.MaxRequestsAtOnce(); got != 3 {
			t.Errorf("%d requests at once, want 3", got)
		}
		if got := <-answers; got != "cut" || time.Since(begin) != time.Minute {
			t.Errorf("the client that leaves is answered %q after %s", got, time.Since(begin))
		}
		go c.Close()
		if got := <-answers; got != "cut" {
			t.Errorf("the other is answered %q", got)
		}
		if got := len(c.AcceptedTimes()); got != 1 {
			t.Errorf("%d accepted, want 1", got)
		}
	})
}

func TestHaltRefusesEveryActingRequest(t *testing.T) {
	eachActing(t, nil, Limiter{PerSecond: 1, Burst: 2}, func(t *testing.T, c actingCase) {
		for n := range 3 {
			c.SetHalted(HaltBalance)
			c.want(t, n, c.balance)
			c.SetHalted(HaltAuth)
			c.want(t, n, c.auth)
		}
		if got := len(c.AcceptedTimes()); got != 0 {
			t.Errorf("%d accepted", got)
		}
		c.SetHalted(HaltNone) // what was refused is not counted against the limiter
		c.want(t, 5, c.accepted)
		c.want(t, 6, c.accepted)
	})
}

func TestHaltIsToldToBalanceQueries(t *testing.T) {
	v := newITNIO(t, ITNIOOptions{})
	query := func() *http.Request { return itRequest(v, http.MethodGet, ITNIOBalancePath, "") }
	balance := func() string {
		var got struct{ Balance string }
		if err := json.Unmarshal(direct(t, v, query()).Body.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		return got.Balance
	}
	before := balance()
	v.SetHalted(HaltBalance)
	if got := balance(); got != "0.00" || before == got {
		t.Errorf("balance %s, before %s", got, before)
	}
	v.SetHalted(HaltAuth)
	if got := answered(t, v, query()); got != itnioAccount {
		t.Errorf("answered %q", got)
	}
}

// TestInterlineSwitchesAndUnbinds: what has no balance may unbind, what is down
// or not known may not, and the status tells of the halt alone.
func TestInterlineSwitchesAndUnbinds(t *testing.T) {
	v := newInterline(t, InterlineOptions{})
	subid := wantBound(t, bindAXB(t, v, someX, axb("r1")))
	unbind := func() *http.Request {
		return ilRequest(v, http.MethodDelete, InterlinePath, map[string][]string{"appid": {testIlApp}, "subid": {subid}})
	}
	status := func() *http.Request { return ilRequest(v, http.MethodGet, InterlineStatusPath, nil) }
	want := func(r *http.Request, want string) {
		t.Helper()
		if got := answered(t, v, r); got != want {
			t.Errorf("%s is answered %q, want %q", r.Method, got, want)
		}
	}
	v.SetOutage(Outage502)
	want(unbind(), "HTTP 502")
	want(status(), "0")
	v.SetOutage(OutageNone)
	v.SetHalted(HaltAuth)
	want(unbind(), "1101")
	want(status(), "1101")
	wantBindings(t, v, 1, 1)
	v.SetHalted(HaltBalance)
	var told struct{ Balance, Overdraft float64 }
	if err := json.Unmarshal(direct(t, v, status()).Body.Bytes(), &told); err != nil || told.Balance+told.Overdraft != 0 {
		t.Errorf("balance %+v, %v", told, err)
	}
	want(unbind(), "0")
	wantBindings(t, v, 0, 1)
}

// TestSwitchesWhileRequestsRun is for the race detector; nothing is lost of the log.
func TestSwitchesWhileRequestsRun(t *testing.T) {
	eachActing(t, nil, Limiter{}, func(t *testing.T, c actingCase) {
		var all sync.WaitGroup
		for n := range 40 {
			all.Go(func() { answered(t, c, c.request(n)) })
			all.Go(func() {
				c.SetOutage([]OutageMode{OutageNone, Outage502, OutageCut}[n%3])
				c.SetHalted([]HaltCause{HaltNone, HaltAuth}[n%2])
				c.SetLatency(time.Duration(n%2) * time.Microsecond)
				c.SetLimiter(Limiter{PerSecond: float64(n % 2 * 1000)})
				c.MaxRequestsAtOnce()
			})
		}
		all.Wait()
		if got := len(c.RequestTimes()); got != 40 {
			t.Errorf("%d requests of 40", got)
		}
	})
}
