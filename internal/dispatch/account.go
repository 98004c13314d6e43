package dispatch

import (
	"context"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/ratelimit"
	"github.com/callpacer/callpacer/tasks"
)

// probeRetry is the least time between two tries of a probe.
const probeRetry = 30 * time.Second

// Probe is one run of an account job: it asks the vendor how the account stands
// and keeps the answer in the record. It charges nothing; where all is well it
// opens a lane that the vendor's refusals had halted.
func (l *Lane) Probe(ctx context.Context, id string) (record.State, error) {
	waitCtx, release := l.follow.waitable(ctx)
	defer release()
	rec, state, err := l.begin(waitCtx, id, tasks.KindAccount)
	if err != nil || rec == nil {
		return state, err
	}
	prober, ok := l.Vendor.(providers.AccountProber)
	if !ok {
		return l.refuse(ctx, id, "account "+l.Account+" serves no account jobs")
	}
	if _, err := l.QueryPace.Turn(waitCtx, ratelimit.RankNormal); err != nil {
		return rec.State, givenBack(ctx, err)
	}
	asking, cancel := context.WithTimeout(waitCtx, l.Timeout)
	defer cancel()
	result := prober.Probe(asking)
	if waitCtx.Err() != nil {
		return rec.State, givenBack(ctx, waitCtx.Err())
	}
	switch result.Class {
	case providers.ClassOK:
		if good(result) {
			if err := l.reopen(ctx); err != nil {
				return "", err
			}
		}
		return l.nothing(ctx, id, nil, standing(result))
	case providers.ClassPermanent, providers.ClassHalted:
		return l.failed(ctx, id, providers.CauseAccount, "the vendor refused to tell: "+result.VendorCode+" "+result.VendorText)
	case providers.ClassPending, providers.ClassRetryLater, providers.ClassRateLimited, providers.ClassUncertain:
	}
	_, state, err = l.putOff(ctx, id, record.Delay{
		In: max(probeRetry, result.RetryAfter), Reason: record.HoldRetry, Detail: "the vendor did not tell",
		Code: result.VendorCode, Text: result.VendorText, Cause: string(providers.CauseNetworkFailure), MaxAttempts: l.MaxAttempts,
	})
	return state, err
}

// good says that what an account has is not used up, as far as a probe tells.
func good(r providers.ProbeResult) bool {
	have, told := new(big.Rat), false
	for _, amount := range []string{r.Balance, r.Overdraft} {
		if n, ok := new(big.Rat).SetString(amount); ok {
			have.Add(have, n)
			told = true
		}
	}
	return !told || have.Sign() > 0
}

func (l *Lane) reopen(ctx context.Context) error {
	if l.Shared == nil {
		return nil
	}
	opened, err := l.Shared.Open(ctx, record.GateHalt)
	if err != nil {
		return fmt.Errorf("open the lane after a good probe: %w", err)
	}
	if len(opened) > 0 {
		l.Log.Info("the account is well again: the lane is no longer halted")
		if l.Gated != nil {
			l.Gated()
		}
	}
	return nil
}

// standing says how an account stands in one line.
func standing(r providers.ProbeResult) string {
	var words []string
	for _, w := range []struct{ name, value string }{
		{"state", r.State}, {"balance", r.Balance}, {"overdraft", r.Overdraft}, {"currency", r.Currency},
	} {
		if w.value != "" {
			words = append(words, w.name+" "+w.value)
		}
	}
	if len(words) == 0 {
		return "the vendor answered, and told nothing"
	}
	return strings.Join(words, ", ")
}
