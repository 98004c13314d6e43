package callbackrx_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callpacer/callpacer/callbackrx"
)

func from(addr string) func(*http.Request) {
	return func(req *http.Request) { req.RemoteAddr = addr }
}

func TestOnlyFailingClientsAreSlowedDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{}
		r, _ := newReceiver(m)
		guess := func(addr string) int {
			return push(r, "POST", callbackrx.Path+"main/guess", "", "x", from(addr)).Code
		}
		count := func(addr string, n int) (refused, slowed int) {
			for range n {
				switch guess(addr) {
				case http.StatusNotFound:
					refused++
				case http.StatusTooManyRequests:
					slowed++
				}
			}
			return refused, slowed
		}
		if refused, slowed := count("203.0.113.9:1", 100); refused != 20 || slowed != 80 {
			t.Errorf("%d refused, %d slowed down of 100", refused, slowed)
		}
		if refused, _ := count("203.0.113.9:2", 1); refused != 0 {
			t.Error("another port is another client")
		}
		if refused, _ := count("203.0.113.10:1", 1); refused != 1 {
			t.Error("another client is slowed down, too")
		}
		// The same address, which may be the vendor's own, or a proxy's.
		for range 200 {
			if w := push(r, "POST", pushURL, "", "x", from("203.0.113.9:3")); w.Code != http.StatusOK {
				t.Fatalf("a verified push got %d", w.Code)
			}
		}
		time.Sleep(time.Second)
		if refused, slowed := count("203.0.113.9:1", 10); refused != 5 || slowed != 5 {
			t.Errorf("a second later %d refused, %d slowed down of 10", refused, slowed)
		}
	})
}

func TestOneIPv6NetworkIsOneClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := newReceiver(&memory{})
		slowed := 0
		for _, addr := range []string{"[2001:db8::1]:1", "[2001:db8::2]:1", "[2001:db8:0:0:ffff::1]:1", "[2001:db8::1%eth0]:1"} {
			for range 10 {
				if push(r, "POST", callbackrx.Path+"main/guess", "", "x", from(addr)).Code == http.StatusTooManyRequests {
					slowed++
				}
			}
		}
		if slowed != 20 {
			t.Errorf("%d of 40 were slowed down, want 20", slowed)
		}
		if w := push(r, "POST", callbackrx.Path+"main/guess", "", "x", from("[2001:db8:0:1::1]:1")); w.Code != http.StatusNotFound {
			t.Errorf("another network got %d", w.Code)
		}
	})
}
