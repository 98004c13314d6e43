package main

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/callpacer/callpacer/internal/phone"
)

// longestNote is how many characters of an operator's words are kept.
const longestNote = 200

// numberLike is what may be a phone number, in any digits, with spaces or dashes.
var numberLike = regexp.MustCompile(`[+＋]?\p{Nd}(?:[ \p{Pd}]?\p{Nd}){8,}`)

// noteOf makes an operator's words fit to be kept: one line, of a bounded length,
// in which no phone number is to be read.
func noteOf(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.IsSpace(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	text = numberLike.ReplaceAllStringFunc(strings.Join(strings.Fields(text), " "), phone.Mask)
	if runes := []rune(text); len(runes) > longestNote {
		text = string(runes[:longestNote]) + "…"
	}
	return text
}
