package configs

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestRedial(t *testing.T) {
	const m = time.Minute
	for text, want := range map[string]*Redial{
		"":                    nil,
		"redial: off":         nil,
		"redial: \"off\"":     nil,
		"redial: {}":          {After: map[string]time.Duration{"busy": 10 * m, "no_answer": 30 * m}, Max: 2},
		"redial: {max: 10}":   {After: map[string]time.Duration{"busy": 10 * m, "no_answer": 30 * m}, Max: 10},
		"redial: {busy: 1m}":  {After: map[string]time.Duration{"busy": m, "no_answer": 30 * m}, Max: 2},
		"redial: {busy: off}": {After: map[string]time.Duration{"no_answer": 30 * m}, Max: 2},
		"redial: {no_answer: off, busy: 100ms, max: 1}": {After: map[string]time.Duration{"busy": 100 * time.Millisecond}, Max: 1},
		"redial: {busy: off, no_answer: off, ring_timeout: 24h, congestion: off}": {
			After: map[string]time.Duration{"ring_timeout": 24 * time.Hour}, Max: 2,
		},
		"redial: {unreachable: 1m, power_off: 2m, out_of_service: 3m, congestion: 4m, network_failure: 5m, ring_timeout: 6m}": {
			After: map[string]time.Duration{
				"busy": 10 * m, "no_answer": 30 * m, "unreachable": m, "power_off": 2 * m, "out_of_service": 3 * m,
				"congestion": 4 * m, "network_failure": 5 * m, "ring_timeout": 6 * m,
			}, Max: 2,
		},
	} {
		for _, vendor := range []string{vendorJumdata, vendorITNIO, vendorDingxin} {
			if got := mustLoad(t, withAccount(vendor, text)).Accounts[0].Redial; !reflect.DeepEqual(got, want) {
				t.Errorf("%s, %q: %+v, want %+v", vendor, text, got, want)
			}
		}
	}
	appcode := withAccount(vendorJumdata, "auth_mode: appcode", "base_url: https://appcode.example.com", "redial: {}")
	if got := mustLoad(t, strings.Replace(appcode, "{app_id: a1, app_secret: s1}", "{app_code: c}", 1)).Accounts[0].Redial; got == nil {
		t.Error("no redial with auth_mode appcode")
	}
	for _, text := range []string{"", "redial: off"} {
		if got := mustLoad(t, interlineWith(text)).Accounts[0].Redial; got != nil {
			t.Errorf("interline, %q: %+v", text, got)
		}
	}
}

func TestBadRedial(t *testing.T) {
	const only = "; off is the only word for none"
	for text, want := range map[string]string{
		"on":                          "redial: must be a mapping of keys to values" + only,
		"[busy]":                      "redial: must be a mapping of keys to values" + only,
		"~":                           "redial: has no value; write one or leave the key out" + only,
		"{busy: off, no_answer: off}": "redial: every cause in it is off; write redial: off",
		"{busy: off, no_answer: off, congestion: off, max: 3}": "redial: every cause in it is off; write redial: off",
		"{busy: off, no_answer: soon}":                         `redial.no_answer: "soon" is not a duration; write one such as 500ms, 10s, 5m or 24h` + only,
		"{busy: off, no_answer: off, power_off: 0s}":           `redial.power_off: "0s" is too short; the least is 100ms` + only,
		"{busy: 99ms}":          `redial.busy: "99ms" is too short; the least is 100ms` + only,
		"{ring_timeout: 24h1s}": `redial.ring_timeout: "24h1s" is too long; the most is 24h0m0s` + only,
		"{max: 0}":              `redial.max: "0" is not within 1 and 10`,
		"{max: 11}":             `redial.max: "11" is not within 1 and 10`,
		"{max: off}":            `redial.max: "off" is not a whole number`,
		"{bussy: 5m}":           "redial.bussy: unknown key; did you mean busy?",
		"{no-answer: 5m}":       "redial.no-answer: unknown key; did you mean no_answer?",
		"{busy: 5m, busy: 6m}":  "redial.busy: given twice, first on line 6",
		"{invalid_numbr: 5m}":   "redial.invalid_numbr: unknown key",
		"{answered: 5m, rejected: off}": "redial.answered: a call that ended so is never redialled; leave the key out\n" +
			"redial.rejected: a call that ended so is never redialled; leave the key out",
	} {
		if got := problemOf(t, withAccount(vendorJumdata, "redial: "+text)); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", text, got, want)
		}
	}
	for _, text := range []string{"redial: {}", "redial: {busy: 1m}", "redial: on"} {
		want := "redial: interline places no calls that could be made again; write off or leave the key out"
		if got := problemOf(t, interlineWith(text)); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

var causeConstant = regexp.MustCompile(`\bCause\w+\s+Cause = "(\w+)"`)

// Every cause there is may be redialled or never, and a new one must be put into
// one of the two lists.
func TestEveryCauseIsKnownToRedial(t *testing.T) {
	source, err := os.ReadFile("../providers/outcome.go")
	if err != nil {
		t.Fatal(err)
	}
	var vocabulary []string
	for _, match := range causeConstant.FindAllStringSubmatch(string(source), -1) {
		vocabulary = append(vocabulary, match[1])
	}
	known := slices.Clone(neverRedialled)
	for _, cause := range redialCauses {
		known = append(known, cause.name)
	}
	slices.Sort(known)
	slices.Sort(vocabulary)
	if !slices.Equal(known, vocabulary) || len(vocabulary) < 20 {
		t.Errorf("redial knows\n%q\nthe causes are\n%q", known, vocabulary)
	}
	for _, cause := range neverRedialled {
		got := problemOf(t, withAccount(vendorDingxin, "redial: {"+cause+": 5m}"))
		if !strings.HasPrefix(got, "redial."+cause+": a call that ended so is never redialled") {
			t.Errorf("%s: %s", cause, got)
		}
	}
}
