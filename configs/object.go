package configs

import (
	"fmt"
	"slices"

	"github.com/goccy/go-yaml/ast"
)

// object is a mapping that is being read. The keys that were asked for are the
// keys that it may have: done reports all others.
type object struct {
	l      *loader
	path   string
	line   int
	broken bool // not a mapping at all; already reported
	order  []string
	fields map[string]value
	known  []string
}

// object reads the value as a mapping. What is no mapping is reported and
// becomes an object that reports nothing more.
func (v value) object() *object {
	o := &object{l: v.l, path: v.path, line: v.line, fields: map[string]value{}}
	node, ok := v.resolved()
	if !ok {
		o.broken = true
		return o
	}
	switch n := node.(type) {
	case *ast.MappingNode:
		for _, kv := range n.Values {
			o.put(kv)
		}
	case *ast.MappingValueNode:
		o.put(n)
	default:
		v.fail("must be a mapping of keys to values")
		o.broken = true
	}
	return o
}

func (o *object) put(kv *ast.MappingValueNode) {
	line := nodeLine(kv.Key, o.line)
	switch kv.Key.(type) {
	case *ast.MergeKeyNode:
		o.l.add(Problem{Line: line, Path: o.path, Message: "merge keys (<<) are not supported; write the keys out"})
		return
	case *ast.MappingKeyNode:
		o.l.add(Problem{Line: line, Path: o.path, Message: "explicit keys (?) are not supported; write key: value"})
		return
	}
	key := restoreBraces.Replace(nodeText(kv.Key))
	path := o.pathOf(key)
	if first, ok := o.fields[key]; ok {
		o.l.add(Problem{Line: line, Path: path, Message: fmt.Sprintf("given twice, first on line %d", first.line)})
		return
	}
	o.order = append(o.order, key)
	o.fields[key] = value{l: o.l, node: kv.Value, path: path, line: line}
}

// pathOf is the full path of a key, safe to print.
func (o *object) pathOf(key string) string {
	if o.path == "" {
		return printableKey(key)
	}
	return o.path + "." + printableKey(key)
}

// printableKey cuts a key where it stops to look like one: {app_secret:abc}
// without a space is a key that holds a secret.
func printableKey(key string) string {
	const longest = 40
	for i, r := range key {
		word := r == '_' || r == '-' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !word || i >= longest {
			return key[:i] + "…"
		}
	}
	return key
}

// take returns the value of a key, and makes it a known one.
func (o *object) take(key string) (value, bool) {
	if !slices.Contains(o.known, key) {
		o.known = append(o.known, key)
	}
	v, ok := o.fields[key]
	return v, ok
}

// has reports whether the key is given, and makes it a known one.
func (o *object) has(key string) bool {
	_, ok := o.take(key)
	return ok
}

// fail reports a problem of a key, on its line or else on the object's.
func (o *object) fail(key, format string, args ...any) {
	if o.broken {
		return
	}
	line := o.line
	if v, ok := o.fields[key]; ok {
		line = v.line
	}
	o.l.add(Problem{Line: line, Path: o.pathOf(key), Message: fmt.Sprintf(format, args...)})
}

// missing reports that a key without a default is not given.
func (o *object) missing(key string) { o.fail(key, "is required") }

// done reports every key that nobody asked for.
func (o *object) done() {
	for _, key := range o.order {
		if slices.Contains(o.known, key) {
			continue
		}
		message := "unknown key"
		if printableKey(key) != key {
			message += "; is a space missing after its colon?"
		} else if near := nearest(key, o.known); near != "" {
			message += "; did you mean " + near + "?"
		}
		o.l.add(Problem{Line: o.fields[key].line, Path: o.pathOf(key), Message: message})
	}
}
