package app

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/configs"
	"github.com/callpacer/callpacer/internal/pushtoken"
	"github.com/callpacer/callpacer/internal/redistest"
)

func TestStateDirIsFound(t *testing.T) {
	if _, err := os.Stat(packagedState); err == nil {
		t.Skip(packagedState + " exists here")
	}
	for name, c := range map[string]struct {
		configured string
		env        map[string]string
		want       string
	}{
		"configured":     {"/a", map[string]string{"STATE_DIRECTORY": "/b", "XDG_STATE_HOME": "/c", "HOME": "/d"}, "/a"},
		"systemd":        {"", map[string]string{"STATE_DIRECTORY": "/b", "XDG_STATE_HOME": "/c", "HOME": "/d"}, "/b"},
		"systemd's list": {"", map[string]string{"STATE_DIRECTORY": "/b:/e", "HOME": "/d"}, "/b"},
		"XDG":            {"", map[string]string{"XDG_STATE_HOME": "/c", "HOME": "/d"}, "/c/callpacer"},
		"XDG, relative":  {"", map[string]string{"XDG_STATE_HOME": "c", "HOME": "/d"}, "/d/.local/state/callpacer"},
		"home":           {"", map[string]string{"HOME": "/d"}, "/d/.local/state/callpacer"},
		"nowhere":        {"", nil, ""},
		"off":            {configs.StateOff, map[string]string{"HOME": "/d"}, ""},
	} {
		got, err := stateDir(c.configured, func(key string) string { return c.env[key] })
		if got != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%s: %q, %v, want %q", name, got, err, c.want)
		}
	}
}

// One deployment never replays another's.
func TestDeploymentsHaveFoldersOfTheirOwn(t *testing.T) {
	seen := map[string]string{}
	for _, text := range []string{
		"{url: redis://127.0.0.1:6379/0}", "{url: redis://127.0.0.1:6379/1}", "{url: redis://127.0.0.1:6380/0}",
		"{cluster: [\"10.0.0.1:1\", \"10.0.0.2:1\"]}", "{sentinel: {master: a, addrs: [\"10.0.0.1:1\"]}}", "{sentinel: {master: b, addrs: [\"10.0.0.1:1\"]}}",
	} {
		c, err := newConnector(config(t, "redis: "+text).Redis, 1)
		if err != nil {
			t.Fatal(err)
		}
		if other := seen[c.deployment()]; other != "" {
			t.Errorf("%s and %s share a folder", text, other)
		}
		seen[c.deployment()] = text
	}
	for one, other := range map[string]string{
		"{url: redis://127.0.0.1:6379/0}": "{url: redis://user:password@127.0.0.1:6379/0}",
		"{cluster: [\"a:1\", \"b:1\"]}":   "{cluster: [\"b:1\", \"a:1\"]}",
	} {
		a, errA := newConnector(config(t, "redis: "+one).Redis, 1)
		b, errB := newConnector(config(t, "redis: "+other).Redis, 1)
		if errA != nil || errB != nil || a.deployment() != b.deployment() {
			t.Errorf("%s and %s are the same Redis (%v, %v)", one, other, errA, errB)
		}
	}
}

func TestCheckSaysWhereStateIsKept(t *testing.T) {
	r := redistest.Mini(t)
	dir := t.TempDir()
	of := func(stateDir string) Report {
		c := config(t, checkFile(r.URL(), ""))
		c.StateDir = stateDir
		return Check(t.Context(), c, CheckOptions{})
	}
	wantFinding(t, of(dir), "state", LevelOK, "is kept under "+dir)
	wantFinding(t, of(filepath.Join(dir, "to", "be", "made")), "state", LevelOK, filepath.Join("to", "be", "made"))
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("the check left %v, %v", left, err)
	}
	wantFinding(t, of(configs.StateOff), "state", LevelWarn, "refused with 503 while Redis is away")
	wantFinding(t, of("/proc/nothing"), "state", LevelWarn, "refused with 503 while Redis is away")
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	wantFinding(t, of(file), "state", LevelWarn, "is no folder")
	stranded := filepath.Join(dir, "0102030405060708")
	if err := os.MkdirAll(filepath.Join(stranded, "pushes"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(stranded, "pushes", "1-0102030405060708.journal"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	wantFinding(t, of(dir), "state", LevelWarn, stranded+" has entries that no worker with this configuration brings in")
}

// A secret that is changed, or configured for the first time, leaves the
// addresses good that vendors have.
func TestSecretIsRotated(t *testing.T) {
	r := redistest.Mini(t)
	with := func(secrets string) pushtoken.Signer {
		t.Helper()
		c := config(t, strings.NewReplacer("REDIS", r.URL(), "SECRET", secrets).Replace(pushURLConfig))
		s, err := (&App{config: c, rdb: r.Client}).signer(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	early := with(", secret: early") // Redis has none yet
	made := with("")
	first := with(", secret: first")
	second := with(", secret: second, previous_secrets: [first]")
	back := with(", previous_secrets: [second]")
	for name, c := range map[string]struct {
		by, of pushtoken.Signer
		ok     bool
	}{
		"made in Redis before": {first, made, true}, "made in Redis long before": {second, made, true}, "the one before": {second, first, true},
		"the one behind": {first, second, false}, "taken out": {back, first, false}, "back to Redis": {back, second, true},
		"Redis again": {made, back, true}, "not configured any more": {made, first, false}, "of another": {second, early, false},
	} {
		if _, _, ok := c.by.Verify("main", c.of.Account("main")); ok != c.ok {
			t.Errorf("%s: %v, want %v", name, ok, c.ok)
		}
	}
}

const receiving = `redis: {url: REDIS}
public: {listen: "127.0.0.1:1", url: "https://calls.example.com", secret: push-secret}
accounts:
  - {name: main, vendor: itnio, base_url: "http://127.0.0.1:1", credentials: {api_key: a, api_secret: b, app_id: c}}
`

// A worker takes pushes while its Redis is away, and brings them there when it
// is back; what one left, the next one brings.
func TestWorkerTakesPushesWithoutRedis(t *testing.T) {
	server := redistest.StartServer(t, redistest.Options{AOF: true})
	r := server.Redis()
	c := config(t, strings.ReplaceAll(receiving, "REDIS", r.URL()))
	start := func() (a *App, url string) {
		t.Helper()
		public := listener(t)
		a, err := Start(t.Context(), c, Options{Log: quiet(), Public: public})
		if err != nil {
			t.Fatal(err)
		}
		return a, "http://" + public.Addr().String() + "/callbacks/main/" + pushtoken.New([]byte("push-secret")).Account("main")
	}
	a, url := start()
	server.Kill()
	for _, body := range []string{"one", "two"} {
		resp, err := http.Post(url, "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("without Redis a push got %s", resp.Status)
		}
	}
	_ = a.Stop() // with Redis away it says so
	http.DefaultClient.CloseIdleConnections()
	journal := filepath.Join(c.StateDir, a.redis.deployment(), "pushes", "*.journal")
	if left, err := filepath.Glob(journal); err != nil || len(left) == 0 {
		t.Fatalf("nothing waits in %s: %v", journal, err)
	}
	server.Restart()
	b, _ := start()
	waitFor(t, func() bool {
		left, err := filepath.Glob(journal)
		return err == nil && len(left) == 0
	})
	keys, err := r.Client.Keys(t.Context(), "callpacer:{itnio}:push:*").Result()
	if err != nil || len(keys) != 2 {
		t.Errorf("stored pushes %q, %v", keys, err)
	}
	if err := b.Stop(); err != nil {
		t.Error(err)
	}
}

// waitFor waits for what another goroutine does, a minute at most.
func waitFor(t *testing.T, done func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	end := time.After(time.Minute)
	for !done() {
		select {
		case <-tick.C:
		case <-end:
			t.Fatal("it did not happen within a minute")
		}
	}
}
