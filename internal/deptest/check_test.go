package deptest

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

type onlyRule struct {
	pkg     string
	allowed []string
	why     string
}

type neverRule struct {
	pkg    string
	banned []string
	linked bool
	why    string
}

type bridge struct {
	left, right, allowed []string
	why                  string
}

// ruleSet is everything that check holds a graph against.
type ruleSet struct {
	notBuilt    []string
	layers      [][]string
	testHelpers []string
	only        []onlyRule
	never       []neverRule
	bridge      bridge
	bannedNames []string
}

// check returns one line per broken rule, sorted.
func check(g graph, r ruleSet) []string {
	var broken []string
	report := func(format string, args ...any) { broken = append(broken, fmt.Sprintf(format, args...)) }
	r.checkNames(g, report)
	r.checkLayers(g, report)
	for _, rule := range r.only {
		r.checkOnly(g, rule, report)
	}
	for _, rule := range r.never {
		r.checkNever(g, rule, report)
	}
	r.checkBridge(g, report)
	r.checkHelpers(g, report)
	slices.Sort(broken)
	return slices.Compact(broken)
}

type reporter func(format string, args ...any)

// checkNames fails on rules about packages that are not there (a misspelt rule
// holds nothing) and on packages whose name says nothing.
func (r ruleSet) checkNames(g graph, report reporter) {
	for _, name := range r.named() {
		found := len(r.match(g, name)) > 0
		listed := slices.Contains(r.notBuilt, name)
		switch {
		case found && listed:
			report("%s exists: remove it from notBuilt", name)
		case !found && !listed:
			report("%s is named by a rule and does not exist", name)
		}
	}
	for _, name := range r.notBuilt {
		if !slices.Contains(r.named(), name) {
			report("%s is in notBuilt and in no rule", name)
		}
	}
	for pkg, n := range g {
		for _, bad := range r.bannedNames {
			if n.Name == bad || slices.Contains(strings.Split(pkg, "/"), bad) {
				report("%s: %q is no name for a package", pkg, bad)
			}
		}
	}
}

func (r ruleSet) checkLayers(g graph, report reporter) {
	level := map[string]int{}
	for i, layer := range r.layers {
		for _, name := range layer {
			for _, pkg := range r.match(g, name) {
				level[pkg] = i
			}
		}
	}
	for pkg, n := range g {
		own, ok := level[pkg]
		if !ok {
			report("%s is in no layer", pkg)
			continue
		}
		for _, imp := range n.Imports {
			if l, ok := level[imp]; ok && l >= own {
				report("%s imports %s, which is not below it", pkg, imp)
			}
		}
	}
}

func (r ruleSet) checkOnly(g graph, rule onlyRule, report reporter) {
	for _, pkg := range r.match(g, rule.pkg) {
		for _, imp := range g[pkg].Imports {
			_, ours := g[imp]
			if (ours || !isStd(imp)) && !slices.Contains(rule.allowed, imp) {
				report("%s imports %s: %s", pkg, imp, rule.why)
			}
		}
	}
}

func (r ruleSet) checkNever(g graph, rule neverRule, report reporter) {
	for _, pkg := range r.match(g, rule.pkg) {
		imports, verb := g[pkg].Imports, "imports"
		if rule.linked {
			imports, verb = slices.Concat(g[pkg].Imports, g[pkg].Deps), "links"
		}
		for _, imp := range imports {
			if under(imp, rule.banned) {
				report("%s %s %s: %s", pkg, verb, imp, rule.why)
			}
		}
	}
}

func (r ruleSet) checkBridge(g graph, report reporter) {
	for pkg, n := range g {
		if under(pkg, r.bridge.allowed) {
			continue
		}
		isLeft := func(imp string) bool { return under(imp, r.bridge.left) }
		isRight := func(imp string) bool { return under(imp, r.bridge.right) }
		if slices.ContainsFunc(n.Imports, isLeft) && slices.ContainsFunc(n.Imports, isRight) {
			report("%s imports both %v and %v: %s", pkg, r.bridge.left, r.bridge.right, r.bridge.why)
		}
	}
}

func (r ruleSet) checkHelpers(g graph, report reporter) {
	for pkg, n := range g {
		if slices.Contains(r.testHelpers, pkg) {
			continue
		}
		for _, imp := range n.Imports {
			if imp == "testing" || strings.HasPrefix(imp, "testing/") || slices.Contains(r.testHelpers, imp) {
				report("%s imports %s outside its tests", pkg, imp)
			}
		}
	}
}

// named are all packages of this module that rules speak of.
func (r ruleSet) named() []string {
	names := slices.Concat(slices.Concat(r.layers...), r.testHelpers, r.bridge.left, r.bridge.right, r.bridge.allowed)
	for _, rule := range r.only {
		names = append(names, rule.pkg)
		names = append(names, rule.allowed...)
	}
	for _, rule := range r.never {
		names = append(names, rule.pkg)
		for _, name := range rule.banned {
			if isOurs(name) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// match expands a name; "x/*" leaves out what a layer names by itself.
func (r ruleSet) match(g graph, name string) []string {
	if _, ok := g[name]; ok {
		return []string{name}
	}
	parent, ok := strings.CutSuffix(name, "/*")
	if !ok {
		return nil
	}
	var found []string
	for pkg := range g {
		if path.Dir(pkg) == parent && !slices.Contains(slices.Concat(r.layers...), pkg) {
			found = append(found, pkg)
		}
	}
	return found
}

// under says whether a package is one of these or lies below one.
func under(pkg string, names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		return pkg == name || strings.HasPrefix(pkg, name+"/")
	})
}

// isStd is right about packages outside this module: their paths begin with a
// host name.
func isStd(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".")
}

// isOurs is right about the names in rules, where "testing" is the only
// package of the standard library.
func isOurs(name string) bool { return isStd(name) && name != "testing" }
