package docstest

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/callpacer/callpacer/configs"
)

const rulesPage = docs + "/rules.md"

// headings are the words of the page's headings, which people search for.
func headings(t *testing.T) (words []string) {
	t.Helper()
	for line := range strings.SplitSeq(read(t, rulesPage), "\n") {
		if text, ok := strings.CutPrefix(line, "### "); ok {
			words = append(words, strings.Fields(text)...)
		}
	}
	return words
}

var wordStart = regexp.MustCompile(`[A-Z][a-z]*`)

// keysOf are the configuration's names of a struct's fields.
func keysOf(v any) (keys []string) {
	renamed := map[string]string{"Zone": "time_zone", "DayZone": "time_zone"}
	for field := range reflect.TypeOf(v).Fields() {
		key, ok := renamed[field.Name]
		if !ok {
			key = strings.ToLower(strings.Join(wordStart.FindAllString(field.Name, -1), "_"))
		}
		keys = append(keys, key)
	}
	return keys
}

// Every rule of the configuration has its section, and every key of one its place.
func TestRulesPageNamesEveryKey(t *testing.T) {
	has := headings(t)
	for _, rule := range append(keysOf(configs.Rules{}), "breaker") {
		if rule != "time_zone" && !slices.Contains(has, rule) {
			t.Errorf("docs/rules.md has no section about %s", rule)
		}
	}
	text, n := read(t, rulesPage), 0
	for _, section := range []any{configs.Window{}, configs.PerNumber{}, configs.Rate{}, configs.Breaker{}} {
		for _, key := range keysOf(section) {
			n++
			if !regexp.MustCompile(`\b` + key + `\b`).MatchString(text) {
				t.Errorf("docs/rules.md does not name %s", key)
			}
		}
	}
	if n < 15 {
		t.Errorf("only %d keys were looked for", n)
	}
}

// Every reason for which a lane can be shut, and every rule that an explanation can
// name, has its section; every reason of a hold stands on the page.
func TestRulesPageNamesEveryReason(t *testing.T) {
	var want, holds []string
	for _, file := range []string{root + "/internal/record/settle.go", root + "/ratelimit/lane.go"} {
		for name, value := range literals(t, file) {
			if strings.HasPrefix(name, "Gate") && len(value) == 1 {
				want = append(want, value[0])
			}
		}
	}
	gates := read(t, root+"/ratelimit/lua/gates.lua")
	computed := regexp.MustCompile(`(?m)^local COMPUTED = \{(.*)\}$`).FindStringSubmatch(gates)
	if computed == nil || len(want) < 4 {
		t.Fatalf("the sources name the gates %q and %q", want, computed)
	}
	for _, m := range regexp.MustCompile(`(\w+) = true`).FindAllStringSubmatch(computed[1], -1) {
		want = append(want, m[1])
	}
	explained := literals(t, root+"/ratelimit/why_read.go")["ruleOrder"]
	if len(explained) < 10 {
		t.Fatalf("an explanation names %q", explained)
	}
	for _, rule := range append(want, explained...) {
		if rule != "" && !slices.Contains(headings(t), rule) {
			t.Errorf("docs/rules.md has no section about %s", rule)
		}
	}
	for name, value := range literals(t, root+"/internal/record/states.go") {
		if strings.HasPrefix(name, "Hold") && len(value) == 1 {
			holds = append(holds, value[0])
		}
	}
	said := read(t, rulesPage)
	for _, reason := range holds {
		if !strings.Contains(said, "`"+reason+"`") {
			t.Errorf("docs/rules.md does not speak of jobs held for %s", reason)
		}
	}
	if len(holds) < 5 {
		t.Errorf("the sources name the holds %q", holds)
	}
}

var yamlBlock = regexp.MustCompile("(?s)```yaml\n(.*?)```")

// The examples of the page load, and those that it calls Jumdata's defaults are.
func TestRulesPageExamplesLoad(t *testing.T) {
	load := func(more string) configs.Account {
		t.Helper()
		text := "redis: {url: redis://127.0.0.1:6379/0}\naccounts:\n  - name: a\n    vendor: jumdata\n    credentials: {app_id: a, app_secret: s}\n"
		for line := range strings.Lines(more) {
			text += "    " + line
		}
		c, err := configs.Load([]byte(text), "rules.md")
		if err != nil {
			t.Fatalf("%s\n%v", more, err)
		}
		return c.Accounts[0]
	}
	plain := load("")
	examples := map[string]configs.Account{}
	for _, m := range yamlBlock.FindAllStringSubmatch(read(t, rulesPage), -1) {
		key := strings.Trim(strings.Fields(strings.TrimPrefix(m[1], "rules:"))[0], ":")
		examples[key] = load(m[1])
	}
	window := examples["window"].Rules.Window
	if window == nil || len(window.Blackout) == 0 || len(window.Weekdays) == 0 {
		t.Fatalf("the example of a window is %+v", window)
	}
	window.Blackout, window.Weekdays = plain.Rules.Window.Blackout, plain.Rules.Window.Weekdays
	for key, same := range map[string]bool{
		"window":        reflect.DeepEqual(window, plain.Rules.Window),
		"per_number":    reflect.DeepEqual(examples["per_number"].Rules, plain.Rules),
		"one_at_a_time": reflect.DeepEqual(examples["one_at_a_time"].Rules, plain.Rules),
		"lockout":       reflect.DeepEqual(examples["lockout"].Rules, plain.Rules),
		"rate":          reflect.DeepEqual(examples["rate"].Rules, plain.Rules),
		"breaker":       examples["breaker"].Breaker == plain.Breaker,
		"max_in_flight": examples["max_in_flight"].Rules.MaxInFlight > 0,
		"daily_cap":     examples["daily_cap"].Rules.DailyCap > 0,
	} {
		if !same {
			t.Errorf("the example of %s is not the default that the page says", key)
		}
	}
}

// The page says with which cause a job expires, by what it waited for.
func TestRulesPageNamesTheCausesOfExpiry(t *testing.T) {
	lua := read(t, root+"/internal/record/lua/states.lua")
	table := regexp.MustCompile(`(?s)local EXPIRED_CAUSE = \{(.*?)\}`).FindStringSubmatch(lua)
	if table == nil {
		t.Fatal("states.lua has no table of causes")
	}
	pairs := regexp.MustCompile(`(\w+) = '(\w+)'`).FindAllStringSubmatch(table[1], -1)
	for _, m := range pairs {
		listed := regexp.MustCompile("`" + m[2] + "` \\(([^)]*)\\)").FindStringSubmatch(read(t, rulesPage))
		if listed == nil || !slices.Contains(quoted(listed[1]), m[1]) {
			t.Errorf("docs/rules.md does not say that what expires for %s has cause %s", m[1], m[2])
		}
	}
	if len(pairs) < 8 {
		t.Errorf("only %d causes were looked for", len(pairs))
	}
}
