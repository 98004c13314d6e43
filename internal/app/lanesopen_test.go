package app

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/ratelimit"
	"github.com/callpacer/callpacer/tasks"
)

// A pause that no worker has seen is taken away, too.
func TestResumeTakesAPauseByHand(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		y := newYard(t, r)
		r.Client.Set(t.Context(), "asynq:{main:normal}:paused", "1", 0)
		wantNames(t, "seen", y.main().PausedQueues, "main:normal")
		wantNames(t, "opened", y.open("main").Opened, "operator/normal")
		wantNames(t, "left", y.main().PausedQueues)
	})
}

func TestAHaltedLaneResumes(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		y := newYard(t, r)
		if _, err := y.store.Create(t.Context(), record.NewJob{ID: "jumdata.j", Account: "main", Kind: "notify", Priority: "normal", ExpiresIn: time.Hour}); err != nil {
			t.Fatal(err)
		}
		ask := func() ratelimit.Decision {
			door := ratelimit.NewAdmission(y.store, ratelimit.Rules{}, y.Lanes.now)
			a, err := door.Admit(t.Context(), ratelimit.Request{JobID: "jumdata.j", Attempt: 1, Token: "t", Go: true, Timeout: time.Second, Doubt: time.Minute})
			if err != nil {
				t.Fatal(err)
			}
			return a.Decision
		}
		y.shutFor(record.GateHalt, 0, "balance")
		if d := ask(); d == ratelimit.Go {
			t.Errorf("halted: %v", d)
		}
		if err := y.Resume(t.Context(), "main", "bulk", "ops"); err == nil || !strings.Contains(err.Error(), "its lane is shut: halt") {
			t.Errorf("the button of a queue: %v", err)
		}
		wantNames(t, "opened", y.open("main").Opened, "halt")
		if d := ask(); d != ratelimit.Go {
			t.Errorf("resumed: %v", d)
		}
	})
}

func TestLanesCount(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		y, ctx := newYard(t, r), t.Context()
		for i, q := range []tasks.Queue{"main:urgent", "main:normal", "main:normal", "main:bulk", "main:bulk", "main:bulk", "main:follow"} {
			e := tasks.Entry{Queue: q, Kind: tasks.KindNotify, TaskID: strconv.Itoa(i), ID: "jumdata.x"}
			if i == 5 {
				e.At = time.Now().Add(time.Hour)
			}
			if err := y.broker.Put(ctx, e); err != nil {
				t.Fatal(err)
			}
		}
		put := func(id, state string) {
			r.Client.ZAdd(ctx, "callpacer:{jumdata}:due", redis.Z{Score: 1, Member: "jumdata." + id})
			r.Client.HSet(ctx, "callpacer:{jumdata}:job:jumdata."+id, "account", "main", "state", state,
				"hold_reason", "retry", "hold_until", noon.Add(time.Hour).UnixMilli())
		}
		put("h", "held")
		put("d", "in_doubt")
		put("r", "reserved")
		r.Client.ZAdd(ctx, mainKey(":lines"), redis.Z{Score: float64(noon.Add(time.Hour).UnixMilli()), Member: "h"})
		r.Client.HSet(ctx, mainKey(""), "b:fails", 3, "s:9", fmt.Sprint(noon.Unix()-1, " ", 25))
		s := y.main()
		if s.Depth != (LaneDepth{1, 2, 2}) || s.Later != 1 || s.Active != 0 || s.InFlight != 1 || *s.MaxInFlight != 7 || s.InDoubt != 1 ||
			s.Reserved != 1 || s.Failures != 3 || fmt.Sprint(s.Held) != "map[retry:1]" || s.Rate.Used != 2.5 || *s.Rate.Limit != 20 || *s.Rate.Burst != 5 || s.Workers != 0 {
			t.Errorf("%+v", s)
		}
		all, err := y.List(ctx)
		if o := all[1]; err != nil || o.Rate.Limit != nil || o.Rate.Burst != nil || o.MaxInFlight != nil || o.InDoubt != 0 || o.Held == nil {
			t.Errorf("%+v, %v", o, err)
		}
	})
}

func TestLanesOfOtherConfigurations(t *testing.T) {
	r := redistest.Mini(t)
	y, ctx := newYard(t, r), t.Context()
	window := []byte(`{}`)
	for name, rules := range map[string][]byte{"far": window, "old": nil, "main": nil} {
		if _, err := tasks.Publish(ctx, r.Client, tasks.Account{Name: name, Vendor: "jumdata", Group: "jumdata", RuleSet: rules}); err != nil {
			t.Fatal(err)
		}
	}
	others, err := y.Others(ctx)
	if err != nil {
		t.Fatal(err)
	}
	wantNames(t, "others", others, "far", "old")
	for name, known := range map[string]bool{"far": true, "old": false} {
		p := y.shut(name, 0, "by a")
		done := y.open(name)
		if p.Reason != "operator" || len(p.PausedQueues) > 0 != known || done.RulesKnown != known || len(done.Opened) != 1 {
			t.Errorf("%s: %+v, %+v", name, p, done)
		}
	}
	_, err = y.Open(ctx, y.name("none"))
	if want := `lane "none" is unknown; known are far, main, old, other`; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

func TestParseLaneRefuses(t *testing.T) {
	for name, want := range map[string]string{
		"main:follow": "always runs on", "main:push": "always runs on", "main:frob": "is no lane", "main:": "is no lane", "main:bulk:x": "is no lane",
	} {
		if n, err := ParseLane(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v; want %q", name, n, err, want)
		}
	}
}

// What is pressed on the monitoring page shuts and opens the lane, under the name
// of who pressed it.
func TestMonitorsButtonsPauseAndResume(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		text := strings.Replace(oneAccount(r.URL(), "jumdata"), `"127.0.0.1:1"`, `"127.0.0.1:1", tokens: [{name: ann, token: "0123456789abcdef0123456789abcdef", role: operator}]`, 1)
		l := listener(t)
		c := config(t, text)
		a, err := Start(t.Context(), c, Options{Log: quiet(), Admin: l})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = a.Stop() }()
		press := func(button string) {
			t.Helper()
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+l.Addr().String()+"/monitor/api/queues/main:bulk:"+button, nil)
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Authorization", "Bearer 0123456789abcdef0123456789abcdef")
			answer, err := http.DefaultClient.Do(request)
			if err != nil || answer.StatusCode != http.StatusNoContent {
				t.Fatalf("%s: %+v, %v", button, answer, err)
			}
			_ = answer.Body.Close()
			http.DefaultClient.CloseIdleConnections()
		}
		look := func() string {
			t.Helper()
			all, err := NewLanes(c, r.Client, quiet()).List(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, reason := range all[0].Reasons {
				if reason.Reason == "operator/bulk" && slices.Contains(all[0].PausedQueues, "main:bulk") {
					return reason.Detail
				}
			}
			return "open"
		}
		// asynq's servers tell of themselves beside what they do.
		workers := func() int {
			all, err := NewLanes(c, r.Client, quiet()).List(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return all[0].Workers
		}
		for end := time.Now().Add(10 * time.Second); workers() != 1; {
			if time.Now().After(end) {
				t.Fatalf("workers: %d, want 1", workers())
			}
		}
		press("pause")
		if got := look(); got != "by ann" {
			t.Errorf("paused: %s", got)
		}
		press("resume")
		if got := look(); got != "open" {
			t.Errorf("resumed: %s", got)
		}
	})
}
