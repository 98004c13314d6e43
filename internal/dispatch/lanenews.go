package dispatch

import (
	"context"
	"fmt"
	"strings"

	"github.com/callpacer/callpacer/internal/explain"
	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/ratelimit"
	"github.com/callpacer/callpacer/tasks"
)

// newsOf is the table from a vendor's outcome to what it says of the whole lane:
// whether the vendor works, and whether nothing more may go out.
func (l *Lane) newsOf(o providers.Outcome) *record.LaneNews {
	news := record.LaneNews{Breaker: l.Breaker, Detail: detailOf(o)}
	switch {
	case o.Signal == providers.SignalTooFrequent:
		news.Health, news.Gate, news.GateFor = record.HealthOK, record.GateFrequency, max(o.RetryAfter, frequencyDelay)
	case o.Signal == providers.SignalWindow:
		news.Health, news.Gate, news.GateFor = record.HealthOK, record.GateWindow, max(o.RetryAfter, windowDelay)
	case o.Class == providers.ClassHalted:
		news.Health, news.Gate, news.Detail = record.HealthOK, record.GateHalt, strings.TrimSpace(string(o.Halt)+" "+news.Detail)
	case o.Unsent && o.VendorText == permitOver, o.Unsent && o.Class == providers.ClassOK, o.Unsent && o.Class == providers.ClassPermanent:
		news.Health = record.HealthNone // nothing was asked of the vendor
	case o.Class == providers.ClassUncertain, o.Class == providers.ClassRetryLater && o.Signal == providers.SignalNone && o.MaxTries == 0:
		news.Health = record.HealthFailed
	case o.Class == providers.ClassPermanent && o.Placed == providers.PlacedMaybe:
		news.Health = record.HealthNone
	default:
		news.Health = record.HealthOK
	}
	return &news
}

func detailOf(o providers.Outcome) string {
	return strings.TrimSpace(o.VendorCode + " " + o.VendorText)
}

// Suppression keeps the numbers that nothing may dial.
type Suppression interface {
	Suppress(ctx context.Context, p Person, reason string) error
}

// Person is somebody whom a job is about.
type Person struct {
	Key    string // of his number on the suppression list, the same in every group
	Masked string
}

// suppress keeps the numbers of a call that the vendor blacklists.
func (l *Lane) suppress(ctx context.Context, people []Person, o providers.Outcome) error {
	if o.Signal != providers.SignalSuppressed || l.Suppression == nil {
		return nil
	}
	for _, p := range people {
		if err := l.Suppression.Suppress(ctx, p, "the vendor blacklists it: "+detailOf(o)); err != nil {
			return fmt.Errorf("suppress a number: %w", err)
		}
	}
	return nil
}

// peopleOf are those whom a job is about.
func peopleOf(k tasks.Kind, c tasks.Content) ([]Person, error) {
	numbers, err := explain.People(k, c)
	if err != nil {
		return nil, err
	}
	var people []Person
	for _, number := range numbers {
		people = append(people, Person{Key: ratelimit.SuppressionKey(number), Masked: number.String()})
	}
	return people, nil
}

// masksOf are the numbers under the rules as people may see them, in the record's order.
func masksOf(r *record.Record) string {
	if r.Kind == string(tasks.KindConnect) {
		return r.From + "," + r.To
	}
	return r.To
}
