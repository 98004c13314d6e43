package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"
)

func TestDingxinRunningCall(t *testing.T) {
	clock := newHandClock(t, "2026-03-02T10:00:00")
	d := newDingxin(t, DingxinOptions{Now: clock.now, RingFor: 20 * time.Second, TalkFor: 40 * time.Second})
	dxPlaced(t, dxCall(t, d, dxA, dxB, dxJobPush))
	clock.move(time.Minute - time.Millisecond)
	dxRefused(t, dxCall(t, d, dxA, "13800000098", ""), dingxinInCall) // the same telA
	dxRefused(t, dxCall(t, d, "13900000002", dxB, ""), dingxinInCall) // the same telB
	dxRefused(t, dxCall(t, d, dxB, "13800000098", ""), dingxinInCall) // telB as telA
	dxPlaced(t, dxCall(t, d, "13900000002", "13800000012", ""))       // others; busy: rings only
	clock.move(time.Millisecond)
	dxPlaced(t, dxCall(t, d, dxA, dxB, dxJobPush))
	clock.move(20*time.Second - time.Millisecond)
	dxPlaced(t, dxCall(t, d, "13900000002", "13800000098", ""))
	if got := d.Attempts()[1].Result; got != "refused: 7001 正在呼叫中" {
		t.Errorf("result %q", got)
	}
}

func TestDingxinBoundPair(t *testing.T) {
	clock := newHandClock(t, "2026-03-02T10:00:00")
	d := newDingxin(t, DingxinOptions{Now: clock.now, BoundFor: time.Hour})
	dxPlaced(t, dxCall(t, d, dxA, dxB, ""))
	clock.move(time.Hour - time.Millisecond)
	dxRefused(t, dxCall(t, d, dxA, dxB, ""), dingxinBound)
	dxPlaced(t, dxCall(t, d, dxB, dxA, "")) // another pair
	clock.move(time.Second)
	dxPlaced(t, dxCall(t, d, dxA, dxB, ""))
}

func TestDingxinCredit(t *testing.T) {
	d := newDingxin(t, DingxinOptions{Credit: new(1)})
	dxRefused(t, dxCall(t, d, dxA, "13800000014", ""), dingxinParameter) // costs nothing
	dxPlaced(t, dxCall(t, d, dxA, dxB, ""))
	dxRefused(t, dxCall(t, d, "13900000002", "13800000098", ""), dingxinNoMoney)
	d.SetCredit(NoLimit)
	for i := range 3 {
		dxPlaced(t, dxCall(t, d, fmt.Sprintf("139000001%02d", i), fmt.Sprintf("138000001%02d", i), ""))
	}
	d.SetCredit(0)
	dxRefused(t, dxCall(t, d, "13900000002", "13800000098", ""), dingxinNoMoney)
}

func TestDingxinNumbersThatAnswerCodes(t *testing.T) {
	for suffix, c := range map[string]struct {
		code   int
		placed int
		once   bool
	}{
		"14": {code: 1003}, "18": {code: 7001}, "20": {code: 2000, once: true}, "21": {code: 2001, placed: 1},
		"22": {code: 3001, placed: 1}, "23": {code: 7002}, "24": {code: 9001}, "29": {code: 2001}, "30": {code: 3001},
	} {
		clock := newHandClock(t, "2026-03-02T10:00:00")
		d := newDingxin(t, DingxinOptions{Now: clock.now})
		for try := range 2 {
			got := dxCall(t, d, dxA, "138000000"+suffix, dxJobPush)
			if c.once && try == 1 {
				dxPlaced(t, got)
				continue
			}
			dxRefused(t, got, c.code)
			if calls := len(d.Calls()); calls != c.placed*(try+1) {
				t.Errorf("%s: %d calls", suffix, calls)
			}
			clock.move(time.Minute)
		}
	}
}

// TestDingxinNumbersWhoseAnswerGoesAstray asks over the network, where a
// connection can be cut.
func TestDingxinNumbersWhoseAnswerGoesAstray(t *testing.T) {
	for suffix, c := range map[string]struct {
		placed, second int
		leaves         bool
		right          func(seenAnswer) bool
	}{
		"15": {1, 2, false, func(a seenAnswer) bool { return isCut(a.err) }},
		"16": {0, 1, false, func(a seenAnswer) bool { return isCut(a.err) }},
		"17": {1, 2, true, func(a seenAnswer) bool { return errors.Is(a.err, context.Canceled) }},
		"19": {1, 2, false, func(a seenAnswer) bool { return a.status == 500 && a.body[0] == '<' }},
		"25": {0, 1, false, func(a seenAnswer) bool { return a.status == 429 && a.header.Get("Retry-After") == "1" }},
	} {
		t.Run(suffix, func(t *testing.T) {
			clock := newHandClock(t, "2026-03-02T10:00:00")
			d := newDingxin(t, DingxinOptions{Now: clock.now})
			for i, calls := range []int{c.placed, c.second} {
				a := served(t, d, dxCallRequest(d, dxA, "138000000"+suffix, ""), c.leaves)
				if i == 0 && !c.right(a) {
					t.Errorf("client sees status %d, error %v", a.status, a.err)
				}
				if got := len(d.Calls()); got != calls {
					t.Errorf("%d calls after request %d, want %d", got, i+1, calls)
				}
				clock.move(time.Minute)
			}
		})
	}
}

func TestDingxinFaults(t *testing.T) {
	for _, c := range faultCases {
		t.Run(c.name, func(t *testing.T) {
			d := newDingxin(t, DingxinOptions{})
			d.SetFault(func(SendAttempt) Fault { return c.fault })
			a := served(t, d, dxCallRequest(d, dxA, dxB, dxJobPush), c.fault.kind == faultHang || c.fault.delay > time.Minute)
			if got := len(d.Calls()); got != c.placed {
				t.Errorf("%d calls, want %d", got, c.placed)
			}
			switch c.fault.kind {
			case faultOversize:
				if at := bytes.LastIndex(a.body, []byte("subid")); at < oversizeBytes {
					t.Errorf("the subid stands at %d", at)
				}
			case faultTruncated:
				if !bytes.HasPrefix(a.body, []byte(`{"code":200`)) || bytes.HasSuffix(a.body, []byte("}")) {
					t.Errorf("truncated: %q", a.body)
				}
			case faultRedirect:
				if to := a.header.Get("Location"); c.fault.location == "" && to != DingxinCallPath {
					t.Errorf("redirected to %q", to)
				}
			case faultNone, faultSlow:
			default:
				if c.right != nil && !c.right(a) {
					t.Errorf("client sees status %d, error %v, %q", a.status, a.err, a.body)
				}
			}
		})
	}
}

func TestDingxinDirectDialLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := &application{}
		d := newDingxin(t, DingxinOptions{
			TelX: "13500000000", RingFor: time.Second, TalkFor: time.Second, PushClient: httpClient(app), PushMode: PushJSON,
		})
		got := dxCall(t, d, dxA, dxB, dxJobPush)
		subid := dxPlaced(t, got)
		if got.Data.TelX != "13500000000" {
			t.Errorf("telX %q", got.Data.TelX)
		}
		time.Sleep(time.Hour)
		if c := d.Calls()[0]; c.Status != CallAwaitingDial || !c.Ended.IsZero() || len(app.got()) != 0 || d.MaxPerNumberInDay() != 0 {
			t.Errorf("before dialling: %+v, %d pushes", c, len(app.got()))
		}
		other := dxPlaced(t, dxCall(t, d, dxA, dxB, dxJobPush)) // nothing rings: nobody is in a call
		if !d.DialX(subid) || d.DialX(subid) || d.DialX("x") {
			t.Error("a call is dialled once")
		}
		if d.Calls()[0].Status != CallUnderWay || d.MaxPerNumberInDay() != 1 {
			t.Errorf("dialled: %+v", d.Calls()[0])
		}
		dxRefused(t, dxCall(t, d, dxA, dxB, ""), dingxinInCall)
		time.Sleep(2 * time.Second)
		if c := d.Calls(); c[0].Status != CallAnswered || c[0].Ended.Sub(c[0].At) != time.Hour+2*time.Second || c[1].Status != CallAwaitingDial {
			t.Errorf("ended: %+v", c)
		}
		synctest.Wait()
		if got := len(app.got()); got != 1 {
			t.Errorf("%d pushes", got)
		}
		if twice := d.JobsCalledTwice(); len(twice) != 1 || twice[0] != "dx.J1" {
			t.Errorf("two lines for one job are not seen: %v", twice)
		}
		d.Close()
		if d.DialX(other) {
			t.Error("dialled at a vendor that is gone")
		}
	})
}

func TestDingxinDialsByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDingxin(t, DingxinOptions{TelX: "13500000000", DialAfter: time.Minute})
		dxPlaced(t, dxCall(t, d, dxA, dxB, ""))
		time.Sleep(time.Minute - time.Nanosecond)
		if got := d.Calls()[0].Status; got != CallAwaitingDial {
			t.Errorf("%s", got)
		}
		time.Sleep(2 * time.Nanosecond)
		if got := d.Calls()[0].Status; got != CallUnderWay {
			t.Errorf("%s", got)
		}
	})
}

func TestDingxinEvidence(t *testing.T) {
	clock := newHandClock(t, "2026-03-02T10:00:00")
	d := newDingxin(t, DingxinOptions{Now: clock.now, PushMode: PushNone})
	for _, c := range []struct{ telB, token string }{
		{dxB, "g.A.1.mac"}, {dxB, "g.A.2.mac"}, {dxB, "g.B.1.mac"}, {"13800000012", "J1.k9f2"}, {"13800000012", "J2.k9f2"},
		{"13800000012", "J1.other"}, {"13800000014", "g.B.2.mac"}, {dxB, ""},
	} {
		address := ""
		if c.token != "" {
			address = dxReturn + c.token
		}
		dxCall(t, d, dxA, c.telB, address)
		clock.move(time.Hour)
	}
	if got, want := fmt.Sprint(d.JobsCalledTwice()), "[J1 g.A]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	calls := d.Calls()
	if len(calls) != 7 || len(d.Attempts()) != 8 || calls[0].Status != CallAnswered || calls[3].Status != CallFailed ||
		calls[0].From != dxA || calls[0].Mobile != dxB || calls[0].Ref != "g.A.1" {
		t.Errorf("calls %+v", calls)
	}
	if got := d.MaxPerNumberInDay(); got != 4 {
		t.Errorf("%d calls in a day, want 4", got)
	}
	clock.move(24 * time.Hour)
	dxCall(t, d, dxA, dxB, "")
	if got := d.MaxPerNumberInDay(); got != 4 {
		t.Errorf("%d calls in a day, want 4", got)
	}
}

func TestDingxinFaultSeesTheCall(t *testing.T) {
	d := newDingxin(t, DingxinOptions{})
	var seen SendAttempt
	d.SetFault(func(a SendAttempt) Fault { seen = a; return Fault{} })
	dxCall(t, d, dxA, dxB, dxJobPush)
	if seen.From != dxA || seen.Mobile != dxB || seen.Ref != "dx.J1.1" || seen.NotifyURL != dxJobPush || seen.Seq != 1 || seen.SeenRef != 1 {
		t.Errorf("%+v", seen)
	}
}

func TestDingxinCloseReleasesHangingRequests(t *testing.T) {
	d := newDingxin(t, DingxinOptions{})
	s := httptest.NewServer(d)
	defer s.Close()
	d.SetFault(func(SendAttempt) Fault { return FaultHang(true) })
	done := make(chan error, 1)
	go func() {
		resp, err := s.Client().PostForm(s.URL+DingxinCallPath, values(dxSigned(d, "telA", dxA, "telB", dxB)))
		if err == nil {
			err = errors.Join(errors.New("answered"), resp.Body.Close())
		}
		done <- err
	}()
	waitFor(t, "a hanging request", func() bool { return len(d.Calls()) == 1 })
	d.Close()
	if err := <-done; !isCut(err) {
		t.Errorf("the client sees %v", err)
	}
}
