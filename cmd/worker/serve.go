package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/callpacer/callpacer/configs"
	"github.com/callpacer/callpacer/internal/app"
)

// state is what a worker tells machines of itself, on standard output.
type state string

const (
	stateReady    state = "ready"
	stateStopping state = "stopping"
	stateStopped  state = "stopped"
)

// serve runs a worker until ctx ends. What it says goes to the log, and its
// states to say.
func serve(ctx context.Context, file string, stderr io.Writer, say func(state) error) error {
	config, err := configs.LoadFile(file)
	if err != nil {
		return err
	}
	log, err := app.NewLog(config.Log, stderr)
	if err != nil {
		return err
	}
	for _, line := range config.NotBuilt() {
		log.Warnf("not built in this version: %s", line)
	}
	if len(config.Accounts) == 0 {
		return fmt.Errorf("%s: accounts: is empty; a worker needs at least one account", file)
	}
	worker, err := app.Start(ctx, config, app.Options{Log: log})
	if err != nil {
		return err
	}
	log.Info("ready")
	said := say(stateReady)
	<-ctx.Done()
	log.Info("stopping: no more jobs are taken, requests in flight are settled")
	said = errors.Join(said, say(stateStopping))
	// Nobody who reads no more is a reason not to settle what is in flight.
	if err := worker.Stop(); err != nil {
		return err
	}
	log.Info("stopped")
	return errors.Join(said, say(stateStopped))
}

// printJSON prints one object, on a line of its own.
func printJSON(out io.Writer, object any) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(object); err != nil {
		return fmt.Errorf("print the answer: %w", err)
	}
	return nil
}
