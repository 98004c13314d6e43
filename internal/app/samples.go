package app

import (
	"context"
	"fmt"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/tasks"
)

// sample is one job of the sample batch and how it must stand at the end.
type sample struct {
	what  string
	start func(ctx context.Context, b *sampleBatch) (id string, err error)
	state record.State
	why   string // cause, or the reason of a hold
	later bool   // started when the others stand
	// first is how it stands before the later ones start, where that is not how it
	// stands at the end.
	first record.State
}

// sampleList shows one of each: what the numbers' endings mean is told by the
// simulated vendors' tables.
func sampleList() []sample {
	return []sample{
		{what: "answered", start: message(accountJumdata, "13800000001"), state: record.Completed, why: "answered"},
		{what: "nobody answers", start: message(accountJumdata, "13800000011"), state: record.NoAnswer, why: "ring_timeout"},
		{what: "the callee is busy", start: message(accountJumdata, "13800000012"), state: record.Busy, why: "busy"},
		{what: "the busy one is called again", start: again("the callee is busy"), state: record.Busy, why: "busy", later: true},
		{what: "the vendor refuses the number", start: message(accountJumdata, "13800000014"), state: record.Failed, why: "invalid_number"},
		{what: "the answer is lost after placing", start: message(accountJumdata, "13800000015"), state: record.Completed, why: "answered"},
		{what: "the window is closed", start: message(accountClosed, "13800000021"), state: record.Queued, why: "window"},
		{what: "first call of a day", start: message(accountJumdata, "13900000001"), state: record.Completed, why: "answered"},
		{what: "second call of a day", start: message(accountJumdata, "13900000001"), state: record.Completed, why: "answered"},
		{what: "third call of a day", start: message(accountJumdata, "13900000001"), state: record.Completed, why: "answered"},
		{what: "fourth call of a day", start: message(accountJumdata, "13900000001"), state: record.Held, why: "per_number", later: true},
		{what: "asked after by its call id", start: ask(accountJumdata, "answered", "13800000001"), state: record.Completed, why: "answered", later: true},

		{what: "a file, a key is pressed", start: message(accountITNIO, "13800000029"), state: record.Completed, why: "answered"},
		{what: "a file, abroad", start: message(accountITNIO, "+918563214101"), state: record.Completed, why: "answered"},
		{what: "the vendor refuses the request", start: message(accountITNIO, "13800000014"), state: record.Failed, why: "platform"},
		{what: "asked after by its vendor id", start: ask(accountITNIO, "a file, a key is pressed", "13800000029"), state: record.Completed, why: "answered", later: true},
		{what: "the account's balance", start: job(tasks.Job{Kind: tasks.KindAccount, Account: accountITNIO}), state: record.Completed},

		{what: "two phones, connected", start: connect(accountDingxin, "13700000001", "13800000001"), state: record.Completed, why: "answered"},
		{what: "two phones, B is off", start: connect(accountDingxin, "13700000002", "13800000026"), state: record.Failed, why: "power_off"},
		{what: "two phones, the answer is lost", start: connect(accountDingxin, "13700000003", "13800000015"), state: record.Completed, why: "answered"},
		{what: "the caller dials the middle number", start: connect(accountDial, "13700000004", "13800000002"), state: record.Completed, why: "answered"},
		{what: "a recording by its call's id", start: fetch(accountDingxin, "two phones, connected"), state: record.Completed, later: true},

		{what: "a number for a pair", start: bind("17000000001", "13800000001", "13900000001", time.Hour), state: record.Released, first: record.Active},
		{what: "a call over that number", start: call("17000000001", "13900000001", "a number for a pair"), state: record.Completed, why: "answered", later: true},
		{what: "a message over that number", start: text("17000000001", "13900000001", "a number for a pair"), state: record.Completed, later: true},
		{what: "the same A there, when it is free", start: after(record.State.Final, bind("17000000001", "13800000001", "13900000008", time.Hour),
			"a call over that number", "a message over that number"), state: record.Active, later: true},
		{what: "it is taken back", start: after(held, unbind("a number for a pair"), "the same A there, when it is free"), state: record.Completed, later: true},
		{what: "a number for a pair, answer lost", start: bind("17000000002", "13800000022", "13900000002", time.Hour), state: record.Active},
		{what: "a number for a moment", start: bind("17000000003", "13800000003", "13900000003", 3*time.Second), state: record.Expired, first: record.Active},
		{what: "a number that leads to one", start: lead("17000000004", "13800000004", time.Hour), state: record.Active},
		// Whoever releases X itself names no job, so that one stands to its end.
		{what: "another that leads to one", start: lead("17000000005", "13800000005", time.Hour), state: record.Released, first: record.Active},
		{what: "a number of the pool", start: bind(tasks.AutoX, "13800000006", "13900000006", time.Hour), state: record.Active},
		{what: "another one for the same A", start: bind(tasks.AutoX, "13800000006", "13900000007", time.Hour), state: record.Active},
		{what: "an account without money", start: job(tasks.Job{
			Kind: tasks.KindBind, Account: accountEmpty, X: "17000000006", A: "13800000007", B: "13900000009", TTL: time.Hour,
		}), state: record.Queued, why: record.GateHalt},
		{what: "the account's state", start: job(tasks.Job{Kind: tasks.KindAccount, Account: accountInterline}), state: record.Completed},
		{what: "a recording of that call", start: fetch(accountInterline, "a call over that number"), state: record.Completed, later: true},
		{what: "that number itself is taken back", start: after(active, free("17000000005"), "another that leads to one"), state: record.Completed},
	}
}

func job(j tasks.Job) func(context.Context, *sampleBatch) (string, error) {
	return func(ctx context.Context, b *sampleBatch) (string, error) {
		r, err := b.client.Enqueue(ctx, j)
		return r.ID, err
	}
}

func message(account, to string) func(context.Context, *sampleBatch) (string, error) {
	j := tasks.Job{Account: account, To: to, Template: "JM0001"}
	if account != accountITNIO {
		j.Params = []string{"张三", "8点"}
	}
	return job(j)
}

func connect(account, from, to string) func(context.Context, *sampleBatch) (string, error) {
	return job(tasks.Job{Kind: tasks.KindConnect, Account: account, From: from, To: to})
}

func bind(x, a, b string, ttl time.Duration) func(context.Context, *sampleBatch) (string, error) {
	return job(tasks.Job{
		Kind: tasks.KindBind, Account: accountInterline, Mode: tasks.ModeAXB, X: x, A: a, B: b, TTL: ttl, Record: true,
	})
}

// lead has whoever calls x reach a.
func lead(x, a string, ttl time.Duration) func(context.Context, *sampleBatch) (string, error) {
	return job(tasks.Job{Kind: tasks.KindBind, Account: accountInterline, Mode: tasks.ModeXA, X: x, A: a, TTL: ttl})
}

// ask asks after the call of another sample as if it were not ours.
func ask(account, of, to string) func(context.Context, *sampleBatch) (string, error) {
	return func(ctx context.Context, b *sampleBatch) (string, error) {
		return job(tasks.Job{Kind: tasks.KindPoll, Account: account, VendorID: b.record(of).VendorID, To: to})(ctx, b)
	}
}

// fetch wants the audio of another sample's call by its id at the vendor, as soon as
// that has ended.
func fetch(account, of string) func(context.Context, *sampleBatch) (string, error) {
	return after(record.State.Final, func(ctx context.Context, b *sampleBatch) (string, error) {
		return job(tasks.Job{Kind: tasks.KindRecording, Account: account, VendorID: b.record(of).VendorID})(ctx, b)
	}, of)
}

// call has somebody dial a middle number; what is watched is the record that the
// vendor's pushes make.
func call(x, caller, over string) func(context.Context, *sampleBatch) (string, error) {
	return func(_ context.Context, b *sampleBatch) (string, error) {
		task, err := b.world.vendors.interline.Call(x, caller)
		if err != nil {
			return "", fmt.Errorf("call a middle number: %w", err)
		}
		return record.ChildID(b.record(over).ID, task), nil
	}
}

// text has somebody send a message to a middle number.
func text(x, sender, over string) func(context.Context, *sampleBatch) (string, error) {
	return func(_ context.Context, b *sampleBatch) (string, error) {
		task, err := b.world.vendors.interline.SMS(x, sender, "明天到")
		if err != nil {
			return "", fmt.Errorf("send a message to a middle number: %w", err)
		}
		return record.ChildID(b.record(over).ID, task), nil
	}
}

// again is the job that calls again after another sample.
func again(of string) func(context.Context, *sampleBatch) (string, error) {
	return after(record.State.Final, func(_ context.Context, b *sampleBatch) (string, error) {
		if b.record(of).Redial == "" {
			return "", fmt.Errorf("%q is not to be called again", of)
		}
		return b.record(of).Redial, nil
	}, of)
}

// after starts one sample when others have come to such a state.
func after(come func(record.State) bool, start func(context.Context, *sampleBatch) (string, error), samples ...string) func(context.Context, *sampleBatch) (string, error) {
	return func(ctx context.Context, b *sampleBatch) (string, error) {
		for _, sample := range samples {
			if err := b.await(ctx, sample, come); err != nil {
				return "", err
			}
		}
		return start(ctx, b)
	}
}

func held(s record.State) bool   { return s == record.Held }
func active(s record.State) bool { return s == record.Active }

// unbind takes a binding back.
func unbind(of string) func(context.Context, *sampleBatch) (string, error) {
	return func(ctx context.Context, b *sampleBatch) (string, error) {
		return job(tasks.Job{Kind: tasks.KindUnbind, Account: accountInterline, Binding: b.record(of).ID})(ctx, b)
	}
}

// free takes back a number that leads to one.
func free(x string) func(context.Context, *sampleBatch) (string, error) {
	return job(tasks.Job{Kind: tasks.KindUnbind, Account: accountInterline, Mode: tasks.ModeXA, X: x})
}
