package deploytest

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// instruction is one of a Dockerfile, with its continued lines joined.
type instruction struct{ name, args string }

func dockerfile(t *testing.T) []instruction {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	var out []instruction
	for line := range strings.Lines(strings.ReplaceAll(string(text), "\\\n", " ")) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, args, _ := strings.Cut(line, " ")
		out = append(out, instruction{strings.ToUpper(name), strings.Join(strings.Fields(args), " ")})
	}
	return out
}

// only is the one instruction of that name, which must be in the last stage.
func only(t *testing.T, file []instruction, name string) string {
	t.Helper()
	last := 0
	for i, in := range file {
		if in.name == "FROM" {
			last = i
		}
	}
	at := -1
	for i, in := range file {
		if in.name != name {
			continue
		}
		if at >= 0 || i < last {
			t.Fatalf("%s stands twice, or before the last FROM", name)
		}
		at = i
	}
	if at < 0 {
		t.Fatalf("no %s", name)
	}
	return file[at].args
}

// A tag that names a whole version, or a digest.
var version = regexp.MustCompile(`:\d+\.\d+\.\d+(-[a-z0-9.]+)?$|@sha256:[0-9a-f]{64}$`)

func pinned(image string) bool { return version.MatchString(image) }

func TestPinned(t *testing.T) {
	for image, want := range map[string]bool{
		"golang:1.26.8-alpine": true, "redis:7.4.2": true, "redis@sha256:" + strings.Repeat("a", 64): true,
		"golang": false, "golang:latest": false, "golang:1.26": false, "golang:1.26-alpine": false, "redis:7": false,
	} {
		if pinned(image) != want {
			t.Errorf("pinned(%q) = %v", image, !want)
		}
	}
}

func TestImageIsBuiltFromPinnedImages(t *testing.T) {
	var images []string
	for _, in := range dockerfile(t) {
		if in.name != "FROM" {
			continue
		}
		image, _, _ := strings.Cut(in.args, " ")
		images = append(images, image)
		if image != "scratch" && !pinned(image) {
			t.Errorf("FROM %s is not pinned", image)
		}
	}
	if len(images) < 2 || images[len(images)-1] != "scratch" {
		t.Errorf("stages: %q; the last must hold the programs alone", images)
	}
}

// The compiler in the image is at least the one that go.mod asks for: there is
// no other to switch to without asking the network.
func TestImageHasTheCompilerOfTheModule(t *testing.T) {
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	wants := regexp.MustCompile(`(?m)^go (\d+)\.(\d+)\.(\d+)$`).FindStringSubmatch(string(mod))
	var has []string
	for _, in := range dockerfile(t) {
		if m := regexp.MustCompile(`^golang:(\d+)\.(\d+)\.(\d+)`).FindStringSubmatch(in.args); m != nil && in.name == "FROM" {
			has = m
		}
	}
	if wants == nil || has == nil {
		t.Fatalf("go.mod: %q, image: %q", wants, has)
	}
	if slices.Compare(numbers(t, has[1:]), numbers(t, wants[1:])) < 0 {
		t.Errorf("the image has Go %s, go.mod wants %s", has[0], wants[0])
	}
}

func numbers(t *testing.T, texts []string) []int {
	t.Helper()
	var out []int
	for _, text := range texts {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, n)
	}
	return out
}

func TestImageRunsAsNobody(t *testing.T) {
	user, group, _ := strings.Cut(only(t, dockerfile(t), "USER"), ":")
	for _, id := range []string{user, group} {
		if n, err := strconv.Atoi(id); err != nil || n == 0 {
			t.Errorf("USER %s:%s: not two numbers above 0", user, group)
		}
	}
}

func TestImageIsStaticAndAsksItself(t *testing.T) {
	file := dockerfile(t)
	build := ""
	for _, in := range file {
		if in.name == "RUN" && strings.Contains(in.args, "go build") {
			build = in.args
		}
	}
	for _, want := range []string{"CGO_ENABLED=0 ", "-trimpath", "./cmd/worker", "./cmd/enqueue"} {
		if !strings.Contains(build, want) {
			t.Errorf("RUN %q lacks %q", build, want)
		}
	}
	health := only(t, file, "HEALTHCHECK")
	if !strings.HasSuffix(health, `CMD ["worker", "health", "--url", "http://127.0.0.1:8081/readyz"]`) {
		t.Errorf("HEALTHCHECK %s", health) // a shell form would need a shell
	}
	if entry := only(t, file, "ENTRYPOINT"); entry != `["worker"]` {
		t.Errorf("ENTRYPOINT %s", entry)
	}
	copied := false
	for _, in := range file {
		copied = copied || in.name == "COPY" && strings.Contains(in.args, "--from=build /etc/ssl/certs/ca-certificates.crt")
	}
	if !copied {
		t.Error("the image has no roots of TLS: no vendor could be reached")
	}
}

// What must not reach the image, nor the cache of its builder.
func TestContextOfTheImageHasNoSecret(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, ".dockerignore"))
	if err != nil {
		t.Fatal(err)
	}
	ignored := strings.Split(string(text), "\n")
	for _, want := range []string{".*", "**/.env*", "**/*.local.yaml"} {
		if !slices.Contains(ignored, want) {
			t.Errorf(".dockerignore lacks %s", want)
		}
	}
}
