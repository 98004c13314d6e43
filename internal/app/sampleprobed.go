package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/callpacer/callpacer/internal/record"
)

// judgeProbed tells how the accounts stand, as the planned probes found. The one without
// money must be shut by its probe.
func (b *sampleBatch) judgeProbed() (line string, err error) {
	lanes, err := NewLanes(b.world.config, b.world.app.rdb, b.world.app.log).List(context.Background())
	if err != nil {
		return "", fmt.Errorf("look how the accounts stand: %w", err)
	}
	var told []string
	for _, l := range lanes {
		if l.Probe == nil {
			continue
		}
		told = append(told, strings.TrimSpace(fmt.Sprintf("%s: %s, balance %s %s", l.Account, cmp.Or(l.Probe.State, "known"), l.Probe.Balance, l.Probe.Currency)))
		shut := slices.ContainsFunc(l.Reasons, func(r LaneReason) bool { return r.Reason == record.GateHalt && strings.HasPrefix(r.Detail, "probe: ") })
		if l.Account == accountEmpty && !shut {
			err = errors.Join(err, fmt.Errorf("account %s has no money, and its probe did not shut its lane", l.Account))
		}
	}
	if len(told) == 0 {
		err = errors.Join(err, errors.New("no account was asked how it stands"))
	}
	return "Probes: " + strings.Join(told, "; ") + ".", err
}
