// Package explain says of a job why it waits: every rule, the one that binds it and
// the earliest time, alike for the command line, the API and the pages. It changes
// nothing.
package explain

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/ratelimit"
	"github.com/callpacer/callpacer/tasks"
)

// Accounts finds a published account; an *UnknownError where there is none.
type Accounts func(ctx context.Context, name string) (tasks.Account, error)

// UnknownError says that there is nothing to explain, or that too little is known.
type UnknownError struct{ Message string }

// Error implements error.
func (e *UnknownError) Error() string { return e.Message }

func unknownf(format string, args ...any) error { return &UnknownError{fmt.Sprintf(format, args...)} }

// Published finds accounts where workers published them, and else among beside.
func Published(rdb redis.UniversalClient, beside ...tasks.Account) Accounts {
	return func(ctx context.Context, name string) (tasks.Account, error) {
		published, err := tasks.Accounts(ctx, rdb)
		if err != nil {
			return tasks.Account{}, err
		}
		account, ok := published[name]
		for _, a := range beside {
			if !ok && a.Name == name {
				account, ok = a, true
			}
		}
		if !ok {
			return tasks.Account{}, unknownf("account %s is unknown here: no worker has published it, so nobody knows its rules", name)
		}
		return account, nil
	}
}

// Explainer says why jobs wait.
type Explainer struct {
	Store    *record.Store
	Accounts Accounts
	Now      func() time.Time // a guess at Redis's time; a wrong one costs one more question
}

// Why explains a job. The error is an *UnknownError where there is no such job, or
// nobody knows the rules of its account.
func (e Explainer) Why(ctx context.Context, id string) (View, error) {
	for range 3 {
		rec, err := e.Store.Get(ctx, id)
		if err != nil {
			return View{}, fmt.Errorf("explain job %s: %w", id, err)
		}
		if rec == nil {
			return e.gone(ctx, id)
		}
		view, ok, err := e.record(ctx, rec)
		if err != nil || ok {
			return view, err
		}
	}
	return View{}, fmt.Errorf("explain job %s: it changes faster than it can be looked at", id)
}

// gone is a job of which only the last state is kept.
func (e Explainer) gone(ctx context.Context, id string) (View, error) {
	state, err := e.Store.MarkerState(ctx, id)
	if err != nil {
		return View{}, fmt.Errorf("explain job %s: %w", id, err)
	}
	if state == "" {
		return View{}, unknownf("no job has the id %q (records end some days after their job)", id)
	}
	return View{ID: id, State: state, Summary: "It has ended: " + string(state) + "; its record is gone.", Rules: []Rule{}}, nil
}

// record explains one; ok is false where it went from waiting to another state, or
// back, meanwhile.
func (e Explainer) record(ctx context.Context, rec *record.Record) (view View, ok bool, err error) {
	s := sight{rec: rec}
	var unknown *UnknownError
	// Of a job that is not waiting the rules tell no more than in which zone to speak.
	if s.rules, err = e.rules(ctx, rec.Account); err != nil && (rec.State.Waiting() || !errors.As(err, &unknown)) {
		return View{}, false, err
	}
	request, pace := ratelimit.Request{JobID: rec.ID}, ratelimit.PaceCalls
	if rec.State.Waiting() {
		bind, err := e.named(ctx, rec)
		if err != nil {
			return View{}, false, err
		}
		s.numbers = numbersOf(rec, bind)
		if request, pace, err = RequestOf(rec, bind); err != nil {
			return View{}, false, err
		}
	}
	s.why, ok, err = ratelimit.NewAdmission(e.Store, s.rules, e.Now).Why(ctx, request, pace)
	if err != nil {
		return View{}, false, fmt.Errorf("explain job %s: %w", rec.ID, err)
	}
	if !ok || s.why.State.Waiting() != rec.State.Waiting() {
		return View{}, false, nil
	}
	s.nameRedial()
	return s.view(), true, nil
}

// named is the record of the binding that an unbind names by its job; nil: none.
func (e Explainer) named(ctx context.Context, rec *record.Record) (*record.Record, error) {
	if rec.Kind != string(tasks.KindUnbind) {
		return nil, nil
	}
	content, err := tasks.DecodeContent(tasks.KindUnbind, rec.Content)
	if err != nil {
		return nil, unknownf("job %s: %v", rec.ID, err)
	}
	if content.Binding == "" {
		return nil, nil
	}
	bind, err := e.Store.Get(ctx, content.Binding)
	if err != nil {
		return nil, fmt.Errorf("read the binding of job %s: %w", rec.ID, err)
	}
	return bind, nil
}

func (e Explainer) rules(ctx context.Context, account string) (ratelimit.Rules, error) {
	a, err := e.Accounts(ctx, account)
	if err != nil {
		return ratelimit.Rules{}, err
	}
	if len(a.RuleSet) == 0 {
		return ratelimit.Rules{}, unknownf("account %s was published by workers of an older version, without its rules; start one of this version", account)
	}
	var rules ratelimit.Rules
	if err := json.Unmarshal(a.RuleSet, &rules); err != nil {
		return ratelimit.Rules{}, unknownf("the rules of account %s cannot be read; its workers may be of a newer version: %v", account, err)
	}
	return rules, nil
}
