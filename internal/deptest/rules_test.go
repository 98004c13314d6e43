package deptest

// notBuilt are packages that rules name and that do not exist yet. An entry
// fails the test as soon as its package exists: remove it then.
var notBuilt = []string{}

// layers from bottom to top: a package imports packages of this module only
// from layers below its own. "x/*" are the direct subfolders of x that no other
// entry names. A package that is in no layer fails the test.
var layers = [][]string{
	{"providers", "internal/secret", "internal/phone", "internal/pushtoken", "internal/journal", "internal/netguard"},
	{"internal/s3url", "internal/vendorhttp", "internal/vendorwire", "internal/record"},
	{"providers/*", "tasks", "ratelimit", "internal/recordings"},
	{"providers/all", "providers/providertest"},
	{"configs"},
	{"internal/roster", "internal/explain", "internal/recordjson"},
	{"internal/dispatch", "internal/event", "internal/admin", "callbackrx", "internal/sandbox"},
	{"internal/app"},
	{"cmd/worker", "cmd/enqueue"},
	{"internal/redistest", "internal/netguard/netguardtest", "internal/deptest", "internal/deploytest", "internal/docstest", "bench"}, // for tests, on which nothing is built
}

// testHelpers may import "testing"; nothing but tests may import them.
var testHelpers = []string{"internal/redistest", "internal/netguard/netguardtest", "internal/deptest", "providers/providertest"}

// onlyRules bind what a package imports itself, module and third parties alike;
// the standard library is always allowed.
var onlyRules = []onlyRule{
	{
		pkg: "providers",
		why: "the vendor contract is the standard library's words and its own",
	},
	{
		pkg:     "providers/*",
		allowed: []string{"providers", "internal/vendorhttp", "internal/vendorwire", "internal/secret", "internal/phone"},
		why:     "a vendor knows the contract and its transport, never the queue or the rules",
	},
}

// neverRules ban packages with everything below them. A linked rule also binds
// what is imported through others.
var neverRules = []neverRule{
	{
		pkg:    "ratelimit",
		banned: []string{"providers", "tasks", asynq},
		linked: true,
		why:    "rules know numbers and times, not vendors, jobs or the queue",
	},
	{
		pkg:    "internal/record",
		banned: []string{"tasks", "providers", asynq, "ratelimit"},
		linked: true,
		why:    "records are the ground on which producer, receiver and worker meet",
	},
	{
		pkg:    "tasks",
		banned: []string{"providers", "ratelimit", "configs"},
		linked: true,
		why:    "applications import tasks: it brings no vendor and no rule along",
	},
	{
		pkg:    "callbackrx",
		banned: []string{"providers"},
		linked: true,
		why:    "the receiver acknowledges bytes; it parses no business content",
	},
	{
		pkg:    "internal/sandbox",
		banned: []string{"providers", "internal/vendorhttp", "internal/vendorwire", "ratelimit"},
		linked: true,
		why:    "the simulated vendors judge the adapters, so they share no line with them",
	},
	{
		pkg:    "internal/sandbox",
		banned: []string{"internal/record"},
		why:    "the simulated vendors count by themselves (the sample batch may enqueue through tasks)",
	},
	{
		pkg:    "cmd/enqueue",
		banned: []string{"internal/redistest", "internal/sandbox", "internal/app", miniredis, "testing"},
		linked: true,
		why:    "a producer's binary carries no worker, no simulated vendor and no test helper",
	},
	{
		pkg:    "cmd/worker",
		banned: []string{"internal/redistest", "testing"},
		linked: true,
		why:    "a worker's binary carries no test helper",
	},
	{
		pkg:    "cmd/worker",
		banned: []string{aws},
		linked: true,
		why:    "who keeps recordings in files pays nothing for S3: its build tag builds it in",
	},
	{
		pkg:    "cmd/enqueue",
		banned: []string{aws},
		linked: true,
		why:    "a producer keeps no recordings",
	},
}

// bothSides may import both a side of jobs and a side of vendors.
var bothSides = bridge{
	left:    []string{"tasks", "internal/record"},
	right:   []string{"providers"},
	allowed: []string{"internal/dispatch", "internal/app", "internal/roster"},
	why:     "one package turns jobs into vendor requests and answers into records",
}

// bannedNames are package names that say nothing.
var bannedNames = []string{"util", "utils", "common", "models"}

const (
	aws       = "github.com/aws"
	asynq     = "github.com/hibiken/asynq"
	miniredis = "github.com/alicebob/miniredis/v2"
)
