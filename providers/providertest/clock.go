package providertest

import (
	"net/http"
	"testing"
	"time"

	"github.com/callpacer/callpacer/providers"
)

// clock: a vendor's clock is measured against the account's own, by which its
// requests are stamped.
func (s *suite) clock(t *testing.T, act Act) {
	ahead := time.Hour
	date := Now().Add(ahead).UTC().Format(http.TimeFormat)
	v := serve(t, answers(0, map[string]string{"Date": date}, act.Accepted))
	adapter := s.adapter(t, s.settings(v.url()))
	watcher, ok := adapter.(providers.ClockWatcher)
	if !ok {
		return // it tells nobody
	}
	if got := watcher.Skew(); got != 0 {
		t.Errorf("before any answer: the vendor's clock is %v ahead, want 0", got)
	}
	s.over(t.Context(), t, act, v, adapter, Lasting())
	if got := watcher.Skew(); (got - ahead).Abs() > time.Second { // a Date header counts whole seconds
		t.Errorf("the vendor's clock is %v ahead, want %v", got, ahead)
	}
}
