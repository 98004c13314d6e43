package docstest

import (
	"fmt"
	"go/ast"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// lastTrap is each list's last number; all of them begin at 1.
var lastTrap = map[string]int{"J": 21, "I": 16, "D": 22, "L": 23, "X": 12}

func TestEveryTrapStandsOnce(t *testing.T) {
	var want, found []string
	for letter, last := range lastTrap {
		for n := 1; n <= last; n++ {
			want = append(want, fmt.Sprintf("%s%d", letter, n))
		}
	}
	for _, row := range traps(t) {
		found = append(found, row[0])
	}
	slices.Sort(want)
	slices.Sort(found)
	if !slices.Equal(found, want) {
		t.Errorf("docs/traps.md has\n%v\nwant\n%v", found, want)
	}
}

func traps(t *testing.T) [][]string {
	t.Helper()
	rows := rowsOf(read(t, docs+"/traps.md"))
	for _, row := range rows {
		if len(row) != 4 || slices.Contains(row, "") {
			t.Fatalf("docs/traps.md: %q is no row of an id, a trap, what is done, and its tests", row)
		}
	}
	return rows
}

var testName = regexp.MustCompile(`^([a-z0-9/]+)\.(Test\w+)(?:/(.+))?$`)

// Each test that the page names is a function of that package, and a case after
// a slash begins the name of one.
func TestEveryTrapsTestsExist(t *testing.T) {
	packages := map[string]testSources{}
	for _, row := range traps(t) {
		id, cell := row[0], row[3]
		named := quoted(cell)
		if why, none := strings.CutPrefix(cell, "none: "); none {
			if len(named) > 0 || len(why) < 10 {
				t.Errorf("%s: %q gives no reason", id, cell)
			}
			continue
		}
		if len(named) == 0 || strings.Trim(ticked.ReplaceAllString(cell, ""), ", ") != "" {
			t.Errorf("%s: %q is neither a list of tests in backticks nor none: with a reason", id, cell)
		}
		for _, name := range named {
			m := testName.FindStringSubmatch(name)
			if m == nil {
				t.Errorf("%s: %q is no folder.TestName", id, name)
				continue
			}
			if _, known := packages[m[1]]; !known {
				packages[m[1]] = sourcesOf(t, m[1])
			}
			if sources := packages[m[1]]; !sources.tests[m[2]] {
				t.Errorf("%s: there is no test %s in %s", id, m[2], m[1])
			} else if m[3] != "" && !sources.hasCase(m[3]) {
				t.Errorf("%s: no case in the tests of %s begins with %q", id, m[1], m[3])
			}
		}
	}
}

// testSources are the tests of one package.
type testSources struct {
	tests map[string]bool
	text  string
}

func sourcesOf(t *testing.T, folder string) testSources {
	t.Helper()
	s := testSources{tests: map[string]bool{}}
	entries, err := os.ReadDir(filepath.Join(root, folder))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), "_test.go") {
			continue
		}
		file := filepath.Join(root, folder, entry.Name())
		s.text += read(t, file)
		for _, decl := range parse(t, file).Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil {
				s.tests[f.Name.Name] = true
			}
		}
	}
	return s
}

// hasCase says that the name of a case is the word, or begins with it.
func (s testSources) hasCase(word string) bool {
	return strings.Contains(s.text, `"`+word+`"`) || strings.Contains(s.text, `"`+word+" ")
}
