package app

import (
	"fmt"
	"strings"
	"testing"

	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/tasks"
)

// TestWorkerWithoutItsListenersPublishesNothing: the rules of one that does not come
// up are nobody's.
func TestWorkerWithoutItsListenersPublishesNothing(t *testing.T) {
	r := redistest.Mini(t)
	taken := listener(t).Addr().String()
	text := func(name string, rules string) string { return fileWith(r, "name: "+name+rules) }
	startAndStop(t, text("main", ""))
	before, err := tasks.Accounts(t.Context(), r.Client)
	if err != nil || len(before) != 1 {
		t.Fatalf("%+v, %v", before, err)
	}
	for which, broken := range map[string]string{
		"admin":  strings.Replace(text("main", ", rules: {window: {open: \"03:00\"}}"), "127.0.0.1:1", taken, 1),
		"public": text("main", ", rules: {window: {open: \"03:00\"}}") + fmt.Sprintf("public: {listen: %q, url: https://a.example}\n", taken),
	} {
		o := Options{Log: quiet()}
		if which == "public" {
			o.Admin = listener(t)
		}
		a, err := Start(t.Context(), config(t, broken), o)
		if err == nil {
			_ = a.Stop()
		}
		if err == nil || !strings.Contains(err.Error(), which+".listen: ") {
			t.Errorf("%s: start: %v", which, err)
		}
		after, err := tasks.Accounts(t.Context(), r.Client)
		if err != nil || string(after["main"].RuleSet) != string(before["main"].RuleSet) || len(after) != 1 {
			t.Errorf("%s: published: %+v, %v; before %+v", which, after, err, before)
		}
	}
}
