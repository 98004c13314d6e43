package pushtoken_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/callpacer/callpacer/internal/pushtoken"
)

const id = "jumdata.01JZZZZZZZZZZZZZZZZZZZZZZZ"

func TestTokenIsOfOneAttempt(t *testing.T) {
	s := pushtoken.New([]byte("secret"))
	token := s.Attempt("main", id, 2)
	if gotID, n, ok := s.Verify("main", token); !ok || gotID != id || n != 2 {
		t.Fatalf("%s: %s %d %v", token, gotID, n, ok)
	}
	mac := token[strings.LastIndexByte(token, '.')+1:]
	for name, wrong := range map[string]string{
		"no job's id":        s.Attempt("main", "", 2),
		"another attempt":    id + ".3." + mac,
		"attempt with zero":  id + ".02." + mac,
		"attempt with plus":  id + ".+2." + mac,
		"attempt with space": id + ".2 ." + mac,
		"another job":        "jumdata.01JZZZZZZZZZZZZZZZZZZZZZZY.2." + mac,
		"another secret":     pushtoken.New([]byte("Secret")).Attempt("main", id, 2),
		"no secret":          pushtoken.New(nil).Attempt("main", id, 2),
		"attempt zero":       s.Attempt("main", id, 0),
		"attempt below":      s.Attempt("main", id, -1),
		"upper case":         id + ".2." + strings.ToUpper(mac),
		"cut short":          token[:len(token)-1],
		"made longer":        token + "a",
		"no mac":             id + ".2.",
		"no attempt":         id + "." + mac,
		"no job":             "2." + mac,
		"mac alone":          mac,
		"a dot":              ".",
		"dots":               "...",
		"empty":              "",
		"huge attempt":       id + ".99999999999999999999." + mac,
		"zero byte":          id + ".2." + mac + "\x00",
	} {
		if gotID, n, ok := s.Verify("main", wrong); ok || gotID != "" || n != 0 {
			t.Errorf("%s: %q is taken for %s attempt %d (%v)", name, wrong, gotID, n, ok)
		}
	}
	for _, account := range []string{"", "mai", "main2", "MAIN", "main\x00"} {
		if _, _, ok := s.Verify(account, token); ok {
			t.Errorf("account %q takes main's token", account)
		}
	}
}

// Vendors push to URLs that an earlier version made: tokens stay as they are.
// The code is HMAC-SHA256 under "secret" of "push", account, id and attempt,
// joined by zero bytes; its first 15 bytes in lower-case base32.
func TestTokenStaysWhatItWas(t *testing.T) {
	const want = id + ".2.k3y2nmhlektd3vcinhpaqzdx"
	if got := pushtoken.New([]byte("secret")).Attempt("main", id, 2); got != want {
		t.Errorf("token %s, want %s", got, want)
	}
	// The account's own stands for attempt 0 of "account".
	const whole = "account.hheyowiboo745rh7pbdrbsat"
	if got := pushtoken.New([]byte("secret")).Account("main"); got != whole {
		t.Errorf("the account's token %s, want %s", got, whole)
	}
}

// Every change of one character breaks a token.
func TestTokenHasOneSpelling(t *testing.T) {
	s := pushtoken.New([]byte("secret"))
	token := s.Attempt("main", id, 12)
	for i := range token {
		for c := range 128 {
			other := token[:i] + string(rune(c)) + token[i+1:]
			if _, _, ok := s.Verify("main", other); ok != (other == token) {
				t.Fatalf("%q: %v", other, ok)
			}
		}
	}
}

func TestNoSecretVerifiesNothing(t *testing.T) {
	for _, s := range []pushtoken.Signer{{}, pushtoken.New(nil), pushtoken.New([]byte{})} {
		if _, _, ok := s.Verify("main", s.Attempt("main", id, 1)); ok {
			t.Error("a signer without a secret verified its own token")
		}
	}
}

func TestSecretIsTheSignersOwn(t *testing.T) {
	secret := []byte("secret")
	s := pushtoken.New(secret)
	token := s.Attempt("main", id, 1)
	clear(secret)
	if _, _, ok := s.Verify("main", token); !ok {
		t.Error("the signer changed with the caller's bytes")
	}
}

// The URL must stay within what vendors take, and in characters that their
// signatures leave alone.
func TestURLOfTheLongestNames(t *testing.T) {
	s := pushtoken.New([]byte("secret"))
	longest, account := strings.Repeat("g", 24)+".01JZZZZZZZZZZZZZZZZZZZZZZZ", strings.Repeat("a", 24)
	for _, n := range []int{1, 999} {
		token := s.Attempt(account, longest, n)
		if i := strings.IndexFunc(token, func(r rune) bool {
			return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-", r)
		}); i >= 0 {
			t.Errorf("token %s has %q", token, token[i])
		}
		url := "https://voice-callbacks.production.example-company.com.cn/gateway/callpacer/callbacks/" + account + "/" + token
		if len(url) > 255 {
			t.Errorf("the URL has %d characters: %s", len(url), url)
		}
	}
}

func TestNoPrinterShowsTheSecret(t *testing.T) {
	type holder struct {
		Shown  pushtoken.Signer
		hidden pushtoken.Signer
	}
	s := pushtoken.New([]byte("sesame"), []byte("sesame"))
	h := holder{s, s}
	for _, v := range []any{s, &s, h, &h, []pushtoken.Signer{s}, h.hidden} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x", "%q"} {
			// As text, as numbers, as hexadecimal.
			out := fmt.Sprintf(verb, v)
			for _, form := range []string{"sesame", "115 101 115", "736573616d65", "0x73, 0x65"} {
				if strings.Contains(out, form) {
					t.Errorf("%s of %T: %s", verb, v, out)
				}
			}
		}
		if b, err := json.Marshal(v); err == nil && strings.Contains(string(b), "sesame") {
			t.Errorf("JSON of %T: %s", v, b)
		}
	}
}

// How long a comparison takes cannot be measured here; what compares can be read.
func TestComparisonTakesConstantTime(t *testing.T) {
	source, err := os.ReadFile("pushtoken.go")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(source), "hmac.Equal([]byte(mac), []byte(code(secret, ") {
		t.Error("Verify does not compare the codes with hmac.Equal")
	}
}

// Addresses are made with the current secret alone; those made with one before
// it stay good until it is taken out.
func TestRotation(t *testing.T) {
	first, second, third := []byte("first"), []byte("second"), []byte("third")
	old, mid := pushtoken.New(first), pushtoken.New(second, first)
	now := pushtoken.New(third, second, nil, first)
	if now.Attempt("main", id, 1) != pushtoken.New(third).Attempt("main", id, 1) || now.Account("main") != pushtoken.New(third).Account("main") {
		t.Error("tokens are not made with the current secret")
	}
	for name, c := range map[string]struct {
		by, of pushtoken.Signer
		ok     bool
	}{
		"current":            {now, now, true},
		"one before":         {now, mid, true},
		"two before":         {now, old, true},
		"one that came":      {old, mid, false},
		"later by earlier":   {mid, now, false},
		"taken out":          {pushtoken.New(third, second), old, false},
		"of another":         {now, pushtoken.New([]byte("fourth"), third), false},
		"no secret":          {now, pushtoken.Signer{}, false},
		"previous alone":     {pushtoken.New(nil, first), old, false},
		"an empty one":       {pushtoken.New(third, nil, []byte{}), pushtoken.New(nil), false},
		"an empty one, zero": {pushtoken.New(third, []byte{}), pushtoken.Signer{}, false},
	} {
		gotID, n, ok := c.by.Verify("main", c.of.Attempt("main", id, 3))
		if ok != c.ok || ok && (gotID != id || n != 3) || !ok && (gotID != "" || n != 0) {
			t.Errorf("%s: attempt: %q %d %v, want %v", name, gotID, n, ok, c.ok)
		}
		if _, _, ok := c.by.Verify("main", c.of.Account("main")); ok != c.ok {
			t.Errorf("%s: account: %v, want %v", name, ok, c.ok)
		}
		if _, _, ok := c.by.Verify("other", c.of.Account("main")); ok {
			t.Errorf("%s: another account takes main's token", name)
		}
	}
}

func TestPreviousSecretsAreTheSignersOwn(t *testing.T) {
	secret := []byte("first")
	s := pushtoken.New([]byte("second"), secret)
	clear(secret)
	if _, _, ok := s.Verify("main", pushtoken.New([]byte("first")).Account("main")); !ok {
		t.Error("the signer changed with the caller's bytes")
	}
}

func FuzzVerify(f *testing.F) {
	s := pushtoken.New([]byte("secret"))
	f.Add("main", s.Attempt("main", id, 1))
	f.Add("main", s.Account("main"))
	f.Add("main", "a.1.b")
	f.Add("", "...")
	f.Fuzz(func(t *testing.T, account, token string) {
		gotID, n, ok := s.Verify(account, token)
		want := s.Attempt(account, gotID, n)
		if gotID == "" {
			want = s.Account(account)
		}
		if ok && want != token {
			t.Errorf("%q is taken for %q attempt %d of %q, whose token is another", token, gotID, n, account)
		}
	})
}

func FuzzAttempt(f *testing.F) {
	s := pushtoken.New([]byte("secret"))
	f.Add("main", id, 1)
	f.Add("a\x00b", "c.d", 7)
	f.Fuzz(func(t *testing.T, account, id string, n int) {
		if n < 1 || id == "" {
			return
		}
		gotID, gotN, ok := s.Verify(account, s.Attempt(account, id, n))
		if !ok || gotID != id || gotN != n {
			t.Errorf("attempt %d of %q was read as %d of %q (%v)", n, id, gotN, gotID, ok)
		}
	})
}

// The token of the whole account is one of its own: it names no job, and no
// attempt's token can be read as it.
func TestTokenOfTheWholeAccount(t *testing.T) {
	s := pushtoken.New([]byte("secret"))
	token := s.Account("main")
	if gotID, n, ok := s.Verify("main", token); !ok || gotID != "" || n != 0 {
		t.Fatalf("%s: %q %d %v", token, gotID, n, ok)
	}
	mac := token[strings.LastIndexByte(token, '.')+1:]
	attempt := s.Attempt("main", id, 1)
	for name, wrong := range map[string]string{
		"another account's":      s.Account("main2"),
		"another secret":         pushtoken.New([]byte("Secret")).Account("main"),
		"no secret":              pushtoken.New(nil).Account("main"),
		"no mac":                 "account.",
		"no dot":                 "account",
		"an attempt's mac":       "account." + attempt[strings.LastIndexByte(attempt, '.')+1:],
		"as an attempt":          "account.0." + mac,
		"as the first attempt":   "account.1." + mac,
		"as an attempt of a job": id + ".1." + mac,
		"upper case":             strings.ToUpper(token),
		"cut short":              token[:len(token)-1],
	} {
		if gotID, n, ok := s.Verify("main", wrong); ok || gotID != "" || n != 0 {
			t.Errorf("%s: %q is taken for %s attempt %d (%v)", name, wrong, gotID, n, ok)
		}
	}
	for i := range token {
		for c := range 128 {
			other := token[:i] + string(rune(c)) + token[i+1:]
			if _, _, ok := s.Verify("main", other); ok != (other == token) {
				t.Fatalf("%q: %v", other, ok)
			}
		}
	}
	for _, s := range []pushtoken.Signer{{}, pushtoken.New(nil)} {
		if _, _, ok := s.Verify("main", s.Account("main")); ok {
			t.Error("a signer without a secret verified its own token")
		}
	}
}
