package app

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/callpacer/callpacer/internal/dispatch"
	"github.com/callpacer/callpacer/ratelimit"
	"github.com/callpacer/callpacer/tasks"
)

// suppressEvery is how often a worker looks whether the groups' copies of the
// suppression list are whole.
const suppressEvery = 30 * time.Second

// blacklist puts the numbers that vendors blacklist on the suppression list.
type blacklist struct{ app *App }

var _ dispatch.Suppression = blacklist{}

// Suppress implements dispatch.Suppression.
func (b blacklist) Suppress(ctx context.Context, p dispatch.Person, reason string) error {
	groups, err := b.app.groups(ctx)
	if err != nil {
		return err
	}
	return b.app.suppression.Add(ctx, groups, ratelimit.Suppressed{Key: p.Key, Masked: p.Masked, Reason: oneLine(reason)})
}

// oneLine is a reason as the list takes it.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	if runes := []rune(s); len(runes) > ratelimit.LongestReason {
		s = string(runes[:ratelimit.LongestReason])
	}
	return s
}

// groups are all that any worker serves.
func (a *App) groups(ctx context.Context) ([]string, error) {
	known, err := tasks.Accounts(ctx, a.rdb)
	if err != nil {
		return nil, err
	}
	groups := map[string]bool{}
	for _, account := range known {
		groups[account.Group] = true
	}
	for i := range a.config.Accounts {
		groups[a.config.Accounts[i].Group] = true
	}
	return slices.Sorted(maps.Keys(groups)), nil
}

func (a *App) syncSuppression(ctx context.Context) error {
	groups, err := a.groups(ctx)
	if err != nil {
		return err
	}
	return a.suppression.Sync(ctx, groups)
}

// keepSuppression sees to it, before the first call and from then on, that each
// group knows the whole suppression list.
func (a *App) keepSuppression(ctx context.Context) error {
	if err := a.syncSuppression(ctx); err != nil {
		return err
	}
	a.keep("suppression list", suppressEvery, "the suppression list could not be compared; tried again", a.syncSuppression)
	return nil
}
