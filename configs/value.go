package configs

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// value is one node of the file with the place where it stands.
type value struct {
	l    *loader
	node ast.Node
	path string
	line int
	hint string // said after every problem of this value
}

func (v value) fail(format string, args ...any) {
	v.l.add(Problem{Line: v.line, Path: v.path, Message: fmt.Sprintf(format, args...) + v.hint})
}

// maxHops ends a chain of aliases that name each other.
const maxHops = 8

// resolved returns the node behind anchors and aliases.
func (v value) resolved() (ast.Node, bool) {
	node := v.node
	for range maxHops {
		switch n := node.(type) {
		case *ast.AnchorNode:
			node = n.Value
		case *ast.AliasNode:
			target, ok := v.l.anchors[nodeText(n.Value)]
			if !ok {
				v.fail("an alias (*) without its anchor (&)")
				return nil, false
			}
			node = target
		case *ast.TagNode:
			v.fail("YAML tags (!) are not supported here")
			return nil, false
		case nil, *ast.NullNode:
			v.fail("has no value; write one or leave the key out")
			return nil, false
		default:
			return node, true
		}
	}
	v.fail("aliases (*) that name each other")
	return nil, false
}

func (l *loader) collectAnchors(root ast.Node) {
	ast.Walk(anchorVisitor(l.anchors), root)
}

type anchorVisitor map[string]ast.Node

// Visit implements ast.Visitor.
func (a anchorVisitor) Visit(n ast.Node) ast.Visitor {
	if anchor, ok := n.(*ast.AnchorNode); ok {
		a[nodeText(anchor.Name)] = anchor.Value
	}
	return a
}

func nodeText(n ast.Node) string {
	if n == nil || n.GetToken() == nil {
		return ""
	}
	return n.GetToken().Value
}

// nodeLine is the line of a node, or fallback where the parser knows none.
func nodeLine(n ast.Node, fallback int) int {
	if m, ok := n.(*ast.MappingNode); ok && len(m.Values) > 0 && !m.IsFlowStyle {
		return nodeLine(m.Values[0].Key, fallback)
	}
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return fallback
	}
	return n.GetToken().Position.Line
}

// scalar is a single value as text, with variables expanded.
type scalar struct {
	text  string
	shown string // quoted, as it stands in the file: a variable is not expanded
}

// maxShown is how much of a wrong value an error repeats.
const maxShown = 60

// scalar returns the value's text. A problem is reported and answers false.
func (v value) scalar() (scalar, bool) {
	node, ok := v.resolved()
	if !ok {
		return scalar{}, false
	}
	var raw string
	switch n := node.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		v.fail("must be a single value, not a mapping")
		return scalar{}, false
	case *ast.SequenceNode:
		v.fail("must be a single value, not a list")
		return scalar{}, false
	case *ast.StringNode:
		raw = n.Value
	case *ast.LiteralNode:
		raw = n.Value.Value
	default:
		raw = nodeText(node)
	}
	raw = restoreBraces.Replace(raw)
	text, problem := expand(raw, v.l.lookup)
	if problem != "" {
		v.fail("%s", problem)
		return scalar{}, false
	}
	shown := []rune(raw)
	if len(shown) > maxShown {
		shown = append(shown[:maxShown:maxShown], '…')
	}
	return scalar{text: text, shown: strconv.Quote(string(shown))}, true
}

// isOff reports whether the value is the word "off". It reports no problem.
func (v value) isOff() bool {
	node := v.node
	if alias, ok := node.(*ast.AliasNode); ok {
		node = v.l.anchors[nodeText(alias.Value)]
	}
	if anchor, ok := node.(*ast.AnchorNode); ok {
		node = anchor.Value
	}
	s, ok := node.(*ast.StringNode)
	if !ok {
		return false
	}
	text, problem := expand(restoreBraces.Replace(s.Value), v.l.lookup)
	return problem == "" && strings.TrimSpace(text) == off
}

// list returns the elements of a list. A problem is reported and answers false.
func (v value) list() ([]value, bool) {
	node, ok := v.resolved()
	if !ok {
		return nil, false
	}
	seq, ok := node.(*ast.SequenceNode)
	if !ok {
		v.fail("must be a list")
		return nil, false
	}
	out := make([]value, len(seq.Values))
	for i, n := range seq.Values {
		out[i] = value{l: v.l, node: n, path: fmt.Sprintf("%s[%d]", v.path, i), line: nodeLine(n, v.line)}
	}
	return out, true
}
