package app

import (
	"github.com/callpacer/callpacer/configs"
)

// persistence says what Redis keeps when its process or its machine dies.
func (r *Report) persistence(n node) {
	const check = "persistence"
	aof, seen := n.info["aof_enabled"]
	switch {
	case !seen:
		r.Add(check, LevelWarn, "%swhether appendonly is on could not be seen (INFO is refused or tells less); "+
			"without it a restart of Redis loses accepted jobs, and calls could be made again", n.where())
		return
	case aof != "1":
		r.Add(check, LevelFail, "%sappendonly is off: a restart of Redis loses every job accepted, and every count of calls made, "+
			"since its last snapshot, so calls could be lost or made again; set appendonly yes", n.where())
		return
	case n.info["aof_last_write_status"] == "err":
		r.Add(check, LevelFail, "%sthe last write to the append-only file failed; is the disk full?", n.where())
	}
	switch n.fsync {
	case "always":
		r.Add(check, LevelOK, "%sappendonly with appendfsync always: a power loss costs no write that Redis acknowledged", n.where())
	case "everysec":
		r.Add(check, LevelWarn, "%sappendonly with appendfsync everysec: a restart of Redis costs nothing; a power loss can cost the last "+
			"second of acknowledged writes: a job accepted in it may be gone, and a call made in it may be made again; "+
			"appendfsync always closes that", n.where())
	case "no":
		r.Add(check, LevelFail, "%sappendonly with appendfsync no: a power loss can cost half a minute of acknowledged writes, "+
			"and the calls made in it may be made again; set appendfsync to always, or at least to everysec", n.where())
	default:
		r.Add(check, LevelWarn, "%sappendonly is on, but appendfsync could not be seen (CONFIG GET is refused, as managed services do): "+
			"unless it is always, a power loss can cost acknowledged writes, a second of them with everysec", n.where())
	}
}

// durability says what a write waits for, and what a failover can cost.
func (r *Report) durability(c *configs.Config, nodes []node) {
	const check = "durability"
	replicas := c.Redis.Sentinel != nil
	for _, n := range nodes {
		count := n.info["connected_slaves"]
		replicas = replicas || count != "" && count != "0"
	}
	// redis.durability is not built: NotBuilt says so where it is set.
	if replicas {
		r.Add(check, LevelWarn, "writes wait for Redis's own answer, for no replica: a failover to one that lags costs the writes it had not got, "+
			"and calls made in them may be made again")
		return
	}
	r.Add(check, LevelOK, "writes wait for Redis's own answer (redis.durability off applies)")
}
