package tasks

import (
	"errors"
	"testing"
	"time"
)

func TestLifeOfAJob(t *testing.T) {
	now := time.Date(2026, 1, 2, 9, 0, 0, 0, time.UTC)
	in := now.Add
	for name, c := range map[string]struct {
		notBefore, expiresAt time.Time
		expiresIn            time.Duration
		wantAt               time.Time
		wantIn               time.Duration
		field                string
	}{
		"nothing given":                   {wantIn: 24 * time.Hour},
		"a start ahead moves the end":     {notBefore: in(72 * time.Hour), wantAt: in(96 * time.Hour)},
		"a start gone by does not":        {notBefore: in(-72 * time.Hour), wantIn: 24 * time.Hour},
		"a start now does not":            {notBefore: now, wantIn: 24 * time.Hour},
		"an end stays":                    {notBefore: in(time.Hour), expiresAt: in(2 * time.Hour), wantAt: in(2 * time.Hour)},
		"a span counts from now":          {notBefore: in(time.Hour), expiresIn: 2 * time.Hour, wantIn: 2 * time.Hour},
		"a span that ends at the start":   {notBefore: in(2 * time.Hour), expiresIn: 2 * time.Hour, field: "not_before"},
		"a span that ends just after it":  {notBefore: in(2*time.Hour - 1), expiresIn: 2 * time.Hour, wantIn: 2 * time.Hour},
		"a span that ends well before it": {notBefore: in(72 * time.Hour), expiresIn: 2 * time.Hour, field: "not_before"},
	} {
		t.Run(name, func(t *testing.T) {
			j := checkedJob{Job: Job{NotBefore: c.notBefore, ExpiresAt: c.expiresAt, ExpiresIn: c.expiresIn}}
			err := j.settleLife(now)
			if c.field != "" {
				if err == nil || err.Field != c.field {
					t.Fatalf("error %v, want one of %s", err, c.field)
				}
				return
			}
			if err != nil || !j.ExpiresAt.Equal(c.wantAt) || j.ExpiresIn != c.wantIn {
				t.Errorf("at %v, in %v, error %v; want at %v, in %v", j.ExpiresAt, j.ExpiresIn, err, c.wantAt, c.wantIn)
			}
		})
	}
}

func TestDifferingNamesTheField(t *testing.T) {
	first := map[string]string{"kind": "a", "params": "b", "to": "c"}
	for want, now := range map[string]map[string]string{
		"params":  {"kind": "a", "params": "x", "to": "c"},
		"kind":    {"from": "x", "kind": "x", "params": "x", "to": "c"},  // before the fields that come with it
		"times":   {"kind": "a", "params": "b", "to": "c", "times": "d"}, // an older version knew none
		"content": {"kind": "a", "params": "b", "to": "c"},
	} {
		if got := differing(first, now); got != want {
			t.Errorf("%v: %s, want %s", now, got, want)
		}
	}
}

func TestContentIsReadBack(t *testing.T) {
	j, err := Job{Account: "a", To: "138 0000 0001", Template: "T", Params: []string{"<&>", "二"}, Times: 2}.checked()
	if err != nil {
		t.Fatal(err)
	}
	content, _, _, err := j.content("")
	if err != nil {
		t.Fatal(err)
	}
	n, err := DecodeContent(KindNotify, content)
	if err != nil || n.To != "13800000001" || n.Template != "T" || n.Times != 2 || len(n.Params) != 2 || n.Params[0] != "<&>" {
		t.Errorf("%+v, %v", n, err)
	}
	for _, broken := range []string{"", "null", "{}", "[]", `{"to":1}`, `{"template":"T"}`} {
		if n, err := DecodeContent(KindNotify, broken); err == nil {
			t.Errorf("%q was read as %+v", broken, n)
		}
	}
}

func TestFieldErrorsAreNoNilInterfaces(t *testing.T) {
	if err := (Job{Account: "a", To: "13800000001", Template: "T"}).Validate(); !errors.Is(err, nil) {
		t.Errorf("a good job: %#v", err)
	}
}
