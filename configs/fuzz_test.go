package configs

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/phone"
)

// FuzzLoad: whatever the bytes are, Load answers; an error names the file, and
// what loads keeps the promises that the rest of callpacer relies on.
func FuzzLoad(f *testing.F) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range append(files, "callpacer.yaml", "minimal.yaml") {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	f.Add(switchedOff.ReplaceAllString(Example, "$1"))
	f.Add(interlineWith(`pool: ["+86 170-0000-0001", 95001]`, `probe: {every: 1m, threshold: "-20.5", warn_below: 7}`))
	f.Add(withAccount(vendorDingxin, "redial: {busy: off, no_answer: 1m, power_off: 24h, max: 10}"))
	env := exampleEnv()
	f.Fuzz(func(t *testing.T, data string) {
		cfg, err := loadWith(data, "fuzz.yaml", env, map[string]string{"f": clearText})
		if err != nil {
			var all *Error
			if !errors.As(err, &all) || len(all.Problems) == 0 || cfg != nil {
				t.Fatalf("error of another kind: %v", err)
			}
			return
		}
		if _, err := cfg.Redis.Options(); err != nil {
			t.Errorf("redis: %v", err)
		}
		for i := range cfg.Accounts {
			checkPromises(t, &cfg.Accounts[i])
		}
		cfg.NotBuilt()
	})
}

func checkPromises(t *testing.T, a *Account) {
	t.Helper()
	r := a.Rules
	if !namePattern.MatchString(a.Name) || !namePattern.MatchString(a.Group) || a.BaseURL == "" || len(a.Credentials) == 0 {
		t.Errorf("account without a name, address or credential: %+v", a)
	}
	if a.Concurrency < 1 || a.Timeout <= 0 || a.InDoubtDeadline <= 0 || len(a.Retry.Backoff) == 0 || len(a.Poll.Backoff) == 0 {
		t.Errorf("account without limits: %+v", a)
	}
	if w := r.Window; w != nil {
		if w.Open == w.Close || w.Open < 0 || w.Open >= 24*time.Hour || w.Close < 0 || w.Close > 24*time.Hour || w.Zone == nil ||
			w.OpenGuard < 0 || w.EndGuard < 0 || !w.AlwaysOpen() && w.OpenGuard+w.EndGuard >= w.Length() {
			t.Errorf("window = %+v", w)
		}
	}
	for _, q := range r.PerNumber {
		if q.Limit < 1 || q.CalendarDay == (q.Per > 0) || q.Margin < 0 {
			t.Errorf("quota = %+v", q)
		}
	}
	for _, rate := range []Rate{r.Rate, r.QueryRate} {
		if rate.Off == (rate.PerSecond > 0 && rate.Burst > 0) {
			t.Errorf("rate = %+v", rate)
		}
	}
	if r.DayZone == nil {
		t.Error("no day zone")
	}
	if len(a.Pool) > maxPool || len(a.Pool) > 0 && a.Vendor != vendorInterline {
		t.Errorf("%s has a pool of %d numbers", a.Vendor, len(a.Pool))
	}
	checkOptionalPromises(t, a)
}

func checkOptionalPromises(t *testing.T, a *Account) {
	t.Helper()
	for i, number := range a.Pool {
		if n, err := phone.ParseAny(number); err != nil || n.Digits() != number || slices.Contains(a.Pool[:i], number) {
			t.Errorf("pool[%d] is not one normalised number: %v", i, err)
		}
	}
	if p := a.Probe; p != nil {
		threshold, err := strconv.ParseFloat(p.Threshold, 64)
		warnBelow, warnErr := strconv.ParseFloat(p.WarnBelow, 64)
		if p.Every < shortest || p.Every > 24*time.Hour || err != nil || p.WarnBelow != "" && (warnErr != nil || warnBelow <= threshold) {
			t.Errorf("probe = %+v", p)
		}
	}
	if r := a.Redial; r != nil {
		if r.Max < 1 || r.Max > 10 || len(r.After) == 0 || a.Vendor == vendorInterline {
			t.Errorf("redial = %+v", r)
		}
		for cause, after := range r.After {
			if slices.Contains(neverRedialled, cause) || after < shortest || after > 24*time.Hour {
				t.Errorf("redial after %s: %s", cause, after)
			}
		}
	}
}
