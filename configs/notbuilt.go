package configs

import (
	"errors"
	"fmt"
)

var errRedisURL = errors.New("redis url is not a Redis address")

// NotBuilt names, one line each, what the file asks for and this version
// accepts but does not do. Empty: it does everything.
func (c *Config) NotBuilt() []string {
	var out []string
	say := func(asked bool, path, what string) {
		if asked {
			out = append(out, path+": "+what)
		}
	}
	say(c.Redis.Durability != "", "redis.durability", "not built yet; writes wait for Redis's own answer only")
	say(c.Records.Archive != "", "records.archive", "not built yet; records end without being archived")
	for i := range c.Accounts {
		a := &c.Accounts[i]
		path := fmt.Sprintf("accounts[%d] (%s)", i, a.Name)
		for _, r := range a.refusals() {
			say(true, path+"."+r.key, r.why+"; its jobs are refused")
		}
		say(len(a.LimitPatterns) != len(a.AdapterPatterns()), path+".limit_patterns", a.Vendor+" has no such lists; they are ignored")
		for _, name := range a.ignoredSwitches() {
			say(true, path+"."+name, a.Vendor+" has no such switch; it is ignored")
		}
	}
	return out
}
