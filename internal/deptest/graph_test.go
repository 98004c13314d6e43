package deptest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// node is one package of this module as go list sees it, test files left out.
// Paths inside the module are relative to it.
type node struct {
	Name    string
	Imports []string // itself
	Deps    []string // itself and through others
}

// graph is the module's packages by relative path.
type graph map[string]node

// loadGraph asks the go command about the module in which this test lies.
func loadGraph(t *testing.T) graph {
	t.Helper()
	module := strings.TrimSpace(goList(t, "-m"))
	watchSources(t, strings.TrimSpace(goList(t, "-m", "-f", "{{.Dir}}")))
	out := goList(t, "-e", "-json=ImportPath,Name,Imports,Deps", module+"/...")
	g, err := parseGraph(strings.NewReader(out), module)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// watchSources reads every folder of the module in this process, because go test
// repeats a cached "ok" unless something that the test itself read has changed.
func watchSources(t *testing.T, root string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != root && strings.HasPrefix(d.Name(), ".") {
			return fs.SkipDir
		}
		return nil
	})
	if err != nil {
		t.Fatalf("read the module's folders: %v", err)
	}
}

func goList(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list"}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.Bytes())
	}
	return string(out)
}

func parseGraph(r io.Reader, module string) (graph, error) {
	relative := func(path string) string { return strings.TrimPrefix(path, module+"/") }
	g := graph{}
	for dec := json.NewDecoder(r); ; {
		var p struct {
			ImportPath string
			node
		}
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			return g, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read go list's answer: %w", err)
		}
		for i, path := range p.Imports {
			p.Imports[i] = relative(path)
		}
		for i, path := range p.Deps {
			p.Deps[i] = relative(path)
		}
		g[relative(p.ImportPath)] = p.node
	}
}
