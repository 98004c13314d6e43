package providertest_test

import (
	"bytes"
	"fmt"
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// block is a fenced piece of docs/adding-a-vendor.md that belongs into a file.
type block struct{ language, path, text string }

var fence = regexp.MustCompile("(?ms)^```(\\S+)(?: (\\S+))?\n(.*?)^```$")

func blocks(t *testing.T, page string) (found []block) {
	t.Helper()
	raw, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range fence.FindAllStringSubmatch(string(raw), -1) {
		found = append(found, block{m[1], m[2], m[3]})
	}
	if n := bytes.Count(raw, []byte("\n```")); n != 2*len(found) {
		t.Fatalf("%d fences for %d blocks", n, len(found))
	}
	return found
}

// The page adds a vendor in a copy of this module, block by block, and its own
// tests run there: what the page says is what is tested.
func TestThePageAddsAVendor(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	module := t.TempDir()
	for _, folder := range []string{"providers", "configs", "internal", "ratelimit", "tasks"} {
		if err := os.CopyFS(filepath.Join(module, folder), os.DirFS(filepath.Join(root, folder))); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{"go.mod", "go.sum"} {
		raw, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(module, file), string(raw))
	}
	var written []string
	for _, b := range blocks(t, filepath.Join(root, "docs", "adding-a-vendor.md")) {
		switch path := filepath.Join(module, filepath.FromSlash(b.path)); {
		case b.language == "diff":
			change(t, path, b.text)
		case b.path != "":
			write(t, path, b.text)
			written = append(written, filepath.Base(b.path))
			if pretty, err := format.Source([]byte(b.text)); b.language == "go" && (err != nil || string(pretty) != b.text) {
				t.Errorf("%s is not as gofmt writes it: %v", b.path, err)
			}
		case b.language != "yaml":
			t.Errorf("a block of %s that belongs nowhere:\n%s", b.language, b.text)
		}
	}
	if want := []string{"parrot.go", "sign.go", "vectors.tsv", "client.go", "codes.go", "push.go", "conformance_test.go"}; !slices.Equal(written, want) {
		t.Errorf("the page writes %q, want %q", written, want)
	}
	command(t, module, "build", "./configs")
	// Both by name: a page that loses its tests must not pass.
	out := command(t, module, "test", "-v", "-run", "^(TestConformance|TestSignVectors|TestKindsMatchCapabilities|TestGoldenVectors)$",
		"./providers/parrot", "./providers/all")
	for _, passed := range []string{"TestConformance/notify/code_13", "TestConformance/pushes/busy", "TestSignVectors", "TestKindsMatchCapabilities", "TestGoldenVectors/parrot"} {
		if !strings.Contains(out, "--- PASS: "+passed+" ") {
			t.Errorf("%s did not pass", passed)
		}
	}
	breakIt(t, filepath.Join(module, "providers", "parrot"))
}

// breakIt breaks the page's adapter in ways that would hurt people, and wants
// the suite to see each.
func breakIt(t *testing.T, adapter string) {
	t.Helper()
	for _, wrong := range []struct{ file, right, wrong, seen string }{
		{"client.go", "return providers.ActingTransport(vendorwire.Transport(err))",
			`_ = vendorwire.Transport(err); return providers.Outcome{Class: providers.ClassRetryLater, Placed: providers.PlacedNo, VendorText: "x"}`,
			"TestConformance/notify/cut_after_the_write"},
		{"client.go", "reply, err := line.Do(ctx, req, permit)",
			"reply, err := line.Do(ctx, req, permit); if err != nil { reply, err = a.http.Query(ctx, req) }",
			"TestConformance/notify/permit"},
		{"codes.go", "Class: providers.ClassUncertain, Placed: providers.PlacedMaybe}",
			"Class: providers.ClassRetryLater, Placed: providers.PlacedNo}",
			"TestConformance/notify/unknown_codes"},
		{"codes.go", `a.words.Text(answer.Text("msg"))`, `answer.Text("msg")`, "TestConformance/notify/accepted"},
		{"push.go", `fmt.Errorf("parrot: %w", err)`, `fmt.Errorf("parrot: %w: %s", err, p.Body)`, "TestConformance/pushes/unreadable"},
	} {
		path := filepath.Join(adapter, wrong.file)
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Count(string(raw), wrong.right) != 1 {
			t.Fatalf("%s does not hold %q once", wrong.file, wrong.right)
		}
		write(t, path, strings.Replace(string(raw), wrong.right, wrong.wrong, 1))
		cmd := exec.CommandContext(t.Context(), "go", "test", "-vet=off", "-run", "^TestConformance$", ".")
		cmd.Dir = adapter
		out, err := cmd.CombinedOutput()
		if err == nil || !bytes.Contains(out, []byte("--- FAIL: "+wrong.seen+" ")) {
			t.Errorf("%q instead of %q: %v, and not by %s:\n%.2000s", wrong.wrong, wrong.right, err, wrong.seen, out)
		}
		write(t, path, string(raw))
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// change applies a diff without line numbers: what it removes and keeps must
// stand in the file exactly once.
func change(t *testing.T, path, diff string) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var before, after strings.Builder
	for line := range strings.Lines(diff) {
		if line[0] != '+' {
			before.WriteString(line[1:])
		}
		if line[0] != '-' {
			after.WriteString(line[1:])
		}
	}
	if n := strings.Count(string(raw), before.String()); n != 1 {
		t.Fatalf("%s holds this %d times:\n%s", path, n, before.String())
	}
	write(t, path, strings.Replace(string(raw), before.String(), after.String(), 1))
}

func command(t *testing.T, module string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = module
	out, err := cmd.CombinedOutput()
	if err != nil {
		lines := bytes.Split(out, []byte("\n"))
		var failed []string
		for _, line := range lines {
			if !bytes.Contains(line, []byte("--- PASS")) && !bytes.HasPrefix(line, []byte("===")) {
				failed = append(failed, string(line))
			}
		}
		t.Fatal(fmt.Errorf("go %s: %w\n%s", args[0], err, strings.Join(failed, "\n")))
	}
	return string(out)
}
