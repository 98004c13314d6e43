package app

import (
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/redistest"
)

// oneNodeCluster is a cluster whose only master has every slot.
func oneNodeCluster(t *testing.T, args ...string) *redistest.Redis {
	t.Helper()
	r := redistest.StartServer(t, redistest.Options{AOF: true, Args: append([]string{"--cluster-enabled", "yes", "--cluster-announce-ip", "127.0.0.1"}, args...)}).Redis()
	if err := r.Client.Do(t.Context(), "CLUSTER", "ADDSLOTSRANGE", "0", "16383").Err(); err != nil {
		if strings.Contains(strings.ToLower(err.Error()), "unknown") {
			t.Skip("this redis-server is older than 7.0, where slots are added one by one")
		}
		t.Fatal(err)
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); <-tick.C {
		if info, err := r.Client.ClusterInfo(t.Context()).Result(); err == nil && strings.Contains(info, "cluster_state:ok") {
			return r
		}
	}
	t.Fatal("the cluster did not become ready")
	return nil
}

// In a cluster each master answers for itself, by name.
func TestCheckOfACluster(t *testing.T) {
	r := oneNodeCluster(t, "--maxmemory-policy", "allkeys-lru")
	text := strings.Replace(checkFile("x", ""), `url: "x"`, `cluster: ["`+r.Addr+`"]`, 1)
	report := checked(t, text, 0)
	wantFinding(t, report, "memory", LevelFail, r.Addr+": maxmemory-policy is allkeys-lru")
	wantFinding(t, report, "persistence", LevelOK, r.Addr+": appendonly with appendfsync always")
	wantFinding(t, report, "scripts", LevelOK, "scripts run")
	wantFinding(t, report, "queue", LevelOK, "asynq")
	if n := report.Count(LevelFail); n != 1 {
		t.Errorf("%d failures: %+v", n, report.Findings)
	}
}
