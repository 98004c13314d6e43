package dispatch

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
)

// hearing is how an application takes a delivery.
type hearing int

const (
	hears hearing = iota
	refuses
	isAway // its deliverer does not even try
)

const (
	eventLease = 30 * time.Second
	eventRetry = time.Minute
	lastTry    = 3 // then it is a dead letter
)

// application is what hears of the jobs. It alone knows what it was told.
type application struct {
	mu     sync.Mutex
	does   []hearing                  // with the deliveries that arrive, in order; then it hears them
	told   map[string][]string        // event -> what it said each time
	broken bool                       // it refuses everything
	due    func(context.Context) bool // an event is: to claim nothing is a step at which nothing can break
}

func (a *application) recover() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.broken = false
}

// deliver is the moment at which an event arrives.
func (a *application) deliver(e record.Event) hearing {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.broken {
		return refuses
	}
	if len(a.does) > 0 {
		does := a.does[0]
		if a.does = a.does[1:]; does != hears {
			return does
		}
	}
	if a.told == nil {
		a.told = map[string][]string{}
	}
	a.told[e.ID] = append(a.told[e.ID], fmt.Sprintf("%s %v %s", e.Record.State, e.Corrected, e.At))
	return hears
}

// tellEvents does what a deliverer does with the events that are due.
func (p *process) tellEvents(ctx context.Context) (worked bool) {
	if p.app == nil || !p.app.due(ctx) {
		return false
	}
	events, err := p.lane.Store.ClaimEvents(ctx, walkGroup, 10, eventLease)
	if err != nil {
		return false
	}
	for _, e := range events {
		does := refuses
		if p.steps.do(func() { does = p.app.deliver(e) }) != nil {
			return true
		}
		store := p.lane.Store
		switch {
		case does == hears:
			err = store.EventTold(ctx, e)
		case does == isAway:
			err = store.EventPutOff(ctx, e, eventRetry)
		case e.Tries+1 >= lastTry:
			err = store.EventDead(ctx, e, "HTTP 500", 30*24*time.Hour)
		default:
			err = store.EventFailed(ctx, e, eventRetry, "HTTP 500")
		}
		if err != nil {
			return true // its lease runs out
		}
	}
	return len(events) > 0
}

// nextEvent is when the next event is due.
func (w *walk) nextEvent(ctx context.Context) (at time.Time, ok bool) {
	if w.first.app == nil {
		return time.Time{}, false // they wait for ever
	}
	z, err := w.redis.Client.ZRangeWithScores(ctx, groupKey("events"), 0, 0).Result()
	if err != nil || len(z) == 0 {
		return time.Time{}, false
	}
	return time.UnixMilli(int64(z[0].Score)), true
}

func groupKey(name string) string { return "callpacer:{" + walkGroup + "}:" + name }

// judgeEvents: each revision of each record has one event, told or waiting; what was
// told twice was told with the same words, and the last word is how the job ended.
func (w *walk) judgeEvents(t *testing.T, app *application) {
	t.Helper()
	ctx, store, revisions := t.Context(), record.New(w.redis.Client), map[string]int{}
	ids, err := store.IDs(ctx, walkGroup)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		rec, err := store.Get(ctx, id)
		if err != nil || rec == nil || !rec.Tells {
			t.Fatalf("job %s: %+v, %v", id, rec, err)
		}
		revisions[id] = rec.Revision
		for n := 1; n <= rec.Revision; n++ {
			name := fmt.Sprintf("%s:%d", id, n)
			waits := w.redis.Client.Exists(ctx, groupKey("event:"+name)).Val() == 1
			if waits == (len(app.told[name]) > 0) {
				t.Errorf("event %s waits: %v, and was told: %v", name, waits, app.told[name])
			}
			if n == rec.Revision && !waits && !strings.HasPrefix(app.told[name][0], string(rec.State)+" ") {
				t.Errorf("the job is %s, and the last that the application heard is %q", rec.State, app.told[name])
			}
		}
		if rec.State.Final() && rec.Revision == 0 {
			t.Errorf("job %s is %s, and there was no change of it", id, rec.State)
		}
	}
	for name, said := range app.told {
		i := strings.LastIndexByte(name, ':')
		n, err := strconv.Atoi(name[i+1:])
		if last, kept := revisions[name[:i]]; err != nil || kept && n > last {
			t.Errorf("event %s was told, and there is no such change", name)
		}
		for _, words := range said {
			if words != said[0] {
				t.Errorf("event %s was told as %q", name, said)
			}
		}
	}
	if waiting := w.redis.Client.ZCard(ctx, groupKey("events")).Val(); w.first.app != nil && waiting > 0 {
		t.Errorf("%d events still wait, and the application is there", waiting)
	}
}
