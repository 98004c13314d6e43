package app

import (
	"context"
	"strings"

	"github.com/callpacer/callpacer/configs"
	"github.com/callpacer/callpacer/internal/recordings"
)

// recordings says whether the audio of calls can be kept, by keeping and deleting a
// file of a few bytes. It asks no host.
func (r *Report) recordings(ctx context.Context, c *configs.Recordings, o CheckOptions) {
	const check = "recordings"
	if c == nil {
		r.Add(check, LevelOK, "no recordings section: no audio is fetched, and recording jobs are refused")
		return
	}
	ctx, cancel := context.WithTimeout(ctx, commandWithin)
	defer cancel()
	store, err := recordings.Open(ctx, c.URL, recordings.Options{Now: o.Now})
	if err != nil {
		r.Add(check, LevelFail, "recordings.url: %v", err)
		return
	}
	defer store.Close() //nolint:errcheck // the process ends with it
	if err := store.Writable(ctx); err != nil {
		r.Add(check, LevelFail, "recordings.url: %v", err)
		return
	}
	hosts := "no address of a report is followed"
	if len(c.AllowedHosts) > 0 {
		hosts = "addresses of reports are followed to " + strings.Join(c.AllowedHosts, ", ")
	}
	if c.URL == "mem://" {
		r.Add(check, LevelWarn, "they are kept in memory and end with the worker; %s", hosts)
		return
	}
	r.Add(check, LevelOK, "%s can be written to; they are deleted after %s; %s", c.URL, c.Retention, hosts)
}
