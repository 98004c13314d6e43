package deptest

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

func rules() ruleSet {
	return ruleSet{
		notBuilt: notBuilt, layers: layers, testHelpers: testHelpers,
		only: onlyRules, never: neverRules, bridge: bothSides, bannedNames: bannedNames,
	}
}

func TestImportGraph(t *testing.T) {
	g := loadGraph(t)
	if _, ok := g["internal/deptest"]; !ok {
		t.Fatalf("the graph of %d packages lacks this package", len(g))
	}
	for _, line := range check(g, rules()) {
		t.Error(line)
	}
}

// S3 is built in by its tag, into the worker alone.
func TestS3IsBuiltInByItsTag(t *testing.T) {
	module := strings.TrimSpace(goList(t, "-m"))
	for program, want := range map[string]bool{"worker": true, "enqueue": false} {
		deps := goList(t, "-tags", "s3", "-deps", module+"/cmd/"+program)
		if got := strings.Contains(deps, aws+"/"); got != want {
			t.Errorf("with -tags s3 the %s links the AWS SDK: %v", program, got)
		}
	}
}

// madeUp is a complete module that keeps every rule.
func madeUp() graph {
	g := graph{
		"providers":           {Imports: []string{"context"}},
		"internal/vendorhttp": {Imports: []string{"providers", "net/http"}},
		"internal/record":     {Imports: []string{"internal/phone"}},
		"tasks":               {Imports: []string{"internal/record", "internal/phone", asynq}},
		"ratelimit":           {Imports: []string{"internal/record"}},
		"providers/acme":      {Imports: []string{"providers", "internal/vendorhttp", "internal/secret"}},
		"providers/all":       {Imports: []string{"providers", "providers/acme"}},
		"configs":             {Imports: []string{"ratelimit"}},
		"internal/dispatch":   {Imports: []string{"tasks", "internal/record", "providers"}},
		"internal/admin":      {Imports: []string{"tasks"}},
		"callbackrx":          {Imports: []string{"tasks"}},
		"internal/sandbox":    {Imports: []string{"tasks", miniredis}},
		"internal/app":        {Imports: []string{"internal/dispatch", "tasks", "providers/all", "internal/sandbox"}},
		"cmd/worker":          {Name: "main", Imports: []string{"internal/app"}},
		"cmd/enqueue":         {Name: "main", Imports: []string{"tasks"}},
		"internal/redistest":  {Imports: []string{"testing", miniredis}},
	}
	for _, pkg := range slices.Concat(layers...) { // those about which no case below asks
		if _, ok := g[pkg]; !ok && !strings.HasSuffix(pkg, "/*") && !slices.Contains(madeUpRules().notBuilt, pkg) {
			g[pkg] = node{}
		}
	}
	link(g)
	return g
}

// link computes Deps as the go command would.
func link(g graph) {
	for pkg, n := range g {
		seen := map[string]bool{}
		var visit func(string)
		visit = func(pkg string) {
			for _, imp := range g[pkg].Imports {
				if !seen[imp] {
					seen[imp] = true
					visit(imp)
				}
			}
		}
		visit(pkg)
		n.Deps = slices.Sorted(maps.Keys(seen))
		g[pkg] = n
	}
}

func madeUpRules() ruleSet {
	r := rules()
	r.notBuilt = []string{"providers/providertest", "internal/event"}
	return r
}

func TestCheckerAcceptsAGoodGraph(t *testing.T) {
	for _, line := range check(madeUp(), madeUpRules()) {
		t.Error(line)
	}
}

// Every arrow that the design forbids is drawn once; the checker must see it.
func TestCheckerSeesForbiddenImports(t *testing.T) {
	for _, tc := range []struct{ from, to, want string }{
		{"providers", "golang.org/x/time/rate", "providers imports golang.org/x/time/rate: the vendor contract"},
		{"providers", "internal/phone", "providers imports internal/phone: the vendor contract"},
		{"providers/acme", "tasks", "providers/acme imports tasks: a vendor knows"},
		{"providers/acme", "github.com/sirupsen/logrus", "providers/acme imports github.com/sirupsen/logrus: a vendor knows"},
		{"providers/acme", "providers/all", "providers/acme imports providers/all, which is not below it"},
		{"ratelimit", "providers", "ratelimit links providers: "},
		{"ratelimit", asynq, "ratelimit links " + asynq + ": "},
		{"ratelimit", "tasks", "ratelimit links tasks: "},
		{"internal/phone", asynq, "ratelimit links " + asynq + ": "},
		{"internal/record", "ratelimit", "internal/record links ratelimit: "},
		{"internal/record", "providers", "internal/record links providers: "},
		{"internal/record", "tasks", "internal/record imports tasks, which is not below it"},
		{"internal/record", asynq + "/x/rate", "internal/record links " + asynq + "/x/rate: "},
		{"tasks", "providers", "tasks links providers: "},
		{"tasks", "providers", "tasks imports both"},
		{"callbackrx", "providers/acme", "callbackrx links providers/acme: "},
		{"callbackrx", "internal/dispatch", "callbackrx imports internal/dispatch, which is not below it"},
		{"internal/sandbox", "providers/acme", "internal/sandbox links providers/acme: "},
		{"internal/sandbox", "internal/vendorhttp", "internal/sandbox links internal/vendorhttp: "},
		{"internal/sandbox", "internal/record", "internal/sandbox imports internal/record: "},
		{"internal/admin", "providers", "internal/admin imports both"},
		{"internal/admin", "internal/app", "internal/admin imports internal/app, which is not below it"},
		{"internal/dispatch", "internal/redistest", "internal/dispatch imports internal/redistest outside its tests"},
		{"internal/dispatch", "testing", "internal/dispatch imports testing outside its tests"},
		{"internal/dispatch", "testing/synctest", "internal/dispatch imports testing/synctest outside its tests"},
		{"cmd/enqueue", "internal/app", "cmd/enqueue links internal/sandbox: "},
		{"tasks", miniredis, "cmd/enqueue links " + miniredis + ": "},
		{"internal/app", aws + "/aws-sdk-go-v2/aws", "cmd/worker links " + aws},
		{"tasks", aws + "/smithy-go", "cmd/enqueue links " + aws},
		{"internal/admin", "internal/redistest", "internal/admin imports internal/redistest, which is not below it"},
		{"internal/dispatch", "internal/redistest", "cmd/worker links internal/redistest: "},
	} {
		g := madeUp()
		n := g[tc.from]
		n.Imports = append(n.Imports, tc.to)
		g[tc.from] = n
		link(g)
		wantLine(t, tc.from+" → "+tc.to, check(g, madeUpRules()), tc.want)
	}
}

func TestCheckerSeesWrongPackages(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(graph, *ruleSet)
		want   string
	}{
		"a missing package":     {func(g graph, _ *ruleSet) { delete(g, "callbackrx") }, "callbackrx is named by a rule and does not exist"},
		"no vendor at all":      {func(g graph, _ *ruleSet) { delete(g, "providers/acme") }, "providers/* is named by a rule and does not exist"},
		"a package built since": {func(g graph, _ *ruleSet) { g["internal/event"] = node{} }, "internal/event exists: remove it"},
		"a stale entry":         {func(_ graph, r *ruleSet) { r.notBuilt = append(r.notBuilt, "internal/gone") }, "internal/gone is in notBuilt and in no rule"},
		"an unknown package":    {func(g graph, _ *ruleSet) { g["internal/new"] = node{} }, "internal/new is in no layer"},
		"a bad folder":          {func(g graph, _ *ruleSet) { g["providers/common"] = node{} }, `"common" is no name`},
		"a bad name":            {func(g graph, _ *ruleSet) { g["internal/phone"] = node{Name: "util"} }, `"util" is no name`},
	} {
		g, r := madeUp(), madeUpRules()
		tc.change(g, &r)
		wantLine(t, name, check(g, r), tc.want)
	}
}

func wantLine(t *testing.T, name string, lines []string, want string) {
	t.Helper()
	if !slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, want) }) {
		t.Errorf("%s: %q, want a line with %q", name, lines, want)
	}
}

func TestParseGraph(t *testing.T) {
	g, err := parseGraph(strings.NewReader(`{"ImportPath":"m/a","Name":"a","Imports":["fmt","m/b"],"Deps":["fmt","m/b","x.org/y"]} {"ImportPath":"m/b","Name":"b"}`), "m")
	if err != nil {
		t.Fatal(err)
	}
	if a := g["a"]; len(g) != 2 || a.Name != "a" || !slices.Equal(a.Imports, []string{"fmt", "b"}) || !slices.Equal(a.Deps, []string{"fmt", "b", "x.org/y"}) {
		t.Errorf("graph %+v", g)
	}
	if _, err := parseGraph(strings.NewReader(`{"ImportPath":`), "m"); err == nil {
		t.Error("half an answer was taken for a whole one")
	}
}
