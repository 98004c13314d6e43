package main

import (
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/redistest"
)

func TestWrongUsageExitsWithTwo(t *testing.T) {
	r := mini(t)
	for name, c := range map[string]struct {
		args    []string
		message string
	}{
		"no command":          {nil, "command is missing"},
		"unknown command":     {[]string{"notfy"}, `unknown command "notfy"`},
		"number as command":   {[]string{number}, masked},
		"unknown flag":        {append(base(), "--colour", "red"), "unknown flag: --colour"},
		"unknown root flag":   {[]string{"--sandbox", "--colour"}, "unknown flag"},
		"number as flag":      {append(base(), "--"+number), masked},
		"no --to":             {base("--to"), `"to" not set`},
		"no --account":        {base("--account"), `"account" not set`},
		"no --template":       {base("--template"), `"template" not set`},
		"times":               {append(base(), "--times", "two"), "--times"},
		"number as times":     {append(base(), "--times", "0139 0013 9007"), "--times"},
		"not before":          {append(base(), "--not-before", "tomorrow"), "RFC 3339"},
		"not before, no zone": {append(base(), "--not-before", "2099-01-01T00:00:00"), "RFC 3339"},
		"number as time":      {append(base(), "--not-before", number), "RFC 3339"},
		"expires in":          {append(base(), "--expires-in", "soon"), "--expires-in"},
		"tag":                 {append(base(), "--tag", "order"), "NAME=VALUE"},
		"tag twice":           {append(base(), "--tag", "a=1", "--tag", "a=2"), "twice"},
		"argument":            {append(base(), number), "takes flags only"},
		"status without id":   {[]string{"status"}, "one argument"},
		"status of two":       {[]string{"status", "a.b", "c.d"}, "one argument"},
		"timeout alone":       {[]string{"status", "a.b", "--timeout", "1s"}, "goes with --wait"},
		"timeout zero":        {[]string{"status", "a.b", "--wait", "--timeout", "0s"}, "longer than zero"},
		"timeout":             {[]string{"status", "a.b", "--wait", "--timeout", "x"}, "--timeout"},
		"cancel without id":   {[]string{"cancel"}, "one argument"},
		"import without file": {[]string{"import"}, "one argument"},
		"import, flag":        {[]string{"import", "--colour"}, "unknown flag"},
		"import, dry wait":    {[]string{"import", "-", "--dry-run", "--wait"}, "leave one of them out"},
		"sandbox beside":      {append(base(), "--sandbox"), "leave one out"},
		"sandbox of a file":   {[]string{"import", "-", "--sandbox"}, "leave one out"},
		"sandbox of a job":    {[]string{"status", "a.b", "--sandbox"}, "leave one out"},
		"help of nothing":     {[]string{"help", "nothing"}, "unknown command"},
	} {
		t.Run(name, func(t *testing.T) {
			where := []string{"--redis", r.URL()}
			command(t, "", append(where, c.args...)...).want(2, "", c.message)
			o := command(t, "", append(append(where, "--json"), c.args...)...)
			if slices.Contains(c.args, "import") { // whose standard output is for rows
				o.want(2, "", c.message)
				return
			}
			o.want(2, `{"error":{"field":`, c.message)
			o.only()
			if strings.Count(o.stderr, "\n") != 1 {
				t.Errorf("stderr is not one line: %q", o.stderr)
			}
		})
	}
}

func TestAddressesOfRedis(t *testing.T) {
	r := mini(t)
	t.Setenv(redisEnv, "")
	o := command(t, "", base()...)
	o.want(2, "", "where is Redis")
	for _, name := range []string{"--redis", "--config", "--sandbox", redisEnv} {
		o.want(2, "", name)
	}
	for _, bad := range []string{"", "localhost:6379", "http://:hush@h", "redis://:hush@h/x", "redis://:hush@h?db=1"} {
		o := command(t, "", append(base(), "--redis", bad)...).want(2, "", "--redis: ")
		if strings.Contains(o.stderr, "hush") {
			t.Errorf("a password in %q", o.stderr)
		}
	}
	if o := command(t, "", "redis://user:hush@host/0").want(2, "", "redis://***@host/0"); strings.Contains(o.stderr, "hush") {
		t.Errorf("a password in %q", o.stderr)
	}
	t.Setenv(redisEnv, "hush")
	if o := command(t, "", base()...).want(2, "", redisEnv); strings.Contains(o.stderr, "hush") {
		t.Errorf("the value of the variable in %q", o.stderr)
	}
	t.Setenv(redisEnv, r.URL())
	command(t, "", base()...).want(0, "queued", "")
	// Each of them wins over those after it.
	away := file(t, "c.yaml", "redis: {url: redis://127.0.0.1:1/0}\n")
	command(t, "", append(base(), "--config", away)...).want(1, "", "127.0.0.1:1 ")
	command(t, "", append(base(), "--config", away, "--redis", r.URL())...).want(0, "queued", "")
	bad := file(t, "c.yaml", "redis: {url: redis://127.0.0.1:1/0}\nwindow: 1\nwindows: 2\n")
	if o := command(t, "", append(base(), "--config", bad)...).want(1, "", "c.yaml:2"); strings.Count(o.stderr, "\n") != 1 {
		t.Errorf("more than one line: %q", o.stderr)
	}
	command(t, "", append(base(), "--config", bad+"x")...).want(1, "", "no such file")
}

func TestSandboxAddress(t *testing.T) {
	a := newApp(nil, io.Discard, io.Discard)
	a.where = whereFlags{sandbox: true, given: func(flag string) bool { return flag == "sandbox" }}
	a.env = func(string) string { return "redis://127.0.0.1:1" }
	p, err := a.place()
	if err != nil || len(p.options.Addrs) != 1 || p.options.Addrs[0] != "127.0.0.1:16379" {
		t.Fatalf("%v, %v", p.options, err)
	}
}

// A job that is meant for the sandbox comes to no real queue.
func TestSandboxStandsAlone(t *testing.T) {
	r := mini(t)
	here := file(t, "c.yaml", "redis: {url: "+r.URL()+"}\n")
	for _, where := range [][]string{{"--redis", r.URL()}, {"--config", here}, {"--config", here, "--redis", r.URL()}} {
		for _, more := range [][]string{{"--sandbox"}, {"--sandbox", "--dry-run"}} {
			o := command(t, "", append(append(base(), where...), append(more, "--json")...)...)
			o.want(2, `{"error":{"field":"sandbox"`, "goes with neither --redis nor --config")
		}
		command(t, "", append(append(base(), where...), "--sandbox=false")...).want(0, "queued", "")
	}
	if n := jobs(t, r); n != 3 {
		t.Errorf("%d jobs, want the 3 without --sandbox", n)
	}
	command(t, "", "--help").want(0, "goes with neither --redis nor --config", "")
}

func TestRedisAwayIsOneClearLine(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	csv := file(t, "a.csv", "to,template\n"+number+",T1\n")
	for _, address := range []string{"127.0.0.1:1", silent.Addr().String()} {
		for _, args := range [][]string{base(), {"status", "jumdata.x"}, {"cancel", "jumdata.x"}, {"import", csv, "--account", account}} {
			began := time.Now()
			o := command(t, "", append(args, "--json", "--redis", "redis://user:hush@"+address+"/0")...)
			if args[0] == "import" {
				o.wantFileError("Redis at " + address + " does not answer")
			} else {
				o.wantError("", "Redis at "+address+" does not answer")
			}
			if strings.Contains(o.stderr+o.stdout, "hush") {
				t.Errorf("the password in %q", o.stderr)
			}
			if took := time.Since(began); took > 6*time.Second {
				t.Errorf("took %s", took)
			}
		}
	}
}

func TestRedisThatRefuses(t *testing.T) {
	r := mini(t)
	r.Mini.RequireAuth("right")
	address := "redis://:hush@" + r.Addr
	o := command(t, "", append(base(), "--redis", address)...).want(1, "", "Redis at "+r.Addr+" refuses")
	if strings.Contains(o.stderr, "hush") {
		t.Errorf("the password in %q", o.stderr)
	}
}

// Redis goes away between the question whether it is there and the job: what
// became of the job is open, and the line says what may be done.
func TestRedisGoingAwayLeavesItOpen(t *testing.T) {
	for key, want := range map[string]string{"": "second call", "k": "submit it again"} {
		r := mini(t)
		faults := redistest.NewFaults(func(op redistest.Op) redistest.Verdict {
			if op.Name == "evalsha" || op.Name == "eval" {
				return redistest.Verdict{Action: redistest.FailAfter}
			}
			return redistest.Verdict{}
		})
		args := append(base(), "--redis", r.URL())
		if key != "" {
			args = append(args, "--key", key)
		}
		appOn(t, r, faults).run(t.Context(), args...).want(1, "", want)
	}
}

func TestHelpHasAnExample(t *testing.T) {
	for _, args := range [][]string{
		{"--help"}, {"help"}, {"help", "import"}, {"help", "--help"}, {"notify", "--help"}, {"import", "--help"}, {"status", "-h"}, {"cancel", "--help"},
		{"connect", "--help"}, {"bind", "--help"}, {"unbind", "--help"}, {"poll", "--help"}, {"recording", "--help"}, {"account", "--help"},
		{"bindings", "--help"},
	} {
		command(t, "", args...).want(0, "Examples:\n  ", "")
	}
	command(t, "", "notify", "--help").want(0, "15, 17 and 19 the", "")
	command(t, "", "notify", "--help").want(0, "ITNIO's voice file id", "")
	command(t, "", "import", "--help").want(0, "--new", "")
	command(t, "", "bind", "--help").want(0, "--x auto", "")
	command(t, "", "unbind", "--help").want(0, "completed without a request", "")
	command(t, "", "bindings", "--help").want(0, "unknown   nobody knows whether it was made", "")
	command(t, "", "cancel", "--help").want(0, "the job that calls again", "")
	command(t, "", "poll", "--help").want(0, "until the job expires: 24 hours after it was accepted", "")
}

func TestMaskNumbersHidesEveryForm(t *testing.T) {
	for in, want := range map[string]string{
		"to " + number:                  "to " + masked,
		"+86 139 0013 9007 is":          masked + " is",
		"１３９００１３９００７":                   masked,
		"139-0013-9007":                 masked,
		"2026-11-22T07:23:17Z":          "2026-11-22T07:23:17Z",
		"127.0.0.1:16379 and 127.0.0.1": "127.0.0.1:16379 and 127.0.0.1",
	} {
		if got := maskNumbers(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}
