package configs

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

const (
	maxFileBytes   = 1 << 20
	maxSecretBytes = 64 << 10
)

// Load reads a configuration. The name stands in errors, and the paths of
// secret files are relative to its directory. A problem in the file is an
// *Error that names every one found.
func Load(data []byte, name string) (*Config, error) {
	return newLoader(name).load(data)
}

// LoadFile is Load of a file.
func LoadFile(path string) (*Config, error) {
	data, err := readCapped(path, maxFileBytes)
	if err != nil {
		return nil, fmt.Errorf("read configuration %s: %w", path, err)
	}
	return Load(data, path)
}

// LoadProducer is LoadFile for a process that only enqueues: it shares a
// worker's file, but needs none of its secrets except Redis's. All others stay
// empty, and neither their variables nor their files have to exist.
func LoadProducer(path string) (*Config, error) {
	data, err := readCapped(path, maxFileBytes)
	if err != nil {
		return nil, fmt.Errorf("read configuration %s: %w", path, err)
	}
	l := newLoader(path)
	l.producer = true
	return l.load(data)
}

// loader turns one file into a Config and collects what is wrong with it.
type loader struct {
	name     string
	producer bool
	lookup   func(name string) (string, bool)
	readFile func(path string) ([]byte, error)
	anchors  map[string]ast.Node
	problems []Problem
}

func newLoader(name string) *loader {
	return &loader{
		name:   name,
		lookup: os.LookupEnv,
		readFile: func(path string) ([]byte, error) {
			if !filepath.IsAbs(path) {
				path = filepath.Join(filepath.Dir(name), path)
			}
			return readCapped(path, maxSecretBytes)
		},
		anchors: map[string]ast.Node{},
	}
}

func (l *loader) load(data []byte) (*Config, error) {
	root, ok := l.parse(data)
	if !ok {
		return nil, l.err()
	}
	cfg := l.config(root)
	if len(l.problems) > 0 {
		return nil, l.err()
	}
	return cfg, nil
}

// parse returns the root mapping of the document.
func (l *loader) parse(data []byte) (value, bool) {
	data, ok := l.prepare(data)
	if !ok {
		return value{}, false
	}
	// Duplicate keys are found by object(), which names both lines.
	file, err := parser.ParseBytes(data, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		l.add(syntaxProblem(err))
		return value{}, false
	}
	var bodies []ast.Node
	for _, doc := range file.Docs {
		if doc.Body != nil {
			bodies = append(bodies, doc.Body)
		}
	}
	switch len(bodies) {
	case 0:
		l.add(Problem{Line: 1, Message: "the file is empty; it needs at least a redis section"})
		return value{}, false
	case 1:
		l.collectAnchors(bodies[0])
		return value{l: l, node: bodies[0], line: 1}, true
	default:
		l.add(Problem{Line: nodeLine(bodies[1], 1), Message: "the file holds more than one YAML document"})
		return value{}, false
	}
}

// syntaxProblem keeps the parser's words and drops its excerpt of the source,
// which may show a secret.
func syntaxProblem(err error) Problem {
	p := Problem{Line: 1, Message: "not valid YAML"}
	var syntax yaml.Error
	if errors.As(err, &syntax) {
		p.Message += ": " + syntax.GetMessage()
		if tk := syntax.GetToken(); tk != nil && tk.Position != nil {
			p.Line = tk.Position.Line
		}
	}
	return p
}

// readCapped reads a whole file of at most limit bytes. Its error does not
// repeat the path.
func readCapped(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, withoutPath(err)
	}
	defer f.Close() //nolint:errcheck // only read from
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, withoutPath(err)
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("larger than %d bytes", limit)
	}
	return data, nil
}

func withoutPath(err error) error {
	var pathErr *os.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}
