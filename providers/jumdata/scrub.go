package jumdata

import (
	"regexp"
	"strings"
	"unicode"
)

var (
	urls = regexp.MustCompile(`(?i)[a-z][a-z0-9+.-]*://\S*`)
	// A phone number may come in any digits, with spaces or dashes inside.
	longNumbers = regexp.MustCompile(`\p{Nd}(?:[ \-]?\p{Nd}){6,}`)
	digests     = regexp.MustCompile(`[0-9A-Fa-f]{32,}`)
)

// scrub makes the vendor's words fit to be shown and stored: without URLs,
// credentials, signatures and phone numbers, and at most 200 characters long.
func (c config) scrub(text string) string {
	// Ten times what is kept bounds the work and leaves whole words to look at.
	text = firstRunes(strings.ToValidUTF8(text, "\uFFFD"), 10*maxText)
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
	for _, credential := range []string{c.appSecret, c.appID} {
		if len(credential) > 3 { // a shorter one would black out ordinary words
			text = strings.ReplaceAll(text, credential, "***")
		}
	}
	text = urls.ReplaceAllString(text, "***")
	text = digests.ReplaceAllString(text, "***")
	text = longNumbers.ReplaceAllString(text, "***")
	return firstRunes(strings.TrimSpace(text), maxText)
}

func firstRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}
