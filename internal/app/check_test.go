package app

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/redistest"
)

// checkFile is a whole configuration whose Redis is at url.
func checkFile(url, account string) string {
	return fmt.Sprintf("redis: {url: %q}\nadmin: {listen: \"127.0.0.1:1\"}\n"+
		"public: {url: \"https://a.example\"}\n"+
		"accounts:\n  - {name: main, vendor: jumdata, credentials: {app_id: a, app_secret: b}%s}\n", url, account)
}

func checked(t *testing.T, text string, skew time.Duration) Report {
	t.Helper()
	return Check(t.Context(), config(t, text), CheckOptions{Now: func() time.Time { return time.Now().Add(skew) }})
}

// wantFinding fails unless there is such a finding.
func wantFinding(t *testing.T, r Report, check string, level Level, text string) {
	t.Helper()
	if !slices.ContainsFunc(r.Findings, func(f Finding) bool {
		return f.Check == check && f.Level == level && strings.Contains(f.Message, text)
	}) {
		t.Errorf("no %s of %s with %q in %+v", level, check, text, r.Findings)
	}
}

func TestCheckOfAGoodRedisFindsNothing(t *testing.T) {
	r := redistest.StartServer(t, redistest.Options{AOF: true}).Redis()
	report := checked(t, checkFile(r.URL(), ""), 0)
	if report.Count(LevelFail)+report.Count(LevelWarn) != 0 || report.Count(LevelOK) < 8 {
		t.Errorf("findings: %+v", report.Findings)
	}
	wantFinding(t, report, "persistence", LevelOK, "appendfsync always: a power loss costs no write")
	wantFinding(t, report, "version", LevelOK, "Redis ")
	if n, err := r.Client.DBSize(t.Context()).Result(); err != nil || n != 0 {
		t.Errorf("the check left %d keys, %v", n, err)
	}
}

// restricted is the URL of a user of Redis who may do everything but what these
// ACL words take away, as with managed services.
func restricted(t *testing.T, r *redistest.Redis, words ...string) string {
	t.Helper()
	args := []any{"ACL", "SETUSER", "u", "reset", "on", ">hunter2", "~*", "&*", "+@all"}
	for _, w := range words {
		args = append(args, w)
	}
	if err := r.Client.Do(t.Context(), args...).Err(); err != nil {
		t.Fatal(err)
	}
	return "redis://u:hunter2@" + r.Addr + "/0"
}

// Each server has one fault, and the check says which.
func TestCheckNamesWhatIsWrongWithRedis(t *testing.T) {
	always := []string{"--appendonly", "yes", "--appendfsync", "always"}
	for name, tt := range map[string]struct {
		args  []string
		acl   string
		check string
		level Level
		want  string
	}{
		"evicts":              {[]string{"--maxmemory-policy", "allkeys-lru"}, "", "memory", LevelFail, "maxmemory-policy is allkeys-lru"},
		"evicts, says CONFIG": {[]string{"--maxmemory-policy", "allkeys-lfu"}, "-info", "memory", LevelFail, "maxmemory-policy is allkeys-lfu"},
		"keeps nothing":       {nil, "", "persistence", LevelFail, "set appendonly yes"},
		"every second":        {append(always[:3:3], "everysec"), "", "persistence", LevelWarn, "the last second of acknowledged writes"},
		"never flushes":       {append(always[:3:3], "no"), "", "persistence", LevelFail, "half a minute"},
		"hides its flushing":  {always, "-config", "persistence", LevelWarn, "appendfsync could not be seen"},
		"hides its version":   {always, "-info", "version", LevelWarn, "could not be seen"},
		"hides its disk":      {always, "-info", "persistence", LevelWarn, "whether appendonly is on could not be seen"},
		"hides its policy":    {always, "-@dangerous", "memory", LevelWarn, "could not be seen"},
		"runs no script":      {always, "-evalsha", "scripts", LevelFail, "no permissions"},
		"has no channel":      {always, "-subscribe", "queue", LevelFail, "asynq:cancel"},
		"has no clock":        {always, "-time", "clock", LevelFail, "ask for Redis's time"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := redistest.StartServer(t, redistest.Options{Args: tt.args}).Redis()
			url := r.URL()
			if tt.acl != "" {
				url = restricted(t, r, tt.acl)
			}
			report := checked(t, checkFile(url, ""), 0)
			wantFinding(t, report, tt.check, tt.level, tt.want)
			if text := fmt.Sprint(report); strings.Contains(text, "hunter2") {
				t.Errorf("the report shows the password: %s", text)
			}
		})
	}
}

// A user of Redis who may not write our keys cannot run a worker.
func TestCheckSeesAnACL(t *testing.T) {
	r := redistest.StartServer(t, redistest.Options{AOF: true}).Redis()
	for prefix, other := range map[string]string{"callpacer:": "asynq:", "asynq:": "callpacer:"} {
		report := checked(t, checkFile(restricted(t, r, "resetkeys", "~"+other+"*"), ""), 0)
		wantFinding(t, report, "scripts", LevelFail, "a script on a key "+prefix+"* fails")
	}
	report := checked(t, checkFile("redis://u:wrong@"+r.Addr+"/0", ""), 0)
	wantFinding(t, report, "redis", LevelFail, "refuses us")
}

func TestCheckOfReplicas(t *testing.T) {
	master := redistest.StartServer(t, redistest.Options{AOF: true}).Redis()
	host, port, _ := strings.Cut(master.Addr, ":")
	replica := redistest.StartServer(t, redistest.Options{Args: []string{"--replicaof", host, port}}).Redis()
	wantFinding(t, checked(t, checkFile(replica.URL(), ""), 0), "role", LevelFail, "is a replica")
	// The master may not know of it yet, so judge what it would tell.
	var r Report
	r.durability(config(t, checkFile(master.URL(), "")), []node{{info: map[string]string{"connected_slaves": "0"}}, {info: map[string]string{"connected_slaves": "1"}}})
	wantFinding(t, r, "durability", LevelWarn, "a failover to one that lags")
}

func TestCheckOfRedisAway(t *testing.T) {
	report := checked(t, checkFile("redis://127.0.0.1:1/0", ""), 0)
	wantFinding(t, report, "redis", LevelFail, "redis at 127.0.0.1:1 does not answer")
	if len(report.Lanes) != 1 {
		t.Errorf("lanes without a Redis: %+v", report.Lanes)
	}
}

func TestCheckOfClocks(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		for skew, want := range map[time.Duration]struct {
			level Level
			text  string
		}{
			0:                 {LevelOK, "differ by"},
			2 * time.Second:   {LevelWarn, "is 2"},
			-2 * time.Second:  {LevelWarn, "behind Redis's"},
			-20 * time.Second: {LevelFail, "behind Redis's"},
			20 * time.Second:  {LevelFail, "ahead of Redis's"},
		} {
			wantFinding(t, checked(t, checkFile(r.URL(), ""), skew), "clock", want.level, want.text)
		}
	})
}

// A slow answer is no proof of a wrong clock: what half of its way may
// explain does not count.
func TestCheckOfClocksAllowsForTheWay(t *testing.T) {
	for within, want := range map[time.Duration]Level{0: LevelFail, 3 * time.Second: LevelWarn, 6 * time.Second: LevelOK} {
		var r Report
		r.clock(node{skew: 6 * time.Second, within: within})
		if r.Count(want) != 1 {
			t.Errorf("within %s: %+v", within, r.Findings)
		}
	}
}

func TestCheckOfVersions(t *testing.T) {
	for version, want := range map[string]Level{
		"6.2.0": LevelOK, "6.2": LevelOK, "6.10.1": LevelOK, "7.0.15": LevelOK, "10.1": LevelOK,
		"6.1.9": LevelFail, "6": LevelFail, "5.0.14": LevelFail, "six": LevelFail, "": LevelWarn,
	} {
		var r Report
		r.server(node{name: "10.0.0.1:6379", info: map[string]string{"redis_version": version}})
		if r.Count(want) != 1 || !strings.HasPrefix(r.Findings[0].Message, "10.0.0.1:6379: ") {
			t.Errorf("version %q: %+v, want %s", version, r.Findings, want)
		}
	}
	var r Report
	r.server(node{info: parseInfo("# Server\r\nredis_version:7.4.0\r\nredis_mode:sentinel\r\n")})
	wantFinding(t, r, "role", LevelFail, "this is a sentinel")
}

func TestCheckOfAFullDisk(t *testing.T) {
	var r Report
	r.persistence(node{fsync: "always", info: map[string]string{"aof_enabled": "1", "aof_last_write_status": "err"}})
	wantFinding(t, r, "persistence", LevelFail, "is the disk full")
}

func TestReportForMachines(t *testing.T) {
	r := redistest.Mini(t)
	report := checked(t, checkFile(r.URL(), ""), 0)
	var out bytes.Buffer
	if err := report.WriteJSON(&out); err != nil {
		t.Fatal(err)
	}
	lanes := 0
	for line := range strings.Lines(out.String()) {
		var f struct{ Check, Level, Message, Lane string }
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		known := slices.Contains([]string{"ok", "warn", "fail"}, f.Level)
		if (f.Lane != "") == (f.Check != "" && f.Message != "" && known) {
			t.Errorf("neither a finding nor a lane: %s", line)
		}
		if f.Lane != "" {
			lanes++
		}
	}
	if lanes != 1 {
		t.Errorf("%d lanes:\n%s", lanes, out.String())
	}
}
