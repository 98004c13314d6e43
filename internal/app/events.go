package app

import (
	"context"
	"fmt"
	"sync"

	"github.com/callpacer/callpacer/internal/event"
	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/recordjson"
)

// startEvents tells the application what becomes of the groups' jobs, where events
// are configured.
func (a *App) startEvents(groups map[string]bool) error {
	c := a.config.Events
	if c == nil {
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
