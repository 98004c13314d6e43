package dispatch

import (
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/tasks"
)

const (
	x1, a1, b1 = "17000000001", "13800000001", "13800000002"
	forAges    = 10 * 24 * time.Hour // longer than any walk
)

func notifyJob([]string) tasks.Job {
	return tasks.Job{Account: "phone", To: a1, Template: "T1", IdempotencyKey: "order-1"}
}

func connectJob([]string) tasks.Job {
	return tasks.Job{Kind: tasks.KindConnect, Account: "phone", From: b1, To: a1, IdempotencyKey: "order-1"}
}

func bindFor(ttl time.Duration) func([]string) tasks.Job {
	return func([]string) tasks.Job {
		return tasks.Job{
			Kind: tasks.KindBind, Account: "phone", Mode: tasks.ModeAXB, X: x1, A: a1, B: b1, TTL: ttl,
			Record: true, Display: "0,1", Prompts: []string{"p1"}, AnswerPrompts: []string{"p2"}, UserData: "order 1", IdempotencyKey: "bind-1",
		}
	}
}

func bindXA([]string) tasks.Job {
	return tasks.Job{Kind: tasks.KindBind, Account: "phone", Mode: tasks.ModeXA, X: x1, A: a1, IdempotencyKey: "bind-1"}
}

// bindAuto leaves the middle number to us.
func bindAuto(key string) func([]string) tasks.Job {
	return func([]string) tasks.Job {
		j := bindFor(forAges)(nil)
		j.X, j.IdempotencyKey = tasks.AutoX, key
		return j
	}
}

func bindTomorrow(ids []string) tasks.Job {
	j := bindFor(forAges)(ids)
	j.NotBefore = time.Date(2000, 1, 2, 0, 0, 0, 0, time.UTC) // bubbles begin a day before
	return j
}

func unbindJob(key string) func([]string) tasks.Job {
	return func(ids []string) tasks.Job {
		return tasks.Job{Kind: tasks.KindUnbind, Account: "phone", Binding: ids[0], IdempotencyKey: key}
	}
}

// unbindNumber releases whatever X leads to; unbindNamed what the vendor named.
func unbindNumber([]string) tasks.Job {
	return tasks.Job{Kind: tasks.KindUnbind, Account: "phone", Mode: tasks.ModeXA, X: x1, IdempotencyKey: "u1"}
}

func unbindNamed(subid string) func([]string) tasks.Job {
	return func([]string) tasks.Job {
		return tasks.Job{Kind: tasks.KindUnbind, Account: "phone", Subid: subid, IdempotencyKey: "u1"}
	}
}

// bindXAgain wants the number of bindXA for somebody else.
func bindXAgain([]string) tasks.Job {
	j := bindXA(nil)
	j.A, j.IdempotencyKey = b1, "bind-2"
	return j
}

func foreignPoll([]string) tasks.Job {
	return tasks.Job{Kind: tasks.KindPoll, Account: "phone", To: a1, VendorID: "call-of-others", IdempotencyKey: "poll-1"}
}

func probeJob([]string) tasks.Job {
	return tasks.Job{Kind: tasks.KindAccount, Account: "phone", IdempotencyKey: "probe-1"}
}

func one(job func([]string) tasks.Job) []chapter { return []chapter{{0, job}} }

// scenario is a story, the company in which it plays, and how its jobs end.
type scenario struct {
	name    string
	company func() *phoneCompany
	push    bool
	story   []chapter
	alive   []record.State         // how each job ends if nobody dies
	states  map[int][]record.State // how else a job may end where a process dies
}

// orUnknown: a call whose answer died with its process may never be told.
var orUnknown = map[int][]record.State{0: {record.Unknown}}

func fine() *phoneCompany { return &phoneCompany{} }

func withAnswers(o ...providers.Outcome) func() *phoneCompany {
	return func() *phoneCompany { return &phoneCompany{answers: o} }
}

func withRegister(lost int, r register) func() *phoneCompany {
	return func() *phoneCompany { return &phoneCompany{lost: lost, register: r} }
}

func callStories() []scenario {
	maintenance := providers.Outcome{Class: providers.ClassRetryLater, Placed: providers.PlacedNo, RetryAfter: time.Minute}
	locked := providers.Outcome{Class: providers.ClassRateLimited, Placed: providers.PlacedNo, Signal: providers.SignalNumberLock}
	lineBusy := providers.Outcome{
		Class: providers.ClassRetryLater, Placed: providers.PlacedNo, Signal: providers.SignalLineBusy, RetryAfter: time.Minute,
	}
	lost := withRegister(1, register{})
	completed, unknown := []record.State{record.Completed}, []record.State{record.Unknown}
	foreign := func() *phoneCompany {
		c := &phoneCompany{}
		c.endAt("call-of-others", time.Now().Add(3*time.Minute))
		return c
	}
	trouble := providers.ProbeResult{Class: providers.ClassUncertain, VendorText: "timeout"}
	return []scenario{
		{"push", fine, true, one(notifyJob), completed, orUnknown},
		{"poll", fine, false, one(notifyJob), completed, orUnknown},
		{"lost-answer-push", lost, true, one(notifyJob), completed, orUnknown},
		{"lost-answer", lost, false, one(notifyJob), unknown, nil},
		{"maintenance", withAnswers(maintenance), true, one(notifyJob), completed, orUnknown},
		{"locked", withAnswers(locked), false, one(notifyJob), []record.State{record.Expired}, orUnknown},
		{"connect-push", fine, true, one(connectJob), completed, orUnknown},
		{"connect-dial", func() *phoneCompany { return &phoneCompany{dials: true, talks: 10 * time.Minute} }, true,
			one(connectJob), completed, orUnknown},
		{"connect-nobody-dials", func() *phoneCompany { return &phoneCompany{dials: true} }, false,
			one(connectJob), []record.State{record.Expired}, orUnknown},
		{"connect-lost", lost, false, one(connectJob), unknown, nil},
		{"connect-lost-push", lost, true, one(connectJob), completed, orUnknown},
		{"connect-line-busy", withAnswers(lineBusy), true, one(connectJob), completed, orUnknown},
		{"unsure-but-named", func() *phoneCompany { return &phoneCompany{unsure: 1} }, false, one(notifyJob), completed, orUnknown},
		{"push-account-wide", func() *phoneCompany { return &phoneCompany{wide: true, hopeless: true} }, true,
			one(notifyJob), completed, orUnknown},
		{"push-before-the-answer", func() *phoneCompany { return &phoneCompany{wide: true, hopeless: true, talks: time.Nanosecond} }, true,
			one(notifyJob), completed, orUnknown},
		{"redial", func() *phoneCompany {
			return &phoneCompany{redial: again(), results: []providers.Report{ended(providers.StateBusy, providers.CauseBusy)}}
		}, false, one(notifyJob), []record.State{record.Busy}, orUnknown},
		{"foreign-poll", foreign, false, one(foreignPoll), completed, nil},
		{"foreign-poll-hopeless", func() *phoneCompany { return &phoneCompany{hopeless: true} }, false, one(foreignPoll), unknown, nil},
		{"account", func() *phoneCompany { return &phoneCompany{probes: []providers.ProbeResult{trouble, trouble}} }, false,
			one(probeJob), completed, nil},
	}
}
