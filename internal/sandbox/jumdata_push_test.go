package sandbox

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

type gotPush struct {
	at                time.Time
	contentType, body string
}

// application takes pushes without a network and answers as told.
type application struct {
	mu     sync.Mutex
	pushes []gotPush
	answer func(n int) (status int, body string) // n counts from 1
}

func (a *application) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.pushes = append(a.pushes, gotPush{time.Now(), r.Header.Get("Content-Type"), string(body)})
	status, answer := 200, pushAck
	if a.answer != nil {
		status, answer = a.answer(len(a.pushes))
	}
	if status == 0 {
		return nil, errors.New("nobody there")
	}
	return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(answer)), Request: r}, nil
}

func (a *application) got() []gotPush {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.pushes
}

const pushTo = "http://127.0.0.1:1/callbacks/jumdata/token"

func TestPushShapes(t *testing.T) {
	const asForm, asJSON = "application/x-www-form-urlencoded", "application/json;charset=UTF-8"
	ok, failed := url.QueryEscape("成功"), url.QueryEscape("失败")
	for _, c := range []struct {
		name, mobile, ref, contentType, want string
		mode                                 PushMode
		wild                                 bool
	}{
		{"form", someMobile, "g.job.1", asForm, "callId=%s&callStatus=0&callStatusText=" + ok + "&callTime=2&notifyData=g.job.1", "", false},
		{"form, wild", someMobile, "g.job.1", asForm, "callId=%s&callStatus=0&callStatusText=" + ok + "&callTime=2&notifyData=g.job.1", PushForm, true},
		{"form, no notifyData", someMobile, "", asForm, "callId=%s&callStatus=0&callStatusText=" + ok + "&callTime=2", PushForm, false},
		{"form, busy", "13800000012", "g.job.1", asForm, "callDesc=486&callId=%s&callStatus=1&callStatusText=" + failed + "&callTime=0&notifyData=g.job.1", PushForm, false},
		{"form, busy, wild", "13800000012", "g.job.1", asForm, "callDesc=110&callId=%s&callStatus=1&callStatusText=" + failed, PushForm, true},
		{"JSON", someMobile, "a&b=张", asJSON, `{"callId":"%s","callStatus":0,"callStatusText":"成功","callTime":2,"notifyData":"a\u0026b=张"}`, PushJSON, false},
		{"JSON, rejected", "13800000013", "g.job.1", asJSON, `{"callId":"%s","callStatus":1,"callStatusText":"失败","callTime":0,"notifyData":"g.job.1","callDesc":"603"}`, PushJSON, false},
		{"JSON, wild", "13800000013", "g.job.1", asJSON, `{"callId":"%s","callDesc":"110","callStatus":"1","callStatusText":"失败"}`, PushJSON, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				app := &application{}
				j := newVendor(t, JumdataOptions{
					PushMode: c.mode, WildFailures: c.wild, PushClient: &http.Client{Transport: app},
					RingFor: time.Second, TalkFor: 1500 * time.Millisecond,
				})
				id := wantPlaced(t, send(t, j, c.mobile, c.ref, "notifyUrl", pushTo))
				time.Sleep(time.Minute)
				got := app.got()
				if len(got) != 1 {
					t.Fatalf("%d pushes, want 1", len(got))
				}
				if want := strings.Replace(c.want, "%s", id, 1); got[0].body != want || got[0].contentType != c.contentType {
					t.Errorf("%s %s\nwant %s %s", got[0].contentType, got[0].body, c.contentType, want)
				}
			})
		})
	}
}

func TestPushIsRepeatedUntilTaken(t *testing.T) {
	refuse := func(n int) (int, string) {
		switch n {
		case 1:
			return 0, ""
		case 2:
			return 500, pushAck
		case 3:
			return 200, "ok"
		default:
			return 201, pushAck
		}
	}
	takeThird := func(n int) (int, string) {
		if n == 3 {
			return 200, pushAck
		}
		return refuse(n)
	}
	for _, c := range []struct {
		name   string
		answer func(int) (int, string)
		base   time.Duration
		at     []time.Duration // after the call's end
		want   PushCounts
	}{
		{"never", refuse, 0, []time.Duration{5 * time.Second, 6 * time.Second, 8 * time.Second, 12 * time.Second}, PushCounts{0, 1, 4, `push not acknowledged: HTTP status 201, 7 bytes other than "success"`}},
		{"at last", takeThird, 0, []time.Duration{5 * time.Second, 6 * time.Second, 8 * time.Second}, PushCounts{1, 0, 3, `push not acknowledged: HTTP status 500, 7 bytes other than "success"`}},
		{"faster", takeThird, 10 * time.Millisecond, []time.Duration{5000 * time.Millisecond, 5010 * time.Millisecond, 5030 * time.Millisecond}, PushCounts{1, 0, 3, `push not acknowledged: HTTP status 500, 7 bytes other than "success"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				app := &application{answer: c.answer}
				j := newVendor(t, JumdataOptions{PushClient: &http.Client{Transport: app}, PushDelay: 5 * time.Second, PushRetryBase: c.base})
				ends := time.Now().Add(j.opts.RingFor + j.opts.TalkFor)
				wantPlaced(t, send(t, j, someMobile, "job.1", "notifyUrl", pushTo))
				time.Sleep(time.Hour)
				got := app.got()
				if len(got) != len(c.at) {
					t.Fatalf("%d tries, want %d", len(got), len(c.at))
				}
				for i, p := range got {
					if after := p.at.Sub(ends); after != c.at[i] {
						t.Errorf("try %d after %v, want %v", i+1, after, c.at[i])
					}
				}
				if got := j.Pushes(); got != c.want {
					t.Errorf("counted %+v, want %+v", got, c.want)
				}
			})
		})
	}
}

func TestPushCopiesAndNone(t *testing.T) {
	for _, c := range []struct {
		mode      PushMode
		copies    int
		notifyURL string
		want      int
	}{{PushForm, 3, pushTo, 3}, {PushNone, 3, pushTo, 0}, {PushForm, 3, "", 0}} {
		synctest.Test(t, func(t *testing.T) {
			app := &application{}
			j := newVendor(t, JumdataOptions{PushClient: &http.Client{Transport: app}, PushMode: c.mode, PushCopies: c.copies})
			wantPlaced(t, send(t, j, someMobile, "job.1", "notifyUrl", c.notifyURL))
			time.Sleep(time.Minute)
			if got := j.Pushes(); got != (PushCounts{Delivered: c.want, Tries: c.want}) || len(app.got()) != c.want {
				t.Errorf("%q %d to %q: %+v", c.mode, c.copies, c.notifyURL, got)
			}
		})
	}
}

func TestCloseCutsPushesOff(t *testing.T) {
	for _, after := range []time.Duration{0, 15 * time.Second} { // while it rings; between two tries
		synctest.Test(t, func(t *testing.T) {
			app := &application{answer: func(int) (int, string) { return 503, "" }}
			j := newVendor(t, JumdataOptions{PushClient: &http.Client{Transport: app}, RingFor: 10 * time.Second, PushRetryBase: time.Hour})
			wantPlaced(t, send(t, j, someMobile, "job.1", "notifyUrl", pushTo))
			time.Sleep(after)
			start := time.Now()
			j.Close()
			if took := time.Since(start); took != 0 {
				t.Errorf("Close took %v", took)
			}
			if got := j.Pushes(); got.Failed != 1 || got.Delivered != 0 {
				t.Errorf("counted %+v", got)
			}
		})
	}
}

// waitFor watches a condition that another goroutine brings about.
func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(10 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s: waited in vain", what)
		}
	}
}

func TestDefaultPushClientOverLoopback(t *testing.T) {
	got := make(chan *http.Request, 8)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		got <- r
		if _, err := io.WriteString(w, pushAck); err != nil {
			t.Error(err)
		}
	}))
	defer receiver.Close()
	j := newVendor(t, JumdataOptions{RingFor: time.Millisecond, TalkFor: time.Millisecond})
	for _, address := range []string{receiver.URL, strings.Replace(receiver.URL, "127.0.0.1", "localhost", 1)} {
		id := wantPlaced(t, send(t, j, someMobile, "job.1", "notifyUrl", address+"/x"))
		r := <-got
		if r.Method != http.MethodPost || r.URL.Path != "/x" || r.PostForm.Get("callId") != id {
			t.Errorf("push %s %s %v", r.Method, r.URL.Path, r.PostForm)
		}
	}
	waitFor(t, "two pushes delivered", func() bool { return j.Pushes().Delivered == 2 })
}

func TestDefaultPushClientStaysOnThisMachine(t *testing.T) {
	var dialled sync.Map
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { dialled.Store(r.URL.Path, true) }))
	defer elsewhere.Close()
	t.Setenv("HTTP_PROXY", elsewhere.URL)
	for _, address := range []string{"http://192.0.2.1/secret", "https://example.com/secret", "http://[2001:db8::1]/secret", "http://0.0.0.0:1/secret"} {
		j := newVendor(t, JumdataOptions{RingFor: time.Millisecond, TalkFor: time.Millisecond})
		wantPlaced(t, send(t, j, someMobile, "job.1", "notifyUrl", address))
		waitFor(t, "a failed push", func() bool { return j.Pushes().Failed == 1 })
		got := j.Pushes()
		if got.Tries != 1 || !strings.Contains(got.LastFailure, errNotLoopback.Error()) || strings.Contains(got.LastFailure, "secret") {
			t.Errorf("%s: %+v", address, got)
		}
	}
	dialled.Range(func(path, _ any) bool { t.Errorf("reached %v", path); return false })

	follows := httptest.NewServer(http.RedirectHandler(elsewhere.URL+"/followed", http.StatusTemporaryRedirect))
	defer follows.Close()
	j := newVendor(t, JumdataOptions{RingFor: time.Millisecond, TalkFor: time.Millisecond, PushRetryBase: time.Millisecond})
	wantPlaced(t, send(t, j, someMobile, "job.1", "notifyUrl", follows.URL))
	waitFor(t, "a failed push", func() bool { return j.Pushes().Failed == 1 })
	if _, followed := dialled.Load("/followed"); followed {
		t.Error("a redirect was followed")
	}
}
