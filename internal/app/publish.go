package app

import (
	"context"
	"maps"
	"slices"

	"github.com/callpacer/callpacer/internal/roster"
	"github.com/callpacer/callpacer/tasks"
)

// publish makes the accounts known to producers, and says loudly where workers
// disagree on rules.
func (a *App) publish(ctx context.Context) error {
	var own []tasks.Account
	for i := range a.config.Accounts {
		published, err := roster.Account(&a.config.Accounts[i], a.config)
		if err != nil {
			return err
		}
		conflict, err := tasks.Publish(ctx, a.rdb, published)
		if err != nil {
			return err
		}
		if conflict != "" {
			a.log.Error(conflict)
		}
		own = append(own, published)
	}
	known, err := tasks.Accounts(ctx, a.rdb)
	if err != nil {
		return err
	}
	a.compareNumberRules(own, known)
	return nil
}

// compareNumberRules names each pair of accounts, one of them ours, that share
// counts per number and keep different rules over them.
func (a *App) compareNumberRules(own []tasks.Account, known map[string]tasks.Account) {
	said := map[string]bool{} // of ours, all pairs
	for _, mine := range own {
		said[mine.Name] = true
		for _, name := range slices.Sorted(maps.Keys(known)) {
			other := known[name]
			// Workers older than the fingerprint published none.
			if said[name] || other.Group != mine.Group || other.NumberRules == "" || other.NumberRules == mine.NumberRules {
				continue
			}
			a.log.Errorf("accounts %s and %s share group %s, but their rules per number differ (per_number, one_at_a_time, "+
				"lockout or the day's time zone); give both the same, or the strictest will not hold", mine.Name, name, mine.Group)
		}
	}
}
