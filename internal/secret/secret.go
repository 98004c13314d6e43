// Package secret holds values that no printer may show: credentials, tokens,
// signing keys, addresses with a password in them.
package secret

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"unique"
)

// mask is what every printer shows in the place of a secret that is set.
const mask = "<secret>"

// String is a secret text. Every printer shows it as <secret>, and an empty
// one as nothing. The zero String is empty. Two Strings are equal (==) when
// their texts are; compare with what a stranger sent through Reveal and
// crypto/subtle instead.
type String struct {
	// A handle rather than a string: reflection-walking printers cannot call our
	// methods on an unexported field that holds a String, and would print its
	// text. Of a handle they see an address.
	handle unique.Handle[string]
}

// New makes a secret of s.
func New(s string) String {
	if s == "" {
		return String{}
	}
	return String{handle: unique.Make(s)}
}

// Reveal returns the text itself. Keep the result out of logs and errors.
func (s String) Reveal() string {
	if s.IsZero() {
		return ""
	}
	return s.handle.Value()
}

// IsZero reports whether the secret is empty.
func (s String) IsZero() bool { return s == String{} }

// String implements fmt.Stringer with the mask.
func (s String) String() string {
	if s.IsZero() {
		return ""
	}
	return mask
}

// GoString implements fmt.GoStringer with the mask.
func (s String) GoString() string { return s.String() }

// Format implements fmt.Formatter: the mask for every verb, %x and %d too.
func (s String) Format(f fmt.State, _ rune) {
	// A formatter cannot report an error, and fmt's own state never returns one.
	_, _ = f.Write([]byte(s.String()))
}

// LogValue implements slog.LogValuer with the mask.
func (s String) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalJSON implements json.Marshaler with the mask.
func (s String) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// MarshalText implements encoding.TextMarshaler with the mask.
func (s String) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalYAML implements the YAML encoders' marshaler with the mask.
func (s String) MarshalYAML() (any, error) { return s.String(), nil }
