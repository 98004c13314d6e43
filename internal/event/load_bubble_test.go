package event

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callpacer/callpacer/internal/record"
)

func TestOneThatHangsDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hangs := &application{answer: func(_ int, _ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }}
		good := &application{answer: func(int, http.ResponseWriter, *http.Request) { time.Sleep(10 * time.Millisecond) }}
		s := newShelf()
		for i := range 500 {
			e := change(fmt.Sprintf("jumdata.slow%d", i), 1)
			e.URL, e.At = "http://slow.example.com/x", e.At.Add(-time.Second) // due before the others
			s.add(e)
		}
		time.Sleep(time.Millisecond)
		for i := range 50 {
			s.add(change(fmt.Sprintf("jumdata.good%d", i), 1))
		}
		stop := run(t.Context(), bubbleWith(t, s, map[string]*application{appHost: good, "slow.example.com:80": hangs}))
		time.Sleep(time.Second)
		if told := len(s.toldSoFar()); told != 50 {
			t.Errorf("%d good events were told in the first second", told)
		}
		// As long as the other hangs, what comes anew is told at once.
		for i := range 100 {
			s.add(change(fmt.Sprintf("jumdata.later%d", i), 1))
			time.Sleep(600 * time.Millisecond)
			if told := len(s.toldSoFar()); told != 51+i {
				t.Fatalf("after %d events one is not told within 600 ms (%d are)", i, told)
			}
		}
		stop()
		// What was given up may still hang there when the next ones come.
		if peak := hangs.peak(); peak < slotsPerEndpoint || peak > 2*slotsPerEndpoint {
			t.Errorf("%d requests at once to the one that hangs", hangs.peak())
		}
		if n := len(hangs.heard()); n < breakAfter || n > 40 {
			t.Errorf("%d requests to the one that hangs", n)
		}
		for id, why := range s.tries {
			if why[0] != "the endpoint did not answer within 15s" {
				t.Errorf("%s: %q", id, why)
			}
		}
	})
}

func TestTenDeliveriesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := &application{answer: func(int, http.ResponseWriter, *http.Request) { time.Sleep(time.Second) }}
		s := newShelf()
		for i := range 90 {
			e := change(fmt.Sprintf("jumdata.%d", i), 1)
			e.URL = []string{"", "http://slow.example.com/", "http://b.example.com/", "http://c.example.com/"}[i%4]
			s.add(e)
		}
		stop := run(t.Context(), bubbleWith(t, s, map[string]*application{
			appHost: all, "slow.example.com:80": all, "b.example.com:80": all, "c.example.com:80": all,
		}))
		time.Sleep(12 * time.Second)
		stop()
		if all.peak() != slotsPerProcess || len(s.told) != 90 {
			t.Errorf("%d at once, %d told", all.peak(), len(s.told))
		}
	})
}

func TestEveryThirdRequestFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := &application{answer: func(n int, w http.ResponseWriter, _ *http.Request) {
			if n%3 == 0 {
				w.WriteHeader(http.StatusInternalServerError)
			}
		}}
		s := newShelf()
		for i := range 200 {
			s.add(change(fmt.Sprintf("jumdata.%d", i), 1))
		}
		stop := run(t.Context(), bubbleWith(t, s, map[string]*application{appHost: app}))
		time.Sleep(30 * time.Minute)
		stop()
		if len(s.told) != 200 || len(s.kept) != 0 || len(s.dead) != 0 {
			t.Errorf("%d told, %d kept, %d dead", len(s.told), len(s.kept), len(s.dead))
		}
		for id, n := range countTold(s) {
			if n != 1 {
				t.Errorf("%s was told %d times", id, n)
			}
		}
	})
}

func countTold(s *shelf) map[string]int {
	n := map[string]int{}
	for _, id := range s.told {
		n[id]++
	}
	return n
}

func TestAFastEndpointIsToldAThousandEventsInASecondOrTwo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := &application{answer: func(int, http.ResponseWriter, *http.Request) { time.Sleep(2 * time.Millisecond) }}
		s := newShelf()
		for i := range 1000 {
			s.add(change(fmt.Sprintf("jumdata.%d", i), 1))
		}
		stop := run(t.Context(), bubbleWith(t, s, map[string]*application{appHost: app}))
		time.Sleep(2 * time.Second)
		stop()
		putOffs := 0
		for _, list := range s.putOffs {
			putOffs += len(list)
		}
		if len(s.told) != 1000 || len(app.heard()) != 1000 {
			t.Errorf("%d told, %d requests, %d put off", len(s.told), len(app.heard()), putOffs)
		}
	})
}

func TestIdleClaimsAreFew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		stop := run(t.Context(), bubbleWith(t, s, nil))
		time.Sleep(10 * time.Second)
		stop()
		if s.claims < 30 || s.claims > 41 {
			t.Errorf("%d claims in 10 s", s.claims)
		}
	})
}

func TestAStoreThatIsAwayIsAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := &application{}
		s := newShelf(change("jumdata.1", 1))
		s.broken = errors.New("away")
		stop := run(t.Context(), bubbleWith(t, s, map[string]*application{appHost: app}))
		time.Sleep(30 * time.Second)
		s.mu.Lock()
		claims := s.claims
		s.broken = nil
		s.mu.Unlock()
		time.Sleep(2 * time.Second)
		stop()
		if claims > 31 || len(s.told) != 1 {
			t.Errorf("%d claims while it was away, told %v", claims, s.told)
		}
	})
}

func TestBreakerRestsAnEndpointAndLetsItBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		app := &application{answer: func(_ int, w http.ResponseWriter, _ *http.Request) {
			if time.Since(began) < 2*time.Minute {
				w.WriteHeader(http.StatusInternalServerError)
			}
		}}
		s := newShelf()
		for i := range 100 {
			s.add(change(fmt.Sprintf("jumdata.%d", i), 1))
		}
		stop := run(t.Context(), bubbleWith(t, s, map[string]*application{appHost: app}))
		time.Sleep(2 * time.Minute)
		// 10 to open it, three more that were under way, one as each opening (10, 20, 40 s) ends
		if n := len(app.heard()); n < 13 || n > 17 {
			t.Errorf("%d requests to an endpoint that fails", n)
		}
		time.Sleep(8 * time.Minute)
		stop()
		if len(s.told) != 100 {
			t.Errorf("%d told", len(s.told))
		}
		if n := len(app.heard()); n > 120 {
			t.Errorf("%d requests", n)
		}
		tries := 0
		for _, list := range s.tries {
			tries += len(list)
		}
		if tries != len(app.heard())-100 {
			t.Errorf("%d tries are counted, of %d requests 100 were told", tries, len(app.heard()))
		}
	})
}

func TestTheLastTryIsMadeThoughTheBreakerIsOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := &application{answer: func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }}
		old, near, young := change("jumdata.old", 1), change("jumdata.near", 1), change("jumdata.young", 1)
		old.Since = old.Since.Add(-24 * time.Hour)
		near.Since = near.Since.Add(-24*time.Hour + 3*time.Second)
		s := newShelf(old, near, young)
		d := bubbleWith(t, s, map[string]*application{appHost: app})
		to, err := d.Endpoints.opts.targetOf("")
		if err != nil {
			t.Fatal(err)
		}
		openBreaker(&d.Endpoints.at(to).breaker, time.Now())
		stop := run(t.Context(), d)
		time.Sleep(5 * time.Second)
		stop()
		if len(app.heard()) != 2 || s.dead[old.ID] == "" || s.dead[near.ID] == "" {
			t.Errorf("%d requests, dead %v", len(app.heard()), s.dead)
		}
		if k := s.kept[young.ID]; k == nil || k.Tries != 0 || k.due.Sub(young.At) < breakFor || k.due.Sub(young.At) > breakFor*12/10 {
			t.Errorf("the young one: %+v", k)
		}
	})
}

func openBreaker(b *breaker, now time.Time) {
	for range breakAfter {
		p, _ := b.enter(now, false)
		b.leave(p, failed, now)
	}
}

func TestASettledReplayHasItsOwnDay(t *testing.T) {
	now := time.Now()
	c := claimed{Event: record.Event{At: now.Add(-72 * time.Hour), Since: now.Add(-time.Hour)}}
	if left := c.left(now); left != 23*time.Hour || c.last(now) {
		t.Errorf("%s are left", left)
	}
}

func TestSeatsAreFewAndTheOthersAreToldTheirTurn(t *testing.T) {
	p, now := newEndpoint("https://app.example.com:443"), time.Now()
	for range seats {
		if ok, _ := p.sit(now); !ok {
			t.Fatal("a seat is missing")
		}
	}
	if ok, wait := p.sit(now); ok || wait != nextTurn {
		t.Errorf("one more: %v, %s", ok, wait)
	}
	p.try(now.Add(-4 * time.Second)) // it hangs
	_, first := p.sit(now)
	_, second := p.sit(now)
	if first != latestTurn || second != latestTurn {
		t.Errorf("turns after %s and %s", first, second)
	}
	p.rise()
	if ok, _ := p.sit(now); !ok {
		t.Error("the seat of one that left is not free")
	}
}

func TestALeaseThatIsTooShortForATryIsGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := &application{}
		e := change("jumdata.1", 1)
		s := newShelf(e)
		d := bubbleWith(t, s, map[string]*application{appHost: app})
		to, err := d.Endpoints.opts.targetOf("")
		if err != nil {
			t.Fatal(err)
		}
		c := claimed{Event: e, to: to, at: d.Endpoints.at(to), over: time.Now().Add(DefaultTimeout)}
		d.deliver(t.Context(), c)
		if len(app.heard()) != 0 || len(s.putOffs[e.ID]) != 1 || s.putOffs[e.ID][0] != 0 {
			t.Errorf("%d requests, put off %v", len(app.heard()), s.putOffs)
		}
		c.over = time.Now().Add(DefaultTimeout + settleTime)
		d.deliver(t.Context(), c)
		if len(app.heard()) != 1 || len(s.told) != 1 {
			t.Errorf("%d requests, told %v", len(app.heard()), s.told)
		}
	})
}
