package tasks_test

import (
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/tasks"
)

// What an account cannot carry is refused with the field's name, by the client
// and by Accepts, which asks nobody.
func TestTraits(t *testing.T) {
	now := time.Now()
	notify := func(j tasks.Job) tasks.Job { j.Account = "all-main"; return j }(call())
	with := func(j tasks.Job, change func(j *tasks.Job)) tasks.Job { change(&j); return j }
	abroad := func(j *tasks.Job) { j.To = "+447911123456" }
	times := func(n int) func(j *tasks.Job) { return func(j *tasks.Job) { j.Times = n } }
	none := func(*tasks.Traits) {}
	for name, c := range map[string]struct {
		traits func(to *tasks.Traits) // changes the widest
		job    tasks.Job
		field  string // "": it is accepted
		word   string
	}{
		"international":    {none, with(notify, abroad), "", ""},
		"not abroad":       {func(t *tasks.Traits) { t.International = false }, with(notify, abroad), "to", "mainland"},
		"poll of abroad":   {func(t *tasks.Traits) { t.International = false }, with(pollJob(), abroad), "", ""}, // calls nobody
		"params":           {none, notify, "", ""},
		"no params":        {func(t *tasks.Traits) { t.Params = false }, notify, "params", "file"},
		"no params given":  {func(t *tasks.Traits) { t.Params = false }, with(notify, func(j *tasks.Job) { j.Params = []string{} }), "", ""},
		"times 3":          {none, with(notify, times(3)), "", ""},
		"times 3 of 2":     {func(t *tasks.Traits) { t.MaxTimes = 2 }, with(notify, times(3)), "times", "at most 2"},
		"times 2 of 2":     {func(t *tasks.Traits) { t.MaxTimes = 2 }, with(notify, times(2)), "", ""},
		"poll by id":       {none, with(pollJob(), func(j *tasks.Job) { j.To = "" }), "", ""},
		"poll wants to":    {func(t *tasks.Traits) { t.PollNeedsTo = true }, with(pollJob(), func(j *tasks.Job) { j.To = "" }), "to", "missing"},
		"poll has to":      {func(t *tasks.Traits) { t.PollNeedsTo = true }, pollJob(), "", ""},
		"endless":          {none, with(xa(), func(j *tasks.Job) { j.TTL = 0 }), "", ""},
		"not endless":      {func(t *tasks.Traits) { t.Endless = false }, with(xa(), func(j *tasks.Job) { j.TTL = 0 }), "ttl", "allow_endless"},
		"not endless, ttl": {func(t *tasks.Traits) { t.Endless = false }, xa(), "", ""},
		"auto, no pool":    {none, with(axb(), func(j *tasks.Job) { j.X = tasks.AutoX }), "x", "no pool"},
		"auto":             {func(t *tasks.Traits) { t.Pool = true }, with(axb(), func(j *tasks.Job) { j.X = tasks.AutoX }), "", ""},
		"auto, xa":         {func(t *tasks.Traits) { t.Pool = true }, with(xa(), func(j *tasks.Job) { j.X = tasks.AutoX }), "", ""},
		"long x":           {func(t *tasks.Traits) { t.MaxNumberBytes = 13 }, axb(), "x", "13 bytes"},
		"x fits":           {func(t *tasks.Traits) { t.MaxNumberBytes = 14 }, axb(), "", ""},
		"long a":           {func(t *tasks.Traits) { t.MaxNumberBytes = 14 }, with(xa(), func(j *tasks.Job) { j.A = "+44791112345678" }), "a", "14 bytes"},
		"long b":           {func(t *tasks.Traits) { t.MaxNumberBytes = 14 }, with(axb(), func(j *tasks.Job) { j.B = "+44791112345678" }), "b", "14 bytes"},
		"other group":      {none, with(unbindJob(), func(j *tasks.Job) { j.Binding = "itnio.01JD0000000000000000000000" }), "job", "group (jumdata)"},
		"our group":        {none, unbindJob(), "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := redistest.Mini(t)
			a := allKinds()
			c.traits(&a.Traits)
			publish(t, r, a)
			bound(t, r, unbindJob().Binding)
			client := tasks.NewClient(r.Client)
			_, enqueued := client.Enqueue(t.Context(), c.job)
			_, dry := client.DryRun(t.Context(), c.job)
			many := client.EnqueueMany(t.Context(), []tasks.Job{c.job})[0].Err
			for _, err := range []error{enqueued, dry, many, a.Accepts(c.job, now)} {
				if c.field == "" {
					if err != nil {
						t.Errorf("%v, want it accepted", err)
					}
					continue
				}
				wantField(t, err, c.field, c.word)
				showsNoNumber(t, err)
				if strings.Contains(err.Error(), "447911") {
					t.Errorf("the error shows a number: %v", err)
				}
			}
		})
	}
}

// The traits are what workers published, not what this process was given.
func TestTraitsTravelWithTheAccount(t *testing.T) {
	r := redistest.Mini(t)
	a := allKinds()
	a.Traits = tasks.Traits{International: true, Params: true, PollNeedsTo: true, MaxTimes: 2, MaxNumberBytes: 20, Endless: true, Pool: true}
	publish(t, r, a)
	all, err := tasks.Accounts(t.Context(), r.Client)
	if err != nil || all["all-main"].Traits != a.Traits {
		t.Errorf("%+v, %v, want %+v", all["all-main"].Traits, err, a.Traits)
	}
}

func TestKindThatIsNotServed(t *testing.T) {
	r := redistest.Mini(t)
	c := producer(t, r)
	for name, j := range jobsOfAllKinds() {
		j.Account = "jumdata-main"
		if name == "notify" {
			continue
		}
		_, err := c.Enqueue(t.Context(), j)
		wantField(t, err, "kind", string(j.Kind)+" is not served by account jumdata-main")
	}
	wantCounts(t, r, 0, 0)
}
