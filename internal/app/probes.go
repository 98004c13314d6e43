package app

import (
	"context"
	"fmt"
	"math/big"
	"time"

	"github.com/callpacer/callpacer/configs"
	"github.com/callpacer/callpacer/internal/dispatch"
	"github.com/callpacer/callpacer/internal/phone"
	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/ratelimit"
)

// plansEvery is how often a worker looks that the probes are still planned: a Redis
// that lost its last writes may have lost that.
const plansEvery = time.Minute

// planProbes has one worker of the fleet ask at a time how the accounts stand.
func (a *App) planProbes(ctx context.Context, lanes []*dispatch.Lane) error {
	var probed []*dispatch.Lane
	for _, lane := range lanes {
		if lane.Probing != nil {
			probed = append(probed, lane)
		}
	}
	if len(probed) == 0 {
		return nil
	}
	if err := plan(ctx, probed); err != nil {
		return err
	}
	a.keep("probes", plansEvery, "the accounts' probes could not be looked after; that is tried again in a minute",
		func(ctx context.Context) error { return plan(ctx, probed) })
	return nil
}

func plan(ctx context.Context, lanes []*dispatch.Lane) error {
	for _, lane := range lanes {
		if err := lane.Shared.PlanProbe(ctx, lane.Probing.Every); err != nil {
			return fmt.Errorf("plan the probes of account %s: %w", lane.Account, err)
		}
	}
	return nil
}

// probingOf is how an account is asked how it stands; nil: it is not.
func probingOf(a *configs.Account, vendor any) *dispatch.Probing {
	if _, can := vendor.(providers.AccountProber); !can || a.Probe == nil {
		return nil
	}
	p := &dispatch.Probing{Every: a.Probe.Every}
	// The loader took both for decimal numbers.
	p.Threshold, _ = new(big.Rat).SetString(a.Probe.Threshold)
	if a.Probe.WarnBelow != "" {
		p.WarnBelow, _ = new(big.Rat).SetString(a.Probe.WarnBelow)
	}
	return p
}

// redialOf is when an account's calls are made again; nil: never.
func redialOf(a *configs.Account) *ratelimit.Redial {
	if a.Redial == nil {
		return nil
	}
	return &ratelimit.Redial{After: a.Redial.After, Max: a.Redial.Max}
}

// poolOf are the middle numbers that the account's workers may choose.
func poolOf(a *configs.Account) ([]record.PoolNumber, error) {
	pool := make([]record.PoolNumber, len(a.Pool))
	for i, digits := range a.Pool {
		n, err := phone.ParseAny(digits)
		if err != nil {
			return nil, fmt.Errorf("account %s: pool[%d]: %w", a.Name, i, err)
		}
		pool[i] = record.PoolNumber{Key: n.Key(a.Group), Digits: n.Digits()}
	}
	return pool, nil
}
