package app

import (
	"context"
	"slices"
	"strings"

	"github.com/callpacer/callpacer/configs"
	"github.com/callpacer/callpacer/internal/event"
	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/recordjson"
)

// shortestEventKey is what Standard Webhooks asks of a key at least, in bytes.
const shortestEventKey = 24

// events says whether the application can hear of its jobs. It asks the resolver,
// and nothing of the endpoint.
func (r *Report) events(ctx context.Context, c *configs.Events, o CheckOptions) {
	const check = "events"
	if c == nil {
		r.Add(check, LevelOK, "no events section: applications hear nothing of their jobs")
		return
	}
	endpoints, err := event.NewEndpoints(event.Options{
		URL: c.URL, Secret: c.Secret, AllowedPrefixes: c.AllowedPrefixes, AllowPrivate: c.AllowPrivate,
		Data:     func(r *record.Record) any { return recordjson.Of(r, nil) },
		Resolver: o.Resolver,
	})
	if err != nil {
		r.Add(check, LevelFail, "%v", err)
		return
	}
	defer endpoints.Close()
	if n := endpoints.KeySize(); n < shortestEventKey {
		r.Add(check, LevelWarn, "events.secret stands for a key of %d bytes, which may be guessed; %d or more are right, "+
			"such as whsec_ and the base64 of 32 random bytes", n, shortestEventKey)
	}
	ctx, cancel := context.WithTimeout(ctx, commandWithin)
	defer cancel()
	reach, err := endpoints.Reach(ctx)
	if err != nil {
		r.Add(check, LevelWarn, "they go to %s, but from here %v", endpoints.Name(), err)
		return
	}
	r.reach(endpoints.Name(), endpoints.KeySize(), reach)
}

// reach judges the addresses that the endpoint has at this moment.
func (r *Report) reach(name string, keySize int, reach event.Reach) {
	const check = "events"
	rules := slices.Sorted(slices.Values(reach.Refused))
	refused := strings.Join(slices.Compact(rules), ", ")
	switch n := len(reach.Refused); {
	case n == reach.Addresses:
		r.Add(check, LevelFail, "they go to %s, which leads to addresses that are refused (%s), so none is delivered; "+
			"events.allow_private: true allows them", name, refused)
	case n > 0:
		r.Add(check, LevelWarn, "they go to %s; of its %d addresses %d are refused (%s), and only the others are used",
			name, reach.Addresses, n, refused)
	default:
		r.Add(check, LevelOK, "they go to %s, whose addresses are allowed; their key has %d bytes", name, keySize)
	}
}
