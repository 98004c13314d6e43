package phone

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/sirupsen/logrus"
)

const (
	clearText = "13800000001"
	masked    = "138****0001"
	goldenKey = "vs6yl2466q4t4w73"
)

func mustParse(t *testing.T, s string) Number {
	t.Helper()
	n, err := Parse(s)
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	return n
}

func TestParseAccepts(t *testing.T) {
	for _, s := range []string{
		clearText, "+8613800000001", "8613800000001", "008613800000001", "+86 138-0000-0001", " 138 0000 0001 ",
		"１３８０００００００１", "＋８６１３８０００００００１", "138–0000—0001", "138　0000　0001",
		"\u202d13800000001\u202c", "\ufeff13800000001", "138－0000−0001", "\t13800000001\n",
	} {
		n, err := Parse(s)
		if err != nil || n.Digits() != clearText {
			t.Errorf("Parse(%+q) = %q, %v", s, n.Digits(), err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for s, want := range map[string]string{
		"":                 "phone number is empty",
		"-—-":              "phone number is empty",
		"1380000001":       "phone number is too short: 10 digits, want 11",
		"138000000012":     "phone number is too long: 12 digits, want 11",
		"+861380000000":    "phone number is too short: 10 digits, want 11",
		"86138000000012":   "phone number is too long: 12 digits, want 11",
		"008613800000":     "phone number is too short: 8 digits, want 11",
		"+861":             "phone number is too short: 1 digits, want 11",
		"+86":              "phone number is too short: 0 digits, want 11",
		"23800000001":      "phone number is not a mainland mobile number: it does not begin with 1",
		"01012345678":      "phone number is not a mainland mobile number: it does not begin with 1",
		"+447911123456":    "phone number is not of mainland China (+86)",
		"1380000000a":      "phone number has a letter at position 11",
		"13８0000O001":      "phone number has a letter at position 8",
		"138(0000)0001":    "phone number has a character that is not a digit at position 4",
		"1380000+0001":     "phone number has a character that is not a digit at position 8",
		"++8613800000001":  "phone number has a character that is not a digit at position 2",
		"13800000001;ext1": "phone number has a character that is not a digit at position 12",
	} {
		n, err := Parse(s)
		if err == nil || err.Error() != want || !n.IsZero() {
			t.Errorf("Parse(%q): error %v, want %s", s, err, want)
		}
	}
}

func TestMask(t *testing.T) {
	for s, want := range map[string]string{
		"":                 "",
		clearText:          masked,
		"+8613800000001":   masked,
		"008613800000001":  masked,
		"8613800000001":    masked,
		"138-0000-0001":    masked,
		"１３８０００００００１":      masked,
		"010123456789":     "010*****6789",
		"1":                "*",
		"12":               "**",
		"10086":            "***86",
		"1234567":          "*****67",
		"12345678":         "******78",
		"4001234567":       "********67",
		"+447911123456":    "+44*******456",
		"00447911123456":   "+44*******456",
		"+14155550123":     "+1*******123",
		"+852 9123 4567":   "+852*****567",
		"+7 912 345-67-89": "+7*******789",
		"+1":               "+1",
		"+44123456":        "+44******",
		"+4412":            "+44**",
		"abc":              "****",
		"tel 13800000001":  masked,
	} {
		if got := Mask(s); got != want {
			t.Errorf("Mask(%q) = %q, want %q", s, got, want)
		}
	}
}

func TestKey(t *testing.T) {
	n := mustParse(t, clearText)
	// goldenKey was computed outside Go, from SHA-256 of "jumdata", NUL, the digits.
	if got := n.Key("jumdata"); got != goldenKey {
		t.Errorf("Key = %q, want %q", got, goldenKey)
	}
	other := mustParse(t, "13800000002")
	if n.Key("jumdata") == n.Key("itnio") || n.Key("jumdata") == other.Key("jumdata") {
		t.Error("keys of two groups or two numbers are equal")
	}
	if (Number{}).Key("jumdata") != "" {
		t.Error("the zero Number has a key")
	}
}

type holder struct {
	Exported   Number
	Pointer    *Number
	Map        map[string]Number
	Slice      []Number
	Any        any
	unexported Number
	hidden     *Number
	hiddenMap  map[string]Number
}

func checkOutput(t *testing.T, how, out string) {
	t.Helper()
	low := strings.ToLower(out)
	for _, form := range []string{clearText, fmt.Sprintf("%x", clearText), fmt.Sprintf("% x", clearText), strings.Trim(fmt.Sprintf("%d", []byte(clearText)), "[]")} {
		if strings.Contains(low, form) {
			t.Errorf("%s shows the number: %s", how, out)
		}
	}
}

func TestNoPrinterShowsTheNumber(t *testing.T) {
	n := mustParse(t, clearText)
	h := holder{Exported: n, Pointer: &n, Map: map[string]Number{"k": n}, Slice: []Number{n}, Any: n, unexported: n, hidden: &n, hiddenMap: map[string]Number{"k": n}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%d", "%c", "%U", "%e", "%t", "%20s", "%.3s"} {
		for _, v := range []any{n, &n, h, &h, map[Number]int{n: 1}, []any{n}, struct{ n any }{n}} {
			checkOutput(t, "fmt "+verb, fmt.Sprintf(verb, v))
		}
		if got := fmt.Sprintf(verb, n); got != masked {
			t.Errorf("fmt %s = %q", verb, got)
		}
	}
	checkOutput(t, "errors", errors.Join(fmt.Errorf("%v", n), fmt.Errorf("%+v", h)).Error())

	var buf bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&buf, nil), slog.NewJSONHandler(&buf, nil)} {
		slog.New(handler).Info("x", "n", n, "p", &n, "h", h)
	}
	for _, formatter := range []logrus.Formatter{&logrus.TextFormatter{}, &logrus.JSONFormatter{}} {
		logger := logrus.New()
		logger.SetOutput(&buf)
		logger.SetFormatter(formatter)
		logger.WithField("n", n).WithField("p", &n).WithField("h", h).Infof("message %v %+v", n, h)
	}
	for _, v := range []any{n, &n, h, &h, map[Number]int{n: 1}} {
		out, err := json.Marshal(v)
		if err != nil {
			t.Errorf("json: %v", err)
		}
		buf.Write(out)
		if out, err = yaml.Marshal(v); err != nil {
			t.Errorf("yaml: %v", err)
		}
		buf.Write(out)
	}
	if got := strings.Count(buf.String(), masked); got < 20 {
		t.Errorf("the masked number was written %d times only: %s", got, buf.String())
	}
	checkOutput(t, "a logger or encoder", buf.String())
	if out := fmt.Sprintf("%v%s%#v", Number{}, Number{}, Number{}); out != "" {
		t.Errorf("the zero Number prints %q", out)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{clearText, "+86 138-0000-0001", "１３８", "0086", "abc", "+"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := Parse(s)
		hidden := Mask(s)
		if err != nil {
			if digits, _ := bareDigits(s); len(digits) > 4 && strings.Contains(err.Error(), digits) {
				t.Errorf("the error quotes the number")
			}
			return
		}
		again, err := Parse(n.Digits())
		if err != nil || again != n || len(n.Digits()) != mobileDigits {
			t.Errorf("a parsed number does not parse again")
		}
		if strings.Contains(hidden, n.Digits()) || strings.Contains(n.String(), n.Digits()) {
			t.Errorf("a mask shows the number")
		}
	})
}
