package tasks_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/tasks"
)

func publish(t *testing.T, r *redistest.Redis, a tasks.Account) string {
	t.Helper()
	conflict, err := tasks.Publish(t.Context(), r.Client, a)
	if err != nil {
		t.Fatal(err)
	}
	return conflict
}

func TestPublishKeepsTheGroup(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		if conflict := publish(t, r, account); conflict != "" {
			t.Errorf("the first: %s", conflict)
		}
		if conflict := publish(t, r, account); conflict != "" {
			t.Errorf("the same again: %s", conflict)
		}
		withRules := account
		withRules.NumberRules = "n1"
		if conflict := publish(t, r, withRules); conflict != "" {
			t.Errorf("rules per number: %s", conflict)
		}
		moved := account
		moved.Group, moved.Rules = "elsewhere", "r2"
		_, err := tasks.Publish(t.Context(), r.Client, moved)
		if err == nil || !strings.Contains(err.Error(), `"jumdata"`) || !strings.Contains(err.Error(), `"elsewhere"`) {
			t.Errorf("another group: %v, want both groups named", err)
		}
		all, err := tasks.Accounts(t.Context(), r.Client)
		if err != nil || len(all) != 1 || all["jumdata-main"].Group != "jumdata" || all["jumdata-main"].Rules != "r1" ||
			all["jumdata-main"].NumberRules != "n1" || all["jumdata-main"].KeyRetention != account.KeyRetention {
			t.Errorf("published: %+v, %v", all, err)
		}
	})
}

func TestPublishReportsOtherRules(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		publish(t, r, account)
		strict := account
		strict.Rules = "r2"
		for _, a := range []tasks.Account{strict, account} { // whoever comes second is told
			if conflict := publish(t, r, a); !strings.Contains(conflict, "jumdata-main") || !strings.Contains(conflict, "rules") {
				t.Errorf("rules %s: %q", a.Rules, conflict)
			}
		}
	})
}

func TestPublishRefusesNames(t *testing.T) {
	r := redistest.Mini(t)
	for _, name := range []string{"", "a.b", "a}b", "A", "a:b", "-a", "a\n", "callpacer", "账号", strings.Repeat("a", 25)} {
		for _, change := range []func(*tasks.Account){
			func(a *tasks.Account) { a.Name = name }, func(a *tasks.Account) { a.Group = name },
		} {
			a := account
			change(&a)
			if _, err := tasks.Publish(t.Context(), r.Client, a); err == nil {
				t.Errorf("account %q of group %q was published", a.Name, a.Group)
			}
		}
	}
	longest := account
	longest.Name, longest.Group = strings.Repeat("a", 24), strings.Repeat("9", 24)
	publish(t, r, longest)
}

func TestUnknownAccountNamesTheKnownOnes(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		j := call()
		_, err := tasks.NewClient(r.Client).Enqueue(t.Context(), j)
		wantField(t, err, "account", "no worker has published")
		c := tasks.NewClient(r.Client, tasks.WithAccounts(tasks.Account{Name: "configured"}))
		publish(t, r, account)
		j.Account = "jumdata-mian"
		_, err = c.Enqueue(t.Context(), j)
		wantField(t, err, "account", `"jumdata-mian" is unknown; known are configured, jumdata-main`)
		wantCounts(t, r, 0, 0)
	})
}

func TestConfiguredAccountServesUntilWorkersPublish(t *testing.T) {
	r := redistest.Mini(t)
	configured := account
	configured.Kinds = nil
	c := tasks.NewClient(r.Client, tasks.WithAccounts(configured))
	_, err := c.Enqueue(t.Context(), call())
	wantField(t, err, "kind", "jumdata-main")
	configured.Kinds = account.Kinds
	c = tasks.NewClient(r.Client, tasks.WithAccounts(configured))
	if got := enqueue(t, c, call()); got.State != "queued" {
		t.Errorf("%+v", got)
	}
	published := account
	published.Vendor = "published"
	publish(t, r, published)
	if got := recordOf(t, r, enqueue(t, c, call()).ID); got.Vendor != "published" {
		t.Errorf("the job is of %s, want of what workers published", got.Vendor)
	}
}

// A producer that runs for weeks learns what newer workers serve.
func TestNewKindsAreLearnt(t *testing.T) {
	r := redistest.Mini(t)
	old := account
	old.Kinds = []tasks.Kind{"connect"}
	publish(t, r, old)
	c := tasks.NewClient(r.Client)
	_, err := c.Enqueue(t.Context(), call())
	wantField(t, err, "kind", "not served")
	publish(t, r, account)
	enqueue(t, c, call())
	wantCounts(t, r, 1, 1)
}

func TestAccountThatCannotBeRead(t *testing.T) {
	r := redistest.Mini(t)
	if err := r.Client.HSet(t.Context(), "callpacer:accounts", "broken", "{").Err(); err != nil {
		t.Fatal(err)
	}
	j := call()
	for _, name := range []string{"broken", "unknown"} {
		j.Account = name
		_, err := tasks.NewClient(r.Client).Enqueue(t.Context(), j)
		var f *tasks.FieldError
		if err == nil || errors.As(err, &f) || !strings.Contains(err.Error(), "broken") {
			t.Errorf("%s: %v, want an error that is not the job's", name, err)
		}
	}
	away := tasks.NewClient(r.NewClient(t, strike(anything, 0, redistest.Verdict{Action: redistest.FailBefore})))
	if _, err := away.Enqueue(t.Context(), call()); !errors.Is(err, redistest.ErrInjected) {
		t.Errorf("Redis away: %v", err)
	}
}
