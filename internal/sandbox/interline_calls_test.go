package sandbox

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const ilPushTo = "http://127.0.0.1:1/callbacks/interline/token"

// ilPushes makes a platform in a bubble whose pushes go to app. Its clock is the
// bubble's, which begins at 2000-01-01, 946684800.
func ilPushes(t *testing.T, app *application, opts InterlineOptions) *Interline {
	t.Helper()
	opts.PushURL, opts.PushClient = ilPushTo, &http.Client{Transport: app}
	if opts.RingFor == 0 {
		opts.RingFor, opts.TalkFor = 10*time.Second, 20*time.Second
	}
	return newInterline(t, opts)
}

func mustCall(t *testing.T, v *Interline, x, caller string) string {
	t.Helper()
	id, err := v.Call(x, caller)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestInterlinePushShapes(t *testing.T) {
	const asForm, asJSON = "application/x-www-form-urlencoded", "application/json;charset=UTF-8"
	for _, c := range []struct {
		name        string
		mode        PushMode
		text        bool
		outcome     InterlineOutcome
		record      string
		contentType string
		start, cdr  string
	}{
		{
			name: "form", record: "1", contentType: asForm,
			start: "appid=ilApp&callTime=946684800&callee=B&caller=A&devid=10000000&rcaller=X&subid=SUB&taskid=TASK&userData=dQ%3D%3D",
			cdr: "answerTime=946684810&appid=ilApp&beginTime=946684800&callee=B&caller=A&devid=10000000&duration=20&rcaller=X" +
				"&recording=%2Frecording%2F20000101%2FTASK.wav&releaseTime=946684830&releasedir=1&result=answered&ringTime=946684800&subid=SUB&taskid=TASK&userData=dQ%3D%3D",
		},
		{
			name: "form, busy", mode: PushForm, record: "1", outcome: InterlineOutcome{Result: "17", ReleaseDir: "0"}, contentType: asForm,
			start: "appid=ilApp&callTime=946684800&callee=B&caller=A&devid=10000000&rcaller=X&subid=SUB&taskid=TASK&userData=dQ%3D%3D",
			cdr: "appid=ilApp&beginTime=946684800&callee=B&caller=A&devid=10000000&rcaller=X" +
				"&releaseTime=946684810&releasedir=0&result=17&ringTime=946684800&subid=SUB&taskid=TASK&userData=dQ%3D%3D",
		},
		{
			name: "JSON, 16 after talk", mode: PushJSON, outcome: InterlineOutcome{Result: "16", Talked: true}, contentType: asJSON,
			start: `{"appid":"ilApp","callTime":946684800,"callee":"B","caller":"A","devid":"10000000","rcaller":"X","subid":"SUB","taskid":"TASK","userData":"dQ=="}`,
			cdr: `{"answerTime":946684810,"appid":"ilApp","beginTime":946684800,"callee":"B","caller":"A","devid":"10000000","duration":20,"rcaller":"X",` +
				`"releaseTime":946684830,"releasedir":"1","result":"16","ringTime":946684800,"subid":"SUB","taskid":"TASK","userData":"dQ=="}`,
		},
		{
			name: "JSON, numbers as text", mode: PushJSON, text: true, outcome: InterlineOutcome{Result: "204"}, contentType: asJSON,
			start: `{"appid":"ilApp","callTime":"946684800","callee":"B","caller":"A","devid":"10000000","rcaller":"X","subid":"SUB","taskid":"TASK","userData":"dQ=="}`,
			cdr: `{"appid":"ilApp","beginTime":"946684800","callee":"B","caller":"A","devid":"10000000","rcaller":"X",` +
				`"releaseTime":"946684810","releasedir":"1","result":"204","ringTime":"946684800","subid":"SUB","taskid":"TASK","userData":"dQ=="}`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				app := &application{}
				v := ilPushes(t, app, InterlineOptions{PushMode: c.mode, PushTextNumbers: c.text})
				v.SetOutcome(c.outcome)
				subid := wantBound(t, bindAXB(t, v, "X", axb("r1", "anum", "A", "bnum", "B", "record", c.record, "userData", "dQ==")))
				task := mustCall(t, v, "X", "A")
				time.Sleep(time.Hour)
				got := app.got()
				if len(got) != 2 {
					t.Fatalf("%d pushes, want 2", len(got))
				}
				for i, want := range []string{c.start, c.cdr} {
					want = strings.NewReplacer("SUB", subid, "TASK", task).Replace(want)
					if got[i].body != want || got[i].contentType != c.contentType {
						t.Errorf("%s %s\nwant %s %s", got[i].contentType, got[i].body, c.contentType, want)
					}
				}
				if got := v.Pushes(); got != (PushCounts{Delivered: 2, Tries: 2}) {
					t.Errorf("counted %+v", got)
				}
			})
		})
	}
}

func TestInterlineWhoIsCalled(t *testing.T) {
	clock := newHandClock(t, "2026-03-02T10:00:00")
	v := newInterline(t, InterlineOptions{Now: clock.now})
	subid := wantBound(t, bindAXB(t, v, someX, axb("r1", "ttl", "100")))
	wantError(t, bindXA(t, v, someX, xa("x1", "anum", "13500000005", "ttl", "200")), 0)
	xaSubid := v.Made()[1].SubID
	type behind struct{ callee, subid string }
	check := func(caller string, want behind) {
		t.Helper()
		before := len(v.Calls())
		_, err := v.Call(someX, caller)
		if (err == nil) != (want != behind{}) || err != nil && !errors.Is(err, ErrNoBinding) {
			t.Errorf("from %s: %v", caller, err)
		}
		calls := v.Calls()[before:]
		if err == nil && (len(calls) != 1 || (behind{calls[0].Callee, calls[0].SubID} != want) || calls[0].X != someX || calls[0].Caller != caller) ||
			err != nil && len(calls) != 0 {
			t.Errorf("from %s: %+v, want %+v", caller, calls, want)
		}
	}
	check(someA, behind{someB, subid})
	check(someB, behind{someA, subid})
	check("13100000001", behind{"13500000005", xaSubid})
	clock.move(100 * time.Second)
	check(someA, behind{"13500000005", xaSubid})
	wantError(t, unbindXA(t, v, someX), 0)
	check(someA, behind{})
	if _, err := v.SMS(someX, someA, "x"); !errors.Is(err, ErrNoBinding) {
		t.Errorf("message: %v", err)
	}
	if _, err := v.Call(otherX, someA); !errors.Is(err, ErrNoBinding) {
		t.Errorf("another X: %v", err)
	}
}

// TestInterlineMessage is L17: a message comes as the start of a call.
func TestInterlineMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := &application{}
		v := ilPushes(t, app, InterlineOptions{})
		wantError(t, bindXA(t, v, someX, xa("x1")), 0)
		task, err := v.SMS(someX, someB, "明天 8 点&")
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		got := app.got()
		if len(got) != 1 {
			t.Fatalf("%d pushes, want 1", len(got))
		}
		fields, err := url.ParseQuery(got[0].body)
		if err != nil || fields.Get("smsContent") != "明天 8 点&" || fields.Get("taskid") != task || fields.Has("result") ||
			fields.Get("callTime") != "946684800" || fields.Get("callee") != someA || fields.Get("subid") != v.Made()[0].SubID {
			t.Errorf("push %v, %v", fields, err)
		}
		if calls := v.Calls(); len(calls) != 1 || calls[0].Text == "" || calls[0].Result != "" {
			t.Errorf("calls %+v", calls)
		}
	})
}

// wantOrder compares when pushes came, in seconds after start, and which: "cdr"
// or "start".
func wantOrder(t *testing.T, app *application, start time.Time, want ...string) {
	t.Helper()
	var got []string
	for _, p := range app.got() {
		kind := "start"
		if strings.Contains(p.body, "result=") {
			kind = "cdr"
		}
		got = append(got, kind+" "+p.at.Sub(start).String())
	}
	if strings.Join(got, ", ") != strings.Join(want, ", ") {
		t.Errorf("pushes %q, want %q", got, want)
	}
}

func TestInterlinePushOrderAndCopies(t *testing.T) {
	for _, c := range []struct {
		opts InterlineOptions
		url  string
		want []string
	}{
		{InterlineOptions{PushCopies: 2}, ilPushTo, []string{"start 0s", "start 0s", "cdr 30s", "cdr 30s"}},
		{InterlineOptions{PushDelay: 5 * time.Second}, ilPushTo, []string{"start 5s", "cdr 35s"}},
		{InterlineOptions{PushReversed: true}, ilPushTo, []string{"cdr 30s", "start 30s"}},
		{InterlineOptions{PushReversed: true, PushDelay: 5 * time.Second}, ilPushTo, []string{"cdr 35s", "start 40s"}},
		{InterlineOptions{PushMode: PushNone}, ilPushTo, nil},
		{InterlineOptions{}, "", nil},
	} {
		synctest.Test(t, func(t *testing.T) {
			app := &application{}
			v := ilPushes(t, app, c.opts)
			v.opts.PushURL = c.url
			subid := wantBound(t, bindAXB(t, v, someX, axb("r1")))
			start := time.Now()
			mustCall(t, v, someX, someB)
			wantError(t, unbindAXB(t, v, subid), 0) // L21: the call goes on
			time.Sleep(time.Hour)
			wantOrder(t, app, start, c.want...)
		})
	}
}

// TestInterlinePushesUntilTaken: again until HTTP 200, whatever else is answered.
func TestInterlinePushesUntilTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := &application{answer: func(n int) (int, string) {
			switch n {
			case 1, 2:
				return 0, ""
			case 3, 4:
				return 503, "success"
			case 5, 6:
				return 201, `{"error":0}`
			default:
				return 200, `{"error":1500}`
			}
		}}
		v := ilPushes(t, app, InterlineOptions{})
		wantError(t, bindXA(t, v, someX, xa("x1")), 0)
		start := time.Now()
		if _, err := v.SMS(someX, someB, "x"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		wantOrder(t, app, start, "start 0s", "start 1s", "start 3s", "start 7s", "start 15s", "start 16s", "start 18s")
		if got := v.Pushes(); got.Delivered != 1 || got.Failed != 0 || got.Tries != 7 {
			t.Errorf("counted %+v", got)
		}
	})
}

func TestInterlineCloseCutsPushesOff(t *testing.T) {
	for _, after := range []time.Duration{0, time.Second + time.Millisecond, 10 * time.Second} { // before, between two tries, between two rounds
		synctest.Test(t, func(t *testing.T) {
			app := &application{answer: func(int) (int, string) { return 503, "" }}
			v := ilPushes(t, app, InterlineOptions{})
			wantBound(t, bindAXB(t, v, someX, axb("r1")))
			mustCall(t, v, someX, someA)
			time.Sleep(after)
			start := time.Now()
			v.Close()
			if took := time.Since(start); took != 0 {
				t.Errorf("Close took %v", took)
			}
			if _, err := v.Call(someX, someA); err != nil {
				t.Error(err)
			}
			if got := v.Pushes(); got.Failed != 4 || got.Delivered != 0 {
				t.Errorf("counted %+v", got)
			}
		})
	}
}

// TestInterlinePushOverLoopback has the default client reach this machine, and
// nothing else.
func TestInterlinePushOverLoopback(t *testing.T) {
	got := make(chan url.Values, 2)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		got <- r.PostForm
	}))
	defer receiver.Close()
	v := newInterline(t, InterlineOptions{PushURL: receiver.URL, RingFor: time.Millisecond, TalkFor: time.Millisecond})
	wantBound(t, bindAXB(t, v, someX, axb("r1")))
	task := mustCall(t, v, someX, someA)
	if a, b := <-got, <-got; a.Get("taskid") != task || b.Get("taskid") != task || a.Has("result") == b.Has("result") {
		t.Errorf("pushes %v, %v", a, b)
	}
	waitFor(t, "two pushes delivered", func() bool { return v.Pushes().Delivered == 2 })

	away := newInterline(t, InterlineOptions{PushURL: "http://192.0.2.1/secret"})
	wantBound(t, bindAXB(t, away, someX, axb("r1")))
	if _, err := away.SMS(someX, someA, "x"); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "a failed try", func() bool { return away.Pushes().Tries > 0 })
	if got := away.Pushes(); !strings.Contains(got.LastFailure, errNotLoopback.Error()) || strings.Contains(got.LastFailure, "secret") {
		t.Errorf("counted %+v", got)
	}
}
