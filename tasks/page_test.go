package tasks_test

import (
	"os"
	"strings"
	"testing"
)

// flat is a text without the white space at the ends of its lines.
func flat(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

func content(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Every block of Go on the page is a piece of an example, which is run.
func TestPageShowsWhatRuns(t *testing.T) {
	run := flat(content(t, "example_test.go") + content(t, "example_producing_test.go"))
	blocks := strings.Split(content(t, "../docs/producing.md"), "```go\n")[1:]
	if len(blocks) < 4 {
		t.Errorf("only %d blocks", len(blocks))
	}
	for _, block := range blocks {
		code, _, _ := strings.Cut(block, "```")
		if !strings.Contains(run, flat(code)) {
			t.Errorf("no example has this piece:\n%s", code)
		}
	}
}
