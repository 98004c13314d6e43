package secret

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"text/template"

	"github.com/goccy/go-yaml"
	"github.com/sirupsen/logrus"
)

const clearText = "hunter2-Tr0ub4dor"

// holder holds a secret in every place where a printer may come upon it.
type holder struct {
	Exported   String
	Pointer    *String
	Map        map[string]String
	Slice      []String
	Any        any
	Nested     struct{ Inner String }
	unexported String
	hidden     *String
	hiddenMap  map[string]String
}

func newHolder() holder {
	s := New(clearText)
	h := holder{
		Exported: s, Pointer: &s, Map: map[string]String{"k": s}, Slice: []String{s},
		Any: s, unexported: s, hidden: &s, hiddenMap: map[string]String{"k": s},
	}
	h.Nested.Inner = s
	return h
}

// leaks reports whether out holds the secret or one of its encodings.
func leaks(out string) bool {
	low := strings.ToLower(out)
	decimal := strings.Trim(fmt.Sprintf("%d", []byte(clearText)), "[]")
	for _, form := range []string{clearText, hex.EncodeToString([]byte(clearText)), fmt.Sprintf("% x", clearText), decimal} {
		if strings.Contains(low, strings.ToLower(form)) {
			return true
		}
	}
	return false
}

func checkOutput(t *testing.T, how, out string) {
	t.Helper()
	if leaks(out) {
		t.Errorf("%s shows the secret: %s", how, out)
	}
}

func TestFmtShowsNoSecret(t *testing.T) {
	s, h := New(clearText), newHolder()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%d", "%t", "%c", "%U", "%e", "%b", "%o", "%p", "%T", "%20s", "%.3s", "%-10v", "%!"} {
		for _, v := range []any{s, &s, h, &h, []String{s}, map[String]int{s: 1}, map[string]any{"k": s}, struct{ s *String }{&s}, struct{ s any }{s}} {
			checkOutput(t, "fmt "+verb, fmt.Sprintf(verb, v))
		}
		// fmt itself answers %T and %p, and never with the text.
		if verb != "%T" && verb != "%p" && verb != "%!" {
			if got := fmt.Sprintf(verb, s); got != mask {
				t.Errorf("fmt %s = %q, want %q", verb, got, mask)
			}
		}
	}
	checkOutput(t, "fmt.Sprint", fmt.Sprint(s, &s, h, &h))
	checkOutput(t, "errors.New", errors.New("x "+s.String()).Error())
	checkOutput(t, "fmt.Errorf", fmt.Errorf("%v: %w", h, fmt.Errorf("%v", s)).Error())
	checkOutput(t, "errors.Join", errors.Join(fmt.Errorf("%s", s), fmt.Errorf("%+v", &h)).Error())
}

func TestLoggersShowNoSecret(t *testing.T) {
	s, h := New(clearText), newHolder()
	var buf bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&buf, nil), slog.NewJSONHandler(&buf, nil)} {
		slog.New(handler).Info("x", "s", s, "p", &s, "h", h, "hp", &h, "g", slog.GroupValue(slog.Any("in", s)))
	}
	for _, formatter := range []logrus.Formatter{&logrus.TextFormatter{}, &logrus.JSONFormatter{}} {
		logger := logrus.New()
		logger.SetOutput(&buf)
		logger.SetFormatter(formatter)
		logger.WithField("s", s).WithField("p", &s).WithField("h", h).WithField("hp", &h).
			WithError(fmt.Errorf("wrapped %v", h)).Infof("message %v %+v", s, h)
	}
	if got := strings.Count(buf.String(), "secret"); got < 20 {
		t.Fatalf("the loggers wrote the mask %d times only: %s", got, buf.String())
	}
	checkOutput(t, "a logger", buf.String())
}

func TestEncodersShowNoSecret(t *testing.T) {
	s, h := New(clearText), newHolder()
	encoders := map[string]func(any) ([]byte, error){
		"json": json.Marshal,
		"yaml": yaml.Marshal,
		"xml": func(v any) ([]byte, error) {
			if _, isMap := v.(holder); isMap {
				v = s // encoding/xml takes no maps
			} else if _, isMap := v.(*holder); isMap {
				v = &s
			}
			return xml.Marshal(v)
		},
		"template": func(v any) ([]byte, error) {
			var b bytes.Buffer
			err := template.Must(template.New("").Parse(`{{.}} {{printf "%x" .}}`)).Execute(&b, v)
			return b.Bytes(), err
		},
	}
	for name, encode := range encoders {
		for _, v := range []any{s, &s, h, &h} {
			out, err := encode(v)
			if err != nil {
				t.Errorf("%s of %T: %v", name, v, err)
			}
			if !strings.Contains(string(out), "secret") {
				t.Errorf("%s of %T does not show the mask: %s", name, v, out)
			}
			checkOutput(t, name, string(out))
		}
	}
	text, err := s.MarshalText()
	if err != nil || string(text) != mask {
		t.Errorf("MarshalText = %q, %v", text, err)
	}
}

// A printer that follows every unexported field and pointer by reflection, as
// fmt does at depth, must not come upon a string.
func TestReflectionFindsNoText(t *testing.T) {
	typ := reflect.TypeFor[String]()
	for i := range typ.NumField() {
		if k := typ.Field(i).Type.Kind(); k == reflect.String || k == reflect.Slice || k == reflect.Array {
			t.Errorf("field %s holds the text in the open", typ.Field(i).Name)
		}
	}
}

func TestEmptyStaysEmpty(t *testing.T) {
	for _, s := range []String{{}, New("")} {
		if !s.IsZero() || s.Reveal() != "" || fmt.Sprintf("%v%s%x%#v", s, s, s, s) != "" {
			t.Errorf("an empty secret shows %q, reveals %q", s, s.Reveal())
		}
		if out, err := json.Marshal(s); err != nil || string(out) != `""` {
			t.Errorf("json of an empty secret = %s, %v", out, err)
		}
	}
}

func TestRevealAndEquality(t *testing.T) {
	if got := New(clearText).Reveal(); got != clearText {
		t.Errorf("Reveal = %q", got)
	}
	if again := New(clearText); again != New(clearText) || New(clearText) == New("other") || New("x").IsZero() {
		t.Error("equality does not follow the text")
	}
}
