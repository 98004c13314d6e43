package dispatch

import (
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/tasks"
)

// Nothing else than the story's end is allowed where a binding is made or
// released: the company knows every request by its id.
func bindStories() []scenario {
	active, unknown := []record.State{record.Active}, []record.State{record.Unknown}
	shortage := providers.Outcome{Class: providers.ClassRetryLater, Placed: providers.PlacedNo}
	notHeard := repeatable(answerLost) // what was lost is the request
	refused := providers.Outcome{Class: providers.ClassPermanent, Placed: providers.PlacedNo, Cause: providers.CausePlatform}
	// It is made, its answer is lost, and a repeat is answered so.
	lostThen := func(answer providers.Outcome) func() *phoneCompany {
		return func() *phoneCompany {
			return &phoneCompany{lost: 1, answers: []providers.Outcome{{Placed: providers.PlacedYes}, answer}}
		}
	}
	muted := func(n int) func() *phoneCompany { return withRegister(1, register{replay: saysRepeated, mute: n}) }
	bind, xa := one(bindFor(forAges)), one(bindXA)
	then := func(bind func([]string) tasks.Job, after time.Duration, unbinds ...string) []chapter {
		story := []chapter{{0, bind}}
		for _, key := range unbinds {
			story = append(story, chapter{after, unbindJob(key)})
			after = 0
		}
		return story
	}
	freed := []record.State{record.Released, record.Completed}
	// Nobody had sent it when its release was asked for.
	orCanceled := map[int][]record.State{0: {record.Canceled}, 1: {record.Completed}}
	reported := func() *phoneCompany {
		return &phoneCompany{lost: 1, talks: 2 * time.Minute, register: register{replay: saysRepeated, mute: -1, tells: true}}
	}
	// The number is wanted for somebody else while nobody knows whether it is free.
	rebound := func(unbind func([]string) tasks.Job) []chapter {
		return []chapter{{0, bindXA}, {10 * time.Minute, unbind}, {time.Second, bindXAgain}}
	}
	moved := []record.State{record.Released, record.Completed, record.Active}
	orTaken := map[int][]record.State{2: {record.Failed}} // no release was under way for ten seconds
	lostRelease := withRegister(0, register{lostReleases: 1})
	return []scenario{
		{"bind", fine, false, bind, active, nil},
		{"bind-lost", withRegister(1, register{}), false, bind, active, nil},
		{"bind-not-heard", withAnswers(notHeard), false, bind, active, nil},
		{"bind-lost-repeated", muted(2), false, bind, active, nil},
		{"bind-never-told", muted(-1), false, bind, unknown, nil},
		{"bind-told-by-a-call", reported, true, bind, active, nil},
		{"bind-conflicts-with-itself", withRegister(1, register{replay: saysConflict}), false, bind, unknown, nil},
		{"bind-refused-once", withAnswers(shortage), false, bind, active, nil},
		{"bind-lost-refused-once", lostThen(shortage), false, bind, active, nil},
		{"bind-lost-refused", lostThen(refused), false, bind, unknown, map[int][]record.State{0: {record.Active}}},
		{"bind-xa", fine, false, xa, active, nil},
		{"bind-xa-lost", withRegister(1, register{}), false, xa, active, nil},
		{"bind-ends", fine, false, one(bindFor(time.Hour)), []record.State{record.Expired}, nil},
		{"unbind", fine, false, then(bindFor(forAges), 10*time.Minute, "u1"), freed, nil},
		{"unbind-xa", fine, false, then(bindXA, 10*time.Minute, "u1"), freed, nil},
		{"unbind-lost", withRegister(0, register{lostReleases: 1}), false, then(bindFor(forAges), 10*time.Minute, "u1"), freed, nil},
		{"unbind-xa-lost-rebound", lostRelease, false, rebound(unbindJob("u1")), moved, orTaken},
		{"unbind-number-rebound", lostRelease, false, rebound(unbindNumber), moved, orTaken},
		{"unbind-named", lostRelease, false, []chapter{{0, bindFor(forAges)}, {10 * time.Minute, unbindNamed("sub-3")}}, freed, nil},
		{"unbind-refused-once", withAnswers(providers.Outcome{Placed: providers.PlacedYes}, shortage), false,
			then(bindFor(forAges), 10*time.Minute, "u1"), freed, nil},
		{"unbind-twice", withRegister(0, register{lostReleases: 1}), false, then(bindFor(forAges), 10*time.Minute, "u1", "u2"),
			[]record.State{record.Released, record.Completed, record.Completed}, nil},
		{"unbind-waiting", fine, false, then(bindTomorrow, time.Minute, "u1"), []record.State{record.Canceled, record.Completed}, nil},
		{"unbind-in-doubt", muted(2), false, then(bindFor(forAges), time.Second, "u1"), freed, orCanceled},
		// In doubt it asks for the refused number until nobody can say.
		{"bind-auto-other-x", withRegister(0, register{refusesX: 1}), false, one(bindAuto("bind-1")), active, map[int][]record.State{0: {record.Unknown}}},
		{"unbind-auto", lostRelease, false, then(bindAuto("bind-1"), 10*time.Minute, "u1"), freed, nil},
		// It has no name, and is released by its end.
		{"unbind-unknown", muted(-1), false, then(bindFor(time.Minute), time.Second, "u1"), []record.State{record.Unknown, record.Completed}, orCanceled},
	}
}
