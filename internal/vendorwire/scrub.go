package vendorwire

import (
	"regexp"
	"strings"
	"unicode"
)

// MaxText is how many characters are kept of a vendor's words.
const MaxText = 200

var (
	urls = regexp.MustCompile(`(?i)[a-z][a-z0-9+.-]*://\S*`)
	// A phone number may come in any digits, with spaces or dashes inside.
	longNumbers = regexp.MustCompile(`\p{Nd}(?:[ \-]?\p{Nd}){6,}`)
	digests     = regexp.MustCompile(`[0-9A-Fa-f]{32,}`)
)

// Scrubber makes a vendor's words fit to be shown and stored. Its zero value
// knows no credentials.
type Scrubber struct{ secrets []string }

// NewScrubber returns a Scrubber that takes out the credentials, too.
func NewScrubber(secrets ...string) Scrubber { return Scrubber{secrets: secrets} }

// Text returns the vendor's words without URLs, credentials, signatures and
// phone numbers, and at most 200 characters long.
func (s Scrubber) Text(text string) string {
	// Ten times what is kept bounds the work and leaves whole words to look at.
	text = FirstRunes(strings.ToValidUTF8(text, "\uFFFD"), 10*MaxText)
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
	for _, credential := range s.secrets {
		if len(credential) > 3 { // a shorter one would black out ordinary words
			text = strings.ReplaceAll(text, credential, "***")
		}
	}
	text = urls.ReplaceAllString(text, "***")
	text = digests.ReplaceAllString(text, "***")
	text = longNumbers.ReplaceAllString(text, "***")
	return FirstRunes(strings.TrimSpace(text), MaxText)
}

// Code is a vendor's code as it wrote it, fit to be shown; "unreadable" where
// there is none.
func (s Scrubber) Code(raw string) string {
	if raw == "" {
		return "unreadable"
	}
	return s.Short(raw)
}

// Short is Text of at most 64 characters, for what should be a code.
func (s Scrubber) Short(text string) string {
	// Cut last: a half of a credential or of a number would not be found.
	return FirstRunes(s.Text(text), MaxID)
}

// FirstRunes returns at most the first n characters.
func FirstRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}
