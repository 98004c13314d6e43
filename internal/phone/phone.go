// Package phone holds telephone numbers that mask themselves in every printer.
package phone

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"unicode"
	"unique"
)

// Number is a number that a phone can have: a mainland mobile as its 11 digits,
// a foreign one as "+" and its digits, any other as its digits. Every printer
// shows it masked (138****0001). The zero Number is no number. Numbers are
// comparable.
type Number struct {
	// A handle rather than a string: printers that walk unexported fields by
	// reflection see an address, not the digits.
	handle unique.Handle[string]
}

const mobileDigits = 11

// Parse reads a mainland mobile number. It drops the country code (+86, 86,
// 0086), spaces, dashes and invisible characters, and takes full-width digits.
// The error says what is wrong and never quotes the number; positions in it
// count characters of s from 1.
func Parse(s string) (Number, error) {
	digits, plus, err := collect(s)
	if err != nil {
		return Number{}, err
	}
	switch {
	case digits == "":
		return Number{}, errors.New("phone number is empty")
	case plus && !strings.HasPrefix(digits, "86"):
		return Number{}, errors.New("phone number is not of mainland China (+86)")
	case plus:
		digits = digits[len("86"):]
	case strings.HasPrefix(digits, "0086"):
		digits = digits[len("0086"):]
	case strings.HasPrefix(digits, "86") && len(digits) > mobileDigits:
		digits = digits[len("86"):]
	}
	switch {
	case len(digits) < mobileDigits:
		return Number{}, fmt.Errorf("phone number is too short: %d digits, want %d", len(digits), mobileDigits)
	case len(digits) > mobileDigits:
		return Number{}, fmt.Errorf("phone number is too long: %d digits, want %d", len(digits), mobileDigits)
	case digits[0] != '1':
		return Number{}, errors.New("phone number is not a mainland mobile number: it does not begin with 1")
	}
	return Number{handle: unique.Make(digits)}, nil
}

const (
	shortestAny = 3  // a service number
	longestE164 = 15 // ITU-T E.164, country code included
	longestAny  = 24 // what the longest field of a vendor takes
)

// ParseAny reads any number that can be dialled: a mainland mobile as Parse
// does, a foreign one with its country code ("+44…" or "0044…"), a landline with
// its area code, a service or a middle number. The error is as Parse's.
func ParseAny(s string) (Number, error) {
	if n, err := Parse(s); err == nil {
		return n, nil
	}
	digits, plus, err := collect(s)
	if err != nil {
		return Number{}, err
	}
	if !plus && strings.HasPrefix(digits, "00") {
		digits, plus = digits[2:], true
	}
	switch {
	case digits == "":
		return Number{}, errors.New("phone number is empty")
	case plus && strings.HasPrefix(digits, "86"):
		digits, plus = national(digits[len("86"):]), false
	case plus && digits[0] == '0':
		return Number{}, errors.New("phone number has a 0 after its +, where a country code begins")
	case plus && (len(digits) < 7 || len(digits) > longestE164):
		return Number{}, fmt.Errorf("phone number has %d digits after its +; an international one has 7 to %d", len(digits), longestE164)
	}
	if n, err := Parse(strings.TrimPrefix(digits, "0")); err == nil && !plus {
		return n, nil // a mobile behind the prefix of a trunk call is the same phone
	}
	switch {
	case plus:
		return Number{handle: unique.Make("+" + digits)}, nil
	case strings.HasPrefix(digits, "00"):
		return Number{}, errors.New("phone number has two zeros after its country code")
	case len(digits) < shortestAny || len(digits) > longestAny:
		return Number{}, fmt.Errorf("phone number has %d digits, want %d to %d", len(digits), shortestAny, longestAny)
	}
	return Number{handle: unique.Make(digits)}, nil
}

// national puts the 0 back that a landline's area code loses behind +86, so that
// one phone has one form. 400 and 800 numbers have no area code.
func national(digits string) string {
	landline := len(digits) == mobileDigits-1 || len(digits) == mobileDigits
	if !landline || digits[0] == '0' || strings.HasPrefix(digits, "400") || strings.HasPrefix(digits, "800") {
		return digits
	}
	return "0" + digits
}

// International says that the number is a foreign one, with its country code.
func (n Number) International() bool { return strings.HasPrefix(n.Digits(), "+") }

// Mobile says that the number is a mainland mobile.
func (n Number) Mobile() bool {
	d := n.Digits()
	return len(d) == mobileDigits && d[0] == '1'
}

// Landline says that the number is a mainland landline with its area code.
func (n Number) Landline() bool {
	d := n.Digits()
	return len(d) >= 10 && len(d) <= 12 && d[0] == '0'
}

// collect returns the ASCII digits of s and whether a plus stood before them.
func collect(s string) (digits string, plus bool, err error) {
	var b strings.Builder
	position := 0
	for _, r := range s {
		position++
		switch {
		case r >= '0' && r <= '9':
			b.WriteRune(r)
		case r >= '０' && r <= '９':
			b.WriteRune(r - '０' + '0')
		case (r == '+' || r == '＋') && b.Len() == 0 && !plus:
			plus = true
		case unicode.IsSpace(r), unicode.Is(unicode.Pd, r), r == '−', unicode.Is(unicode.Cf, r):
			// Separators, and the invisible marks that address books paste along.
		case unicode.IsLetter(r):
			return "", false, fmt.Errorf("phone number has a letter at position %d", position)
		default:
			return "", false, fmt.Errorf("phone number has a character that is not a digit at position %d", position)
		}
	}
	return b.String(), plus, nil
}

// Digits returns the number in clear: ASCII digits, behind a "+" for a foreign
// number, or "" for the zero Number. Keep the result out of logs and errors.
func (n Number) Digits() string {
	if n.IsZero() {
		return ""
	}
	return n.handle.Value()
}

// IsZero reports whether this is no number.
func (n Number) IsZero() bool { return n == Number{} }

// Key is a short stable name for the number within group, for Redis keys:
// 16 lower-case characters. The zero Number has the key "".
func (n Number) Key(group string) string {
	if n.IsZero() {
		return ""
	}
	sum := sha256.Sum256([]byte(group + "\x00" + n.Digits()))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:10]))
}

// String implements fmt.Stringer with the masked number.
func (n Number) String() string { return Mask(n.Digits()) }

// GoString implements fmt.GoStringer with the masked number.
func (n Number) GoString() string { return n.String() }

// Format implements fmt.Formatter: the masked number for every verb.
func (n Number) Format(f fmt.State, _ rune) {
	// A formatter cannot report an error, and fmt's own state never returns one.
	_, _ = f.Write([]byte(n.String()))
}

// LogValue implements slog.LogValuer with the masked number.
func (n Number) LogValue() slog.Value { return slog.StringValue(n.String()) }

// MarshalJSON implements json.Marshaler with the masked number.
func (n Number) MarshalJSON() ([]byte, error) { return json.Marshal(n.String()) }

// MarshalText implements encoding.TextMarshaler with the masked number.
func (n Number) MarshalText() ([]byte, error) { return []byte(n.String()), nil }

// MarshalYAML implements the YAML encoders' marshaler with the masked number.
func (n Number) MarshalYAML() (any, error) { return n.String(), nil }
