package app

import (
	"context"
	"os"
	"sync"

	"github.com/callpacer/callpacer/callbackrx"
	"github.com/callpacer/callpacer/internal/pushtoken"
)

// newReceiver makes the receiver of the vendors' pushes, with its journal, and
// starts its replay. Its accounts are added before the listener opens.
func (a *App) newReceiver(signer pushtoken.Signer) *callbackrx.Receiver {
	receiver := &callbackrx.Receiver{
		Store: a.store, Queue: a.broker, Signer: signer, Log: a.log, Accounts: map[string]callbackrx.Account{},
	}
	j, err := a.journal("pushes")
	switch {
	case err == nil:
		// Also where this worker receives none: another one may have been here before.
		receiver.Journal = j
	case a.config.Public != nil:
		a.log.WithError(err).Warn("pushes are refused with 503 while Redis is away: there is no journal on this machine")
	}
	if a.config.Public != nil {
		receiver.TrustedProxies = a.config.Public.TrustedProxies
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { receiver.Run(ctx) })
	// The listener opens later, so it is closed before.
	a.onStop("receiver", func() error {
		cancel()
		wg.Wait()
		receiver.Close()
		return nil
	})
	return receiver
}

func (a *App) warnOfStranded() {
	dir, err := stateDir(a.config.StateDir, os.Getenv)
	if err != nil {
		return // said already
	}
	for _, other := range strandedState(dir, a.redis.deployment(), journals(a.config)) {
		a.log.Warnf("state_dir: %s has entries that no worker with this configuration brings in: they wait for one with their Redis, or their account", other)
	}
}
