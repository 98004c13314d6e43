package record

import "strings"

// keys names everything that a group keeps in Redis. The group is the hash tag
// of every key, so one script may see them all, in Redis Cluster too.
type keys struct{ prefix string }

func keysOf(group string) keys { return keys{prefix: "callpacer:{" + group + "}:"} }

func (k keys) clock() string              { return k.prefix + "clock" }
func (k keys) due() string                { return k.prefix + "due" }
func (k keys) job(id string) string       { return k.prefix + "job:" + id }
func (k keys) marker(id string) string    { return k.prefix + "key:" + id }
func (k keys) lane(account string) string { return k.prefix + "lane:" + account }
func (k keys) push(hash string) string    { return k.prefix + "push:" + hash }
func (k keys) event(id string) string     { return k.prefix + "event:" + id }
func (k keys) events() string             { return k.prefix + "events" }
func (k keys) bindings() string           { return k.prefix + "bindings" }
func (k keys) x(number string) string     { return k.prefix + "x:" + number }
func (k keys) dead() string               { return k.prefix + "dead" }

// call is what a name of the vendor leads by to a job.
func (k keys) call(name string) string  { return k.prefix + "call:" + name }
func (k keys) number(key string) string { return k.prefix + "number:" + key }

// GroupOf returns the group that an id names: everything before its first dot.
func GroupOf(id string) (string, bool) {
	group, rest, ok := strings.Cut(id, ".")
	return group, ok && group != "" && rest != ""
}

// scriptKeys are the declared keys of every script about the job; calls are the
// names that lead to it.
func scriptKeys(id string, numbers, calls []string) []string {
	group, _ := GroupOf(id)
	k := keysOf(group)
	names := []string{k.clock(), k.due(), k.job(id), k.marker(id)}
	for _, n := range numbers {
		names = append(names, k.number(n))
	}
	for _, c := range calls {
		names = append(names, k.call(c))
	}
	return names
}
