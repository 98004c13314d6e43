package docstest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// Every link between the pages leads to a file, and to a heading of it.
func TestLinksLeadSomewhere(t *testing.T) {
	seen := 0
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			for _, m := range link.FindAllStringSubmatch(read(t, file), -1) {
				if strings.Contains(m[1], "://") {
					continue
				}
				seen++
				path, anchor, _ := strings.Cut(m[1], "#")
				target := filepath.Join(filepath.Dir(file), path)
				if _, err := os.Stat(target); err != nil {
					t.Errorf("%s: the link %s leads nowhere", file, m[1])
				} else if anchor != "" && !hasHeading(read(t, target), anchor) {
					t.Errorf("%s: %s has no heading for %s", file, path, m[1])
				}
			}
		}
	}
	if seen < 20 {
		t.Errorf("only %d links were looked at", seen)
	}
}

var notInAnchors = regexp.MustCompile(`[^a-z0-9 _-]`)

// hasHeading knows anchors as GitHub makes them.
func hasHeading(page, anchor string) bool {
	for line := range strings.SplitSeq(page, "\n") {
		text, ok := strings.CutPrefix(strings.TrimLeft(line, "#"), " ")
		if !ok || !strings.HasPrefix(line, "#") {
			continue
		}
		made := strings.ReplaceAll(notInAnchors.ReplaceAllString(strings.ToLower(text), ""), " ", "-")
		if made == anchor {
			return true
		}
	}
	return false
}
