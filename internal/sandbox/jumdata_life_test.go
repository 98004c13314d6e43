package sandbox

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// pipeListener is a listener without a network: virtual time cannot pass while
// a goroutine waits for a socket.
type pipeListener struct {
	conns chan net.Conn
	done  chan struct{}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error   { close(l.done); return nil }
func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{} }

func (l *pipeListener) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	l.conns <- server
	return client, nil
}

// TestLifeOfACallInVirtualTime runs a call over HTTP from its request through
// ringing and talking to its result and its push, and into the next day's window.
func TestLifeOfACallInVirtualTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := &application{}
		j := newVendor(t, JumdataOptions{
			RingFor: 20 * time.Second, TalkFor: 40 * time.Second, PushDelay: 3 * time.Second,
			PushClient: &http.Client{Transport: app}, Limit: new(1), Window: &Window{8 * 60, 9 * 60},
		})
		l := &pipeListener{conns: make(chan net.Conn), done: make(chan struct{})}
		server := &http.Server{Handler: j}
		go func() {
			if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				t.Error(err)
			}
		}()
		client := &http.Client{Transport: &http.Transport{DialContext: l.dial, DisableKeepAlives: true}}
		do := func(method, path, body string) jumdataAnswer {
			r, err := http.NewRequestWithContext(t.Context(), method, "http://vendor"+path, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			resp, err := client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			answer := decode(t, resp.StatusCode, resp.Body)
			if err := resp.Body.Close(); err != nil {
				t.Error(err)
			}
			return answer
		}
		notify := func(ref string) jumdataAnswer {
			return do(http.MethodPost, JumdataSendPath, notice(j, someMobile, ref, "notifyUrl", pushTo).Encode())
		}
		status := func(id string) jumdataAnswer {
			return do(http.MethodGet, JumdataResultPath+"?"+signed(j, "mobile", someMobile, "callId", id).Encode(), "")
		}

		start := time.Now() // midnight UTC, 8 o'clock in Shanghai
		id := wantPlaced(t, notify("job.1"))
		time.Sleep(time.Minute - time.Nanosecond)
		wantAnswer(t, status(id), codeNoStatus, msgNoStatus)
		time.Sleep(time.Nanosecond)
		if got := status(id).Data; got == nil || got.CallStatus != "0" {
			t.Errorf("result after the end: %+v", got)
		}
		time.Sleep(10 * time.Second)
		if got := app.got(); len(got) != 1 || got[0].at.Sub(start) != 63*time.Second || !strings.Contains(got[0].body, "callTime=40") {
			t.Errorf("pushes: %+v", got)
		}
		time.Sleep(time.Hour)
		wantAnswer(t, notify("other.1"), codeOther, msgWindow)
		time.Sleep(time.Until(start.Add(24*time.Hour - time.Second)))
		wantAnswer(t, notify("other.1"), codeOther, msgWindow) // 07:59:59
		time.Sleep(time.Second)
		wantPlaced(t, notify("other.1"))
		if got := j.JobsCalledTwice(); got != nil || j.MaxPerNumberInDay() != 1 {
			t.Errorf("called twice: %v", got)
		}

		// A cut works without a socket too.
		j.SetFault(func(SendAttempt) Fault { return FaultCut(false) })
		resp, err := client.PostForm("http://vendor"+JumdataSendPath, notice(j, someMobile, "third.1"))
		if err == nil {
			t.Errorf("answered HTTP status %d: %v", resp.StatusCode, resp.Body.Close())
		}
		j.Close()
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
}
