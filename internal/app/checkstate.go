package app

import (
	"os"

	"github.com/callpacer/callpacer/configs"
)

// state says where this machine keeps what Redis cannot take.
func (r *Report) state(c *configs.Config) {
	const check = "state"
	dir, err := stateDir(c.StateDir, os.Getenv)
	if err == nil {
		err = canKeep(dir)
	}
	if err != nil {
		r.Add(check, LevelWarn, "pushes are refused with 503 while Redis is away, and a vendor that comes only once is not heard: %v", err)
		return
	}
	r.Add(check, LevelOK, "what Redis cannot take while it is away is kept under %s", dir)
	own := ""
	if connector, err := newConnector(c.Redis, 1); err == nil {
		own = connector.deployment()
	}
	for _, other := range strandedState(dir, own, journals(c)) {
		r.Add(check, LevelWarn, "%s has entries that no worker with this configuration brings in: they wait for one with their Redis, or their account", other)
	}
}
