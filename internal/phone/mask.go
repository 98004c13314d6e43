package phone

import "strings"

const (
	shortest = 11 // fewer digits than a mobile number show the last two only
	minStars = 4  // an international number hides at least as many digits
)

// Mask hides most of a number that came in any form: 11 digits and more keep
// the first three and the last four (138****0001), fewer keep the last two,
// and an international number keeps its country code and the last three. A
// mainland country code is dropped. What is no digit is not shown; a text
// without digits becomes ****, and an empty one stays empty.
func Mask(s string) string {
	if s == "" {
		return ""
	}
	digits, plus := bareDigits(s)
	if !plus && strings.HasPrefix(digits, "00") {
		digits, plus = digits[2:], true
	}
	mainland := strings.HasPrefix(digits, "86") && (plus || len(digits) == len("86")+mobileDigits)
	switch {
	case digits == "":
		return "****"
	case mainland:
		digits = digits[len("86"):]
	case plus:
		return maskInternational(digits)
	}
	switch n := len(digits); {
	case n <= 2:
		return stars(n)
	case n < shortest:
		return stars(n-2) + digits[n-2:]
	default:
		return digits[:3] + stars(n-7) + digits[n-4:]
	}
}

func maskInternational(digits string) string {
	code := min(countryCodeLen(digits), len(digits))
	rest := digits[code:]
	if len(rest) < minStars+3 {
		return "+" + digits[:code] + stars(len(rest))
	}
	return "+" + digits[:code] + stars(len(rest)-3) + rest[len(rest)-3:]
}

// twoDigitCodes are the country codes of two digits (ITU-T E.164); codes that
// begin with 1 or 7 have one digit, all others three.
const twoDigitCodes = " 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58" +
	" 60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98 "

func countryCodeLen(digits string) int {
	switch {
	case strings.HasPrefix(digits, "1"), strings.HasPrefix(digits, "7"):
		return 1
	case len(digits) >= 2 && strings.Contains(twoDigitCodes, " "+digits[:2]+" "):
		return 2
	default:
		return 3
	}
}

// bareDigits keeps the ASCII form of the digits of s, whatever else it holds.
func bareDigits(s string) (digits string, plus bool) {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			b.WriteRune(r)
		case r >= '０' && r <= '９':
			b.WriteRune(r - '０' + '0')
		case (r == '+' || r == '＋') && b.Len() == 0:
			plus = true
		}
	}
	return b.String(), plus
}

func stars(n int) string { return strings.Repeat("*", n) }
