package dispatch

import (
	"fmt"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/tasks"
)

// orderly is a scenario with the orders in it, and an application that hears of it.
type orderly struct {
	scenario
	orders []errand
	app    func() *application // nil: it hears everything at once
}

func notifyLater([]string) tasks.Job {
	j := notifyJob(nil)
	j.NotBefore = time.Date(2000, 1, 1, 0, 10, 0, 0, time.UTC) // a bubble begins at 00:00
	return j
}

func orderStories() []orderly {
	completed, active := []record.State{record.Completed}, []record.State{record.Active}
	notHeard := withAnswers(answerLost) // what was lost is the request
	nobodyWaits := map[int][]record.State{0: {record.Unknown, record.Canceled}}
	reported := func() *phoneCompany { return &phoneCompany{talks: 2 * time.Minute, register: register{tells: true}} }
	appThat := func(does ...hearing) func() *application {
		return func() *application { return &application{does: does} }
	}
	one := func(after time.Duration, do func() errand) []errand { o := do(); o.after = after; return []errand{o} }
	canceled := func() errand { return errand{do: cancelIt} }
	resolved := func(word record.Word) func() errand { return func() errand { return errand{do: resolveAs(word)} } }
	emptied := func() errand { return errand{do: emptyQueues} }
	none := []errand{}
	chapters := func(job func([]string) tasks.Job) []chapter { return []chapter{{0, job}} }
	return []orderly{
		{scenario{"push-told", fine, true, chapters(notifyJob), completed, orUnknown}, none, nil},
		{scenario{"poll-told", fine, false, chapters(notifyJob), completed, orUnknown}, none, appThat(refuses, isAway, refuses, hears)},
		{scenario{"dead-letter", fine, true, chapters(notifyJob), completed, orUnknown},
			[]errand{{2 * time.Hour, answersAgain}}, func() *application { return &application{broken: true} }},
		{scenario{"canceled", fine, true, chapters(notifyLater), []record.State{record.Canceled}, nil}, one(time.Minute, canceled), nil},
		{scenario{"canceled-late", fine, true, chapters(notifyJob), completed, nobodyWaits}, one(time.Second, canceled), nil},
		{scenario{"resolved", withRegister(1, register{}), false, chapters(notifyJob), completed, orUnknown},
			one(5*time.Minute, resolved(record.SayCompleted)), nil},
		{scenario{"resolved-as-failed", notHeard, false, chapters(notifyJob), []record.State{record.Failed},
			map[int][]record.State{0: {record.Completed, record.Unknown}}}, one(5*time.Minute, resolved(record.SayFailed)), nil},
		{scenario{"resolved-resent", notHeard, true, chapters(notifyJob), completed, orUnknown},
			one(5*time.Minute, resolved(record.SayResend)), nil},
		{scenario{"resolved-binding", withRegister(1, register{replay: saysRepeated, mute: -1}), false, chapters(bindXA), active,
			nil}, one(5*time.Minute, resolved(record.SayCompleted)), nil},
		{scenario{"call-over-a-binding", reported, true, chapters(bindFor(forAges)), active, nil}, none, nil},
		{scenario{"unbind-told", fine, false, []chapter{{0, bindFor(forAges)}, {10 * time.Minute, unbindJob("u1")}},
			[]record.State{record.Released, record.Completed}, nil}, none, nil},
		{scenario{"task-deleted", fine, true, chapters(notifyLater), completed, orUnknown}, one(time.Minute, emptied), nil},
		{scenario{"poll-deleted", fine, false, chapters(notifyJob), completed, orUnknown}, one(61*time.Second, emptied), nil},
		{scenario{"push-replayed", fine, true, chapters(notifyJob), completed, orUnknown},
			[]errand{{0, pushOfAStranger}, {10 * time.Minute, replayPushes}}, nil},
	}
}

// TestCrashWalkOfOrders is the crash walk of what others do with a job, and of its
// events; here everything that Redis keeps is looked at before every single step.
func TestCrashWalkOfOrders(t *testing.T) {
	for _, o := range orderStories() {
		t.Run(o.name, func(t *testing.T) {
			total := playWith(t, o.scenario, &o, 0, lives)
			t.Logf("%d steps", total)
			for f, name := range fates {
				if total > longStory && (f == diesAfter || f == freezesAfter) {
					continue
				}
				for at := 1; at <= total; at++ {
					if redistest.Raced && at%100 != int(f)*20 {
						continue // .ci/run walks them all without the detector
					}
					t.Run(fmt.Sprintf("%s-%03d", name, at), func(t *testing.T) {
						t.Parallel()
						playWith(t, o.scenario, &o, at, f)
					})
				}
			}
		})
	}
}
