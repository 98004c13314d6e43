package vendorwire

import (
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

const secret = "jmSecretXYZ0002"

func TestScrubbedText(t *testing.T) {
	s := NewScrubber(secret, "abc", "appId001")
	for name, tc := range map[string]struct{ text, want string }{
		"plain words":           {"系统维护,请稍候再试", "系统维护,请稍候再试"},
		"credentials":           {"sign of appId001 with " + secret + "!", "sign of *** with ***!"},
		"a short credential":    {"abc is a word", "abc is a word"},
		"a number":              {"号码13800138000无效", "号码***无效"},
		"an international one":  {"+86 138-0013-8000 no", "+*** no"},
		"full-width digits":     {"１３８００１３８０００", "***"},
		"a short number stays":  {"code 123456", "code 123456"},
		"a URL":                 {"see https://cb.example.com/x?sign=1, please", "see *** please"},
		"a URL in capitals":     {"HTTPS://CB/x", "***"},
		"a digest":              {"want " + strings.Repeat("ab12", 16) + ".", "want ***."},
		"an MD5 in capitals":    {strings.Repeat("AB12", 8), "***"},
		"control characters":    {"a\nb\x00c\u0085d", "a b c d"},
		"space around it":       {" \t a ", "a"},
		"what is not UTF-8":     {"a\xffb", "a\ufffdb"},
		"a digit in a URL only": {"x://138", "***"},
	} {
		if got := s.Text(tc.text); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
	if got := s.Text(strings.Repeat("失", 500)); utf8.RuneCountInString(got) != MaxText {
		t.Errorf("%d characters", utf8.RuneCountInString(got))
	}
	if got := (Scrubber{}).Text("appId001: 13800138000"); got != "appId001: ***" {
		t.Errorf("without credentials: %q", got)
	}
}

func TestScrubbedCode(t *testing.T) {
	s := NewScrubber(secret)
	for raw, want := range map[string]string{
		"": "unreadable", "200": "200", "-1": "-1", secret: "***", "13800138000": "***", strings.Repeat("失", 500): strings.Repeat("失", MaxID),
	} {
		if got := s.Code(raw); got != want {
			t.Errorf("%.20q: %q, want %q", raw, got, want)
		}
	}
}

func TestFirstRunes(t *testing.T) {
	for _, tc := range []struct {
		text string
		n    int
		want string
	}{{"失败了", 2, "失败"}, {"失败", 2, "失败"}, {"失败", 3, "失败"}, {"失败", 0, ""}, {"", 0, ""}, {"", 5, ""}} {
		if got := FirstRunes(tc.text, tc.n); got != tc.want {
			t.Errorf("%d of %q: %q", tc.n, tc.text, got)
		}
	}
}

func FuzzScrub(f *testing.F) {
	for _, text := range []string{"", secret, "1380013 8000", "x://" + secret, "\xff" + strings.Repeat("9", 3000), "1" + secret + "2345678",
		strings.Repeat("a", 1995) + secret} {
		f.Add(text)
	}
	s := NewScrubber(secret)
	digits := regexp.MustCompile(`\p{Nd}{7,}`)
	f.Fuzz(func(t *testing.T, text string) {
		for _, got := range []string{s.Text(text), s.Code(text)} {
			switch {
			case !utf8.ValidString(got), utf8.RuneCountInString(got) > MaxText, strings.ContainsFunc(got, unicode.IsControl):
				t.Errorf("not fit to be shown: %q", got)
			case strings.Contains(got, secret), digits.MatchString(got):
				t.Errorf("a secret or a number: %q", got)
			}
		}
	})
}
