package app

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/callpacer/callpacer/internal/event"
	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/recordjson"
)

// startEvents tells the application what becomes of the groups' jobs, where events
// are configured.
func (a *App) startEvents(groups map[string]bool) error {
	c := a.config.Events
	if c == nil {
		a.warnOfUntold(groups)
		return nil
	}
	endpoints, err := event.NewEndpoints(event.Options{
		URL: c.URL, Secret: c.Secret, AllowedPrefixes: c.AllowedPrefixes, AllowPrivate: c.AllowPrivate,
		Data: func(r *record.Record) any { return recordjson.Of(r, nil) },
	})
	if err != nil {
		return fmt.Errorf("events: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		a.again(ctx, routesEvery, "that this worker sends events could not be said again; it is said in a while", a.publish)
	})
	for group := range groups {
		d := &event.Deliverer{Store: a.store, Endpoints: endpoints, Group: group, Log: a.log, Clock: a.clock}
		wg.Go(func() { d.Run(ctx) })
	}
	a.onStop("events", func() error {
		cancel()
		wg.Wait()
		endpoints.Close()
		return nil
	})
	return nil
}

// routesEvery is how often a worker says that it sends events: one without must not
// take that back meanwhile (tasks.Publish).
const routesEvery = 5 * time.Minute

// warnOfUntold says where events wait that this worker does not deliver.
func (a *App) warnOfUntold(groups map[string]bool) {
	ctx, cancel := context.WithTimeout(context.Background(), untoldWithin)
	defer cancel()
	for group := range groups {
		if n, err := a.store.EventsDue(ctx, group); err == nil && n > 0 {
			a.log.Warnf("%d events of group %s wait, and this worker has no events section: unless another one has, "+
				"the application hears nothing, and they are dropped after eight days", n, group)
		}
	}
}

const untoldWithin = 2 * time.Second
