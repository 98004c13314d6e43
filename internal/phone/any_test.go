package phone

import (
	"fmt"
	"strings"
	"testing"
)

// One phone has one form, however it is written: numbers are compared and
// counted by it.
func TestParseAnyAccepts(t *testing.T) {
	for s, want := range map[string]string{
		clearText:               clearText,
		"+86 138-0000-0001":     clearText,
		"0086 13800000001":      clearText,
		"013800000001":          clearText,
		"+86013800000001":       clearText,
		"＋４４ 7911 123456":       "+447911123456",
		"00447911123456":        "+447911123456",
		"+44 7911 123456":       "+447911123456",
		"+1 415 555 0123":       "+14155550123",
		"+999999999999999":      "+999999999999999", // 15 digits
		"+6531234":              "+6531234",
		"021-8888 8888":         "02188888888",
		"+86 21 8888 8888":      "02188888888",
		"+86 021 8888 8888":     "02188888888",
		"0086 10 1234 5678":     "01012345678",
		"+86 512 8888 8888":     "051288888888",
		"0512-888 8888":         "05128888888",
		"+86 400 123 4567":      "4001234567",
		"+86 800 123 4567":      "8001234567",
		"4001234567":            "4001234567",
		"+86 95588":             "95588",
		"95588":                 "95588",
		"110":                   "110",
		"170123456789012":       "170123456789012", // a middle number of 15 digits
		strings.Repeat("9", 24): strings.Repeat("9", 24),
	} {
		n, err := ParseAny(s)
		if err != nil || n.Digits() != want {
			t.Errorf("ParseAny(%q) = %q, %v; want %q", s, n.Digits(), err, want)
			continue
		}
		if again, err := ParseAny(n.Digits()); err != nil || again != n {
			t.Errorf("ParseAny(%q) read its own %q as %q, %v", s, want, again.Digits(), err)
		}
		if want == clearText {
			continue
		}
		if _, err := Parse(s); err == nil {
			t.Errorf("Parse(%q) took what is no mainland mobile", s)
		}
	}
}

func TestParseAnyRefuses(t *testing.T) {
	for s, want := range map[string]string{
		"":                      "phone number is empty",
		"+-":                    "phone number is empty",
		"00":                    "phone number is empty",
		"12":                    "phone number has 2 digits, want 3 to 24",
		"+86":                   "phone number has 0 digits, want 3 to 24",
		"+8612":                 "phone number has 2 digits, want 3 to 24",
		strings.Repeat("9", 25): "phone number has 25 digits, want 3 to 24",
		"+441234":               "phone number has 6 digits after its +; an international one has 7 to 15",
		"+4412345678901234":     "phone number has 16 digits after its +; an international one has 7 to 15",
		"+044123456789":         "phone number has a 0 after its +, where a country code begins",
		"000447911123456":       "phone number has a 0 after its +, where a country code begins",
		"1380000000a":           "phone number has a letter at position 11",
		"021*8888":              "phone number has a character that is not a digit at position 4",
		"+44+7911123456":        "phone number has a character that is not a digit at position 4",
	} {
		n, err := ParseAny(s)
		if err == nil || err.Error() != want || !n.IsZero() {
			t.Errorf("ParseAny(%q): error %v, want %s", s, err, want)
		}
	}
}

func TestKindsOfNumbers(t *testing.T) {
	for s, want := range map[string]struct{ mobile, landline, international bool }{
		clearText:        {mobile: true},
		"013800000001":   {mobile: true},
		"02188888888":    {landline: true},
		"051288888888":   {landline: true},
		"0755888888":     {landline: true},
		"+447911123456":  {international: true},
		"+138000000012":  {international: true},
		"95588":          {},
		"4001234567":     {},
		"10655012345678": {},
		"0512888":        {},
	} {
		n, err := ParseAny(s)
		if err != nil {
			t.Errorf("%q: %v", s, err)
			continue
		}
		if n.Mobile() != want.mobile || n.Landline() != want.landline || n.International() != want.international {
			t.Errorf("%q: mobile %v, landline %v, international %v", s, n.Mobile(), n.Landline(), n.International())
		}
	}
	var none Number
	if none.Mobile() || none.Landline() || none.International() {
		t.Error("the zero Number is of a kind")
	}
}

// Foreign numbers and landlines mask themselves as mobiles do.
func TestAnyNumberIsMasked(t *testing.T) {
	for s, want := range map[string]string{"+447911123456": "+44*******456", "02188888888": "021****8888", "95588": "***88"} {
		n, err := ParseAny(s)
		if err != nil || fmt.Sprint(n) != want || n.Key("g") == "" {
			t.Errorf("%s is shown as %v (%v), want %s", s, n, err, want)
		}
	}
}

func FuzzParseAny(f *testing.F) {
	for _, s := range []string{clearText, "+86 21 8888 8888", "0044791112", "013800000001", "+8601380", "95588", "+0", "+86000"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := ParseAny(s)
		if err != nil {
			if digits, _ := bareDigits(s); len(digits) > 4 && strings.Contains(err.Error(), digits) {
				t.Errorf("the error quotes the number")
			}
			return
		}
		again, err := ParseAny(n.Digits())
		if err != nil || again != n {
			t.Errorf("a parsed number does not parse again: %v", err)
		}
		if mobile, err := Parse(s); err == nil && mobile != n {
			t.Errorf("Parse and ParseAny disagree")
		}
		if n.International() && n.Mobile() || n.Landline() && n.Mobile() {
			t.Errorf("a number of two kinds")
		}
	})
}
