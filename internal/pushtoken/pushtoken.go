// Package pushtoken makes and checks the tokens in the URLs that vendors push
// to. A token names one attempt of one job, so a late push about the first
// attempt cannot end the second; or an account, for vendors whose push address
// is set once on their side.
package pushtoken

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"strconv"
	"strings"
)

var encoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// Signer makes tokens with one secret, and verifies those made with it or with
// one of its predecessors. The zero Signer verifies none.
type Signer struct {
	// A function, so that no printer can show what it returns: the secret, then
	// those before it.
	secrets func() [][]byte
}

// New returns a signer that makes tokens with the secret and still takes those
// made with a previous one; empty previous ones are left out. Without a secret
// it verifies no token, its own neither.
func New(secret []byte, previous ...[]byte) Signer {
	if len(secret) == 0 {
		return Signer{}
	}
	own := [][]byte{bytes.Clone(secret)}
	for _, p := range previous {
		if len(p) > 0 {
			own = append(own, bytes.Clone(p))
		}
	}
	return Signer{secrets: func() [][]byte { return own }}
}

// Attempt returns "<id>.<n>.<mac>": letters, digits, dots and dashes only, for
// vendors whose signatures choke on anything else.
func (s Signer) Attempt(account, id string, n int) string {
	return id + "." + strconv.Itoa(n) + "." + s.mac(account, id, n)
}

// Account returns "account.<mac>", which stands for the whole account.
func (s Signer) Account(account string) string {
	return wholeAccount + "." + s.mac(account, wholeAccount, 0)
}

// wholeAccount is no job's id: it has no group.
const wholeAccount = "account"

// Verify returns the attempt that a token of the account names, if we made it;
// an empty id and 0 for the token of the whole account.
func (s Signer) Verify(account, token string) (id string, n int, ok bool) {
	rest, mac, found := cutLast(token)
	if !found {
		return "", 0, false
	}
	if rest == wholeAccount {
		return "", 0, s.made(mac, account, wholeAccount, 0)
	}
	id, digits, found := cutLast(rest)
	if !found {
		return "", 0, false
	}
	n, err := strconv.Atoi(digits)
	if err != nil || n < 1 || strconv.Itoa(n) != digits || !s.made(mac, account, id, n) {
		return "", 0, false
	}
	return id, n, true
}

// made says that a code is ours. Every secret is tried, whichever fits, so the
// time tells nothing about them.
func (s Signer) made(mac, account, id string, n int) bool {
	if s.secrets == nil {
		return false
	}
	ours := false
	for _, secret := range s.secrets() {
		if hmac.Equal([]byte(mac), []byte(code(secret, account, id, n))) {
			ours = true
		}
	}
	return ours
}

// mac is the code of the current secret.
func (s Signer) mac(account, id string, n int) string {
	if s.secrets == nil {
		return code(nil, account, id, n)
	}
	return code(s.secrets()[0], account, id, n)
}

func code(key []byte, account, id string, n int) string {
	h := hmac.New(sha256.New, key)
	h.Write([]byte("push\x00" + account + "\x00" + id + "\x00" + strconv.Itoa(n)))
	return encoding.EncodeToString(h.Sum(nil)[:15])
}

func cutLast(s string) (before, after string, ok bool) {
	i := strings.LastIndexByte(s, '.')
	if i <= 0 {
		return "", "", false
	}
	return s[:i], s[i+1:], true
}
