package deploytest

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"

	"github.com/callpacer/callpacer/configs"
)

const root = "../.."

var workerNames = []string{"worker-1", "worker-2"}

// project loads docker-compose.yml as Docker Compose does, strictly, in an
// environment where nothing is set.
func project(t *testing.T, profiles ...string) *types.Project {
	t.Helper()
	dir, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	p, err := loader.LoadWithContext(t.Context(), types.ConfigDetails{
		WorkingDir:  dir,
		ConfigFiles: types.ToConfigFiles([]string{filepath.Join(dir, "docker-compose.yml")}),
		Environment: types.Mapping{},
	}, loader.WithProfiles(profiles))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func service(t *testing.T, p *types.Project, name string) types.ServiceConfig {
	t.Helper()
	s, err := p.GetService(name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestServicesAndProfiles(t *testing.T) {
	if got := project(t).ServiceNames(); !slices.Equal(got, []string{"redis", "worker-1", "worker-2"}) {
		t.Errorf("without a profile: %v", got)
	}
	if got := project(t, "sandbox").ServiceNames(); !slices.Contains(got, "sandbox") {
		t.Errorf("with the profile sandbox: %v", got)
	}
}

func TestRedisKeepsWhatItAcknowledged(t *testing.T) {
	redis := service(t, project(t), "redis")
	for flag, want := range map[string]string{"--appendonly": "yes", "--appendfsync": "everysec", "--maxmemory-policy": "noeviction"} {
		at := slices.Index(redis.Command, flag)
		if at < 0 || at+1 >= len(redis.Command) || redis.Command[at+1] != want {
			t.Errorf("command %q: want %s %s", redis.Command, flag, want)
		}
	}
	if len(redis.Volumes) != 1 || redis.Volumes[0].Type != types.VolumeTypeVolume || redis.Volumes[0].Target != "/data" {
		t.Errorf("volumes: %+v", redis.Volumes)
	}
	if redis.HealthCheck == nil || !slices.Equal(redis.HealthCheck.Test, []string{"CMD", "redis-cli", "ping"}) {
		t.Errorf("health check: %+v", redis.HealthCheck)
	}
	if !pinned(redis.Image) {
		t.Errorf("image %s is not pinned", redis.Image)
	}
	p := project(t)
	if len(redis.Networks) != 1 || !p.Networks["queue"].Internal {
		t.Errorf("redis has no password, so it must be on an internal network alone: %v", redis.NetworksByPriority())
	}
}

// Every published port is on loopback, and Redis has none.
func TestNoPortIsOpenToTheWorld(t *testing.T) {
	published := map[string]string{}
	for name, s := range project(t, "sandbox").Services {
		for _, port := range s.Ports {
			if ip, err := netip.ParseAddr(port.HostIP); err != nil || !ip.IsLoopback() {
				t.Errorf("%s publishes %s on %q", name, port.Published, port.HostIP)
			}
			if other := published[port.Published]; other != "" {
				t.Errorf("%s and %s both publish %s", name, other, port.Published)
			}
			published[port.Published] = name
		}
	}
	if len(published) != 4 {
		t.Errorf("published: %v, want two of each worker", published)
	}
	if redis := service(t, project(t), "redis"); len(redis.Ports) > 0 || redis.NetworkMode != "" {
		t.Errorf("redis is reachable from outside: %+v, %s", redis.Ports, redis.NetworkMode)
	}
}

func TestWorkersWaitForRedisAndKeepTheirSecretsOutside(t *testing.T) {
	for _, name := range workerNames {
		w := service(t, project(t), name)
		if d := w.DependsOn["redis"]; d.Condition != types.ServiceConditionHealthy || !d.Required {
			t.Errorf("%s depends on %+v", name, w.DependsOn)
		}
		for variable, value := range w.Environment {
			if value != nil {
				t.Errorf("%s: %s has a value in the file", name, variable)
			}
		}
		if !w.ReadOnly || !slices.Contains(w.CapDrop, "ALL") || w.Privileged || w.User != "" && strings.HasPrefix(w.User, "0") || w.User == "root" {
			t.Errorf("%s has more rights than it needs", name)
		}
		if w.Build == nil || w.Build.Context == "" || w.HealthCheck != nil && w.HealthCheck.Disable {
			t.Errorf("%s is not built here, or has no health check", name)
		}
		mount := w.Volumes[0]
		if len(w.Volumes) != 2 || !mount.ReadOnly || mount.Target != "/etc/callpacer/callpacer.yaml" {
			t.Fatalf("%s: mounts %+v", name, w.Volumes)
		}
		if _, err := os.Stat(mount.Source); err != nil || filepath.Base(mount.Source) != "docker.yaml" {
			t.Errorf("%s mounts %s: %v", name, mount.Source, err)
		}
	}
}

// What Redis cannot take outlives the worker, in a volume that its user owns.
func TestWorkersKeepTheirState(t *testing.T) {
	c := dockerConfig(t)
	for _, name := range workerNames {
		mounts := service(t, project(t), name).Volumes
		state := mounts[len(mounts)-1]
		if state.Type != types.VolumeTypeVolume || state.Source == "" || state.ReadOnly || state.Target != c.StateDir {
			t.Errorf("%s keeps its state in %+v, state_dir is %s", name, state, c.StateDir)
		}
	}
	user, owned := "", ""
	for _, in := range dockerfile(t) {
		switch {
		case in.name == "USER":
			user = in.args
		case in.name == "COPY" && strings.HasSuffix(in.args, " "+c.StateDir):
			owned = in.args
		}
	}
	if user == "" || !strings.Contains(owned, "--chown="+user+" ") {
		t.Errorf("the image's %s belongs to somebody else than %s: %q", c.StateDir, user, owned)
	}
}

// settles is how long after the vendor's timeout a worker may take to settle a
// request, where Redis does not answer (internal/dispatch: settleTime).
const settles = 130 * time.Second

// A worker that is killed before it has settled leaves its jobs in doubt.
func TestWorkersHaveTimeToStop(t *testing.T) {
	config := dockerConfig(t)
	for _, name := range workerNames {
		grace := service(t, project(t), name).StopGracePeriod
		for i := range config.Accounts {
			a := &config.Accounts[i]
			if grace == nil || time.Duration(*grace) < a.Timeout+settles {
				t.Errorf("%s is given %v to stop; account %s needs %s", name, grace, a.Name, a.Timeout+settles)
			}
		}
	}
}

func TestSandboxServiceIsReachable(t *testing.T) {
	s := service(t, project(t, "sandbox"), "sandbox")
	if !slices.Equal(s.Command, []string{"--sandbox"}) || len(s.Environment)+len(s.Volumes)+len(s.DependsOn) > 0 {
		t.Errorf("the sandbox needs more than itself: %+v", s)
	}
	// It listens on loopback alone, which ports cannot publish.
	if s.NetworkMode != "host" {
		t.Errorf("network mode %q", s.NetworkMode)
	}
}

// dockerConfig loads the workers' configuration with the variables that the
// composition passes on, and no others.
func dockerConfig(t *testing.T) *configs.Config {
	t.Helper()
	for variable := range service(t, project(t), workerNames[0]).Environment {
		t.Setenv(variable, "made-up-"+variable)
	}
	c, err := configs.LoadFile(filepath.Join(root, "configs", "docker.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestConfigurationFitsTheServices(t *testing.T) {
	c := dockerConfig(t)
	if left := c.NotBuilt(); len(left) > 0 || len(c.Accounts) == 0 {
		t.Errorf("not built: %q; accounts: %d", left, len(c.Accounts))
	}
	options, err := c.Redis.Options()
	if err != nil || !slices.Equal(options.Addrs, []string{"redis:6379"}) {
		t.Errorf("redis: %+v, %v", options.Addrs, err)
	}
	// The port that is published, and that the image's health check asks.
	if c.Admin == nil || c.Admin.Listen != "0.0.0.0:8081" || len(c.Admin.Tokens) == 0 {
		t.Errorf("admin: %+v", c.Admin)
	}
	for _, name := range workerNames {
		var targets []uint32
		for _, port := range service(t, project(t), name).Ports {
			targets = append(targets, port.Target)
		}
		if !slices.Equal(targets, []uint32{8080, 8081}) {
			t.Errorf("%s publishes %v", name, targets)
		}
	}
}

// With its switched-off section the configuration loads, too.
func TestConfigurationWithPushes(t *testing.T) {
	dockerConfig(t)
	text, err := os.ReadFile(filepath.Join(root, "configs", "docker.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "#public:") || strings.HasPrefix(line, "#  ") {
			lines[i] = line[1:]
		}
	}
	c, err := configs.Load([]byte(strings.Join(lines, "\n")), "docker.yaml")
	if err != nil || c.Public == nil || c.Public.Listen != "0.0.0.0:8080" {
		t.Errorf("with pushes: %v", err)
	}
}
