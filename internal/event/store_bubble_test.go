package event

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/recordjson"
	"github.com/callpacer/callpacer/internal/redistest"
)

func create(t *testing.T, store *record.Store, id string, tells bool) {
	t.Helper()
	_, err := store.Create(t.Context(), record.NewJob{
		ID: id, Account: "acct", Vendor: "jumdata", Kind: "notify", Priority: "normal", Content: "content", Digest: "d",
		To: "138****0001", Tags: map[string]string{"order": "4711"}, SubmitToken: "s", Tells: tells,
		ExpiresIn: 24 * time.Hour, Retain: 72 * time.Hour, KeyRetain: 720 * time.Hour,
	})
	if err != nil {
		t.Fatal(err)
	}
}

// From the script that ends a job, over a dead letter, to the application.
func TestAJobsEndIsToldFromTheStore(t *testing.T) {
	redistest.Bubble(t, func(t *testing.T, r *redistest.Redis) {
		var up atomic.Bool
		app := &application{answer: func(_ int, w http.ResponseWriter, _ *http.Request) {
			if !up.Load() {
				w.WriteHeader(http.StatusGone) // a dead letter without waiting a day for it
			}
		}}
		store := record.New(r.Client)
		create(t, store, "g.1", true)
		create(t, store, "g.2", false)
		for _, id := range []string{"g.1", "g.2"} {
			if _, _, err := store.Cancel(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
		d := bubbleWith(t, nil, map[string]*application{appHost: app})
		d.Store, d.Group = store, "g"
		d.Endpoints.opts.Data = func(r *record.Record) any { return recordjson.Of(r, nil) }
		defer run(t.Context(), d)()
		time.Sleep(time.Second)
		dead := deadLetters(t, store)
		if len(dead) != 1 || dead[0].ID != "g.1:1" || !strings.Contains(dead[0].Why, "410") || dead[0].Tries != len(app.heard()) {
			t.Fatalf("dead letters %+v after %d tries", dead, len(app.heard()))
		}
		tried := len(app.heard())
		up.Store(true)
		if done, err := store.ReplayEvent(t.Context(), "g.1:1"); !done || err != nil {
			t.Fatal(done, err)
		}
		time.Sleep(2 * time.Second)
		got := app.heard()
		if len(got) != tried+1 || len(deadLetters(t, store)) != 0 {
			t.Fatalf("%d tries after %d, dead %v", len(got), tried, deadLetters(t, store))
		}
		var told struct {
			Type string
			Data recordjson.Record
		}
		if err := json.Unmarshal(got[tried].body, &told); err != nil {
			t.Fatal(err)
		}
		if told.Type != "call.canceled" || told.Data.ID != "g.1" || told.Data.State != record.Canceled || told.Data.Revision != 1 || told.Data.Tags["order"] != "4711" {
			t.Errorf("told %s", got[tried].body)
		}
		if string(got[0].body) != string(got[tried].body) || got[0].header.Get("webhook-id") != "g_1_1" || got[tried].header.Get("webhook-id") != "g_1_1" {
			t.Errorf("the first try was %s, the last %s", got[0].body, got[tried].body)
		}
	})
}

func deadLetters(t *testing.T, store *record.Store) (all []record.DeadEvent) {
	t.Helper()
	err := store.EachDeadEvent(t.Context(), "g", func(e record.DeadEvent) error {
		all = append(all, e)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Two workers share what is due: each event is one's.
func TestTwoDeliverersShareAGroup(t *testing.T) {
	redistest.Bubble(t, func(t *testing.T, r *redistest.Redis) {
		app := &application{answer: func(int, http.ResponseWriter, *http.Request) { time.Sleep(50 * time.Millisecond) }}
		store := record.New(r.Client)
		for i := range 60 {
			id := "g." + string(rune('a'+i/26)) + string(rune('a'+i%26))
			create(t, store, id, true)
			if _, _, err := store.Cancel(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			d := bubbleWith(t, nil, map[string]*application{appHost: app})
			d.Store, d.Group = store, "g"
			defer run(t.Context(), d)()
		}
		time.Sleep(10 * time.Second)
		ids := map[string]int{}
		for _, h := range app.heard() {
			ids[h.header.Get("webhook-id")]++
		}
		if len(ids) != 60 || len(app.heard()) != 60 {
			t.Errorf("%d events in %d requests", len(ids), len(app.heard()))
		}
	})
}
