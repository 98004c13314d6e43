package dispatch

import (
	"cmp"
	"context"
	"fmt"
	"math/big"
	"regexp"
	"strings"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/ratelimit"
	"github.com/callpacer/callpacer/tasks"
)

// probeRetry is the least time between two tries of a probe.
const probeRetry = 30 * time.Second

// toldNothing is why an answer that was read brought nothing.
const toldNothing = "the answer tells neither state nor balance"

// Probing is how an account is asked how it stands, and what is too little. The amounts
// are in the vendor's currency.
type Probing struct {
	Every     time.Duration
	Threshold *big.Rat // of balance and overdraft together: at most that much shuts the lane
	WarnBelow *big.Rat // less than that is warned of once; nil: never
}

// Probe is one run of an account job: it asks the vendor how the account stands and
// keeps the answer, in the record and with the lane. It charges nothing.
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
	result, asked, err := l.askAccount(ctx, waitCtx, prober)
	if err != nil {
		return rec.State, err
	}
	if err := l.learn(ctx, l.newsOfAccount(result, asked)); err != nil {
		return "", err
	}
	switch {
	case told(result):
		return l.nothing(ctx, id, nil, standing(result))
	case result.Class == providers.ClassPermanent, result.Class == providers.ClassHalted:
		return l.failed(ctx, id, providers.CauseAccount, "the vendor refused to tell: "+result.VendorCode+" "+result.VendorText)
	}
	_, state, err = l.putOff(ctx, id, record.Delay{
		In: max(probeRetry, result.RetryAfter), Reason: record.HoldRetry, Detail: notTold(result),
		Code: result.VendorCode, Text: result.VendorText, Cause: string(providers.CauseNetworkFailure), MaxAttempts: l.MaxAttempts,
	})
	return state, err
}

// PlannedProbe is one run of a probe that the group's outbox brought: its task is
// "<entry>~<n>". It has no record; what it brings is kept with the lane.
func (l *Lane) PlannedProbe(ctx context.Context, task string) error {
	waitCtx, release := l.follow.waitable(ctx)
	defer release()
	member, seq, ok := tasks.SplitSequenced(task)
	prober, can := l.Vendor.(providers.AccountProber)
	if !ok || !can || member != record.ProbeID(l.Group, l.Account) {
		l.Log.WithField("task", task).Error("a probe's task is none of this account's; nothing is asked")
		return nil
	}
	if l.Probing == nil {
		l.Log.Warn("probe is off for this account here and on with another worker, which planned a question: " +
			"it is not put, and the probe rests until that worker plans it again; give all workers the same probe")
		return l.Shared.PlanProbe(ctx, 0)
	}
	result, asked, err := l.askAccount(ctx, waitCtx, prober)
	if err != nil {
		return err
	}
	news := l.newsOfAccount(result, asked)
	news.Seq, news.NextIn, news.Rest = seq, l.Probing.Every, result.RetryAfter
	// Else the task comes back, and the vendor is asked once more.
	return persist(ctx, func(ctx context.Context) error { return l.learn(ctx, news) })
}

// askAccount asks the vendor, in the turn of the account's queries. asked is before the
// question, by the group's clock.
func (l *Lane) askAccount(ctx, waitCtx context.Context, prober providers.AccountProber) (result providers.ProbeResult, asked time.Time, err error) {
	if _, err := l.QueryPace.Turn(waitCtx, ratelimit.RankNormal); err != nil {
		return result, asked, givenBack(ctx, err)
	}
	if asked, err = l.Store.Now(waitCtx); err != nil {
		return result, asked, fmt.Errorf("ask how the account stands: %w", err)
	}
	asking, cancel := context.WithTimeout(waitCtx, l.Timeout)
	defer cancel()
	result = prober.Probe(asking)
	if waitCtx.Err() != nil {
		return result, asked, givenBack(ctx, waitCtx.Err())
	}
	return result, asked, nil
}

// told says that the vendor told how the account stands, well or badly: a state, or a
// balance that can be read.
func told(r providers.ProbeResult) bool {
	return (r.Class == providers.ClassOK || r.Class == providers.ClassHalted) && (r.State != "" || readable(r.Balance) != "")
}

func notTold(r providers.ProbeResult) string {
	if r.Class == providers.ClassOK {
		return toldNothing
	}
	return "the vendor did not tell"
}

// newsOfAccount is what an answer says of the lane. A vendor that refuses to tell says
// nothing of it, unless it says that the account itself is shut.
func (l *Lane) newsOfAccount(r providers.ProbeResult, asked time.Time) ratelimit.ProbeNews {
	n := ratelimit.ProbeNews{Asked: asked, Told: told(r), Probed: ratelimit.Probed{
		State: r.State, Balance: readable(r.Balance), Overdraft: readable(r.Overdraft), Currency: r.Currency,
		Why: cmp.Or(strings.TrimSpace(r.VendorCode+" "+r.VendorText), string(r.Class)),
	}}
	if r.Class == providers.ClassOK && !n.Told {
		n.Why = toldNothing // the code says only that the question was understood
	}
	have, known := sum(r.Balance, r.Overdraft)
	threshold := new(big.Rat)
	if l.Probing != nil && l.Probing.Threshold != nil {
		threshold = l.Probing.Threshold
	}
	switch {
	case n.Told && (r.State == "suspended" || r.State == "closed"):
		n.Bad = "the account is " + r.State
	case r.Class == providers.ClassHalted && r.Halt == providers.HaltAccount:
		n.Told, n.Bad = true, "the account: "+n.Why
	case n.Told && known && have.Cmp(threshold) <= 0:
		n.Bad = "balance and overdraft are " + amount(have) + " " + r.Currency + ", and at most " + amount(threshold) + " shuts the lane"
	case r.Class == providers.ClassHalted && r.Halt == providers.HaltBalance && !known:
		n.Told, n.Bad = true, "the balance: "+n.Why
	default:
		// A state alone says nothing of the money for want of which a lane may be halted.
		n.Good = n.Told && known
	}
	if known && l.Probing != nil && l.Probing.WarnBelow != nil {
		low := have.Cmp(l.Probing.WarnBelow) < 0
		n.Low = &low
	}
	return n
}

// plainDecimal is stricter than big.Rat, which reads fractions, other bases and
// exponents that unfold into huge numbers.
var plainDecimal = regexp.MustCompile(`^-?[0-9]{1,120}(\.[0-9]{1,120})?$`)

// readable is an amount of money that can be read, else empty.
func readable(amount string) string {
	if !plainDecimal.MatchString(amount) {
		return ""
	}
	return amount
}

// sum is balance and overdraft together; false: the balance is not told.
func sum(balance, overdraft string) (*big.Rat, bool) {
	have, ok := new(big.Rat).SetString(readable(balance))
	if !ok {
		return nil, false
	}
	if credit, ok := new(big.Rat).SetString(readable(overdraft)); ok {
		have.Add(have, credit)
	}
	return have, true
}

func amount(n *big.Rat) string {
	return strings.TrimSuffix(strings.TrimRight(n.FloatString(6), "0"), ".")
}

// learn keeps what a probe told, and says what it changed.
func (l *Lane) learn(ctx context.Context, n ratelimit.ProbeNews) error {
	if l.Shared == nil {
		return nil
	}
	change, err := l.Shared.Probed(ctx, n)
	if err != nil {
		return fmt.Errorf("keep how the account stands: %w", err)
	}
	switch {
	case change.Stale:
		return nil
	case change.Opened:
		l.Log.Info("the account is well again: the lane is no longer halted")
	case change.Shut:
		l.Log.Errorf("the lane is halted until the account is well again: %s", n.Bad)
	case !n.Told:
		l.Log.Warnf("the vendor did not tell how the account stands: %s", n.Why)
	}
	if change.Low {
		l.Log.Warnf("the account has little left: balance %s, overdraft %s %s; it is not said again before there is more", n.Balance, n.Overdraft, n.Currency)
	}
	if (change.Opened || change.Shut) && l.Gated != nil {
		l.Gated()
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
	return strings.Join(words, ", ")
}
