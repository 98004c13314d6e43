package docstest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

const (
	root = "../.."
	docs = root + "/docs"
)

func read(t *testing.T, file string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Clean(file))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// table returns the rows of the tables in a page's section, each as its cells,
// heads left out. The section is named by its heading and ends at the next one.
func table(t *testing.T, page, heading string) [][]string {
	t.Helper()
	text := read(t, page)
	begin := strings.Index(text, "\n"+heading+"\n")
	if begin < 0 {
		t.Fatalf("%s has no heading %q", page, heading)
	}
	section := text[begin+len(heading)+2:]
	if end := strings.Index(section, "\n#"); end >= 0 {
		section = section[:end]
	}
	rows := rowsOf(section)
	if len(rows) == 0 {
		t.Fatalf("%s: no table under %q", page, heading)
	}
	return rows
}

// rowsOf takes tables apart. A bar that is no border is written \|.
func rowsOf(text string) (rows [][]string) {
	const bar = "\x00"
	for line := range strings.SplitSeq(text, "\n") {
		if !strings.HasPrefix(line, "|") {
			continue
		}
		line = strings.ReplaceAll(line, `\|`, bar)
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.ReplaceAll(strings.TrimSpace(cells[i]), bar, "|")
		}
		switch {
		case strings.HasPrefix(cells[0], "---"):
			rows = rows[:len(rows)-1] // what stood above was the head
		default:
			rows = append(rows, cells)
		}
	}
	return rows
}

var ticked = regexp.MustCompile("`([^`]+)`")

// quoted are the words between backticks.
func quoted(text string) (words []string) {
	for _, m := range ticked.FindAllStringSubmatch(text, -1) {
		words = append(words, m[1])
	}
	return words
}

func parse(t *testing.T, file string) *ast.File {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// literals are the plain values of a file's constants and variables by name: a
// constant has one, a list or the keys of a map several.
func literals(t *testing.T, file string) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	ast.Inspect(parse(t, file), func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		switch v := spec.Values[0].(type) {
		case *ast.BasicLit:
			found[spec.Names[0].Name] = []string{plain(t, v)}
		case *ast.CompositeLit:
			for _, e := range v.Elts {
				if pair, ok := e.(*ast.KeyValueExpr); ok {
					e = pair.Key
				}
				if lit, ok := e.(*ast.BasicLit); ok {
					found[spec.Names[0].Name] = append(found[spec.Names[0].Name], plain(t, lit))
				}
			}
		}
		return true
	})
	return found
}

func plain(t *testing.T, lit *ast.BasicLit) string {
	t.Helper()
	if lit.Kind != token.STRING {
		return lit.Value
	}
	text, err := strconv.Unquote(lit.Value)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
