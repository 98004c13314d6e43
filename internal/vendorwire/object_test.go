package vendorwire

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

func object(t *testing.T, body string) Object {
	t.Helper()
	o, ok := DecodeObject([]byte(body))
	if !ok {
		t.Fatalf("%q is no object", body)
	}
	return o
}

// X7: numbers keep every digit, whatever their size.
func TestText(t *testing.T) {
	for value, want := range map[string]string{
		`"a"`: "a", `" a\n"`: "a", `7`: "7", `-7.50`: "-7.50", `9007199254740993001`: "9007199254740993001", `1e3`: "1e3",
		`null`: "", `true`: "", `[]`: "", `["a"]`: "", `{}`: "", `{"a":1}`: "", `""`: "",
	} {
		if got := object(t, `{"x":`+value+`}`).Text("x"); got != want {
			t.Errorf("%s: %q, want %q", value, got, want)
		}
	}
	if got := (Object)(nil).Text("x"); got != "" {
		t.Errorf("of nothing: %q", got)
	}
}

func TestFirst(t *testing.T) {
	o := object(t, `{"a":"","b":null,"c":3,"d":"4"}`)
	if got := o.First("a", "b", "c", "d"); got != "3" {
		t.Errorf("got %q", got)
	}
	if got := o.First("a", "b", "z"); got != "" {
		t.Errorf("got %q of nothing", got)
	}
}

func TestWhole(t *testing.T) {
	for value, want := range map[string]int64{
		`0`: 0, `200`: 200, `"200"`: 200, `" 200 "`: 200, `-1`: -1, `"-1"`: -1, `"+5"`: 5, `"007"`: 7, `999999999999999999`: 999999999999999999,
	} {
		if got, ok := object(t, `{"x":`+value+`}`).Whole("x"); !ok || got != want {
			t.Errorf("%s: %d, %v; want %d", value, got, ok, want)
		}
	}
	for _, value := range []string{`200.0`, `"200.0"`, `2e2`, `""`, `null`, `true`, `[200]`, `"2 00"`, `"0x10"`, `"1_000"`, `"２００"`, `1000000000000000000`} {
		if got, ok := object(t, `{"x":`+value+`}`).Whole("x"); ok {
			t.Errorf("%s: %d, want none", value, got)
		}
	}
}

func TestID(t *testing.T) {
	long := strings.Repeat("Y", MaxID)
	for value, want := range map[string]string{
		`"YYTZ1"`: "YYTZ1", `12345678901234567890`: "12345678901234567890", `" a "`: "a", `"` + long + `"`: long,
		`"` + long + `Y"`: "", `"a\u0000b"`: "", `"a\tb"`: "", `"a\ufffdb"`: "", `"a\u200bb"`: "", `null`: "", `{}`: "",
	} {
		if got := object(t, `{"x":`+value+`}`).ID("x"); got != want {
			t.Errorf("%s: %q, want %q", value, got, want)
		}
	}
}

func TestEmpty(t *testing.T) {
	for value, want := range map[string]bool{
		`null`: true, `""`: true, `" "`: true, `[]`: true, `{}`: true,
		`0`: false, `"0"`: false, `false`: false, `[null]`: false, `{"a":null}`: false,
	} {
		if got := object(t, `{"x":`+value+`}`).Empty("x"); got != want {
			t.Errorf("%s: %v", value, got)
		}
	}
	if !(Object{}).Empty("x") {
		t.Error("an absent field is not empty")
	}
}

// D11: an object, or a string that holds one.
func TestInnerObject(t *testing.T) {
	for value, want := range map[string]string{
		`{"a":"1"}`: "1", `"{\"a\":\"1\"}"`: "1", `"\ufeff {\"a\":1} "`: "1",
		`"{\"a\":"`: "", `"[1]"`: "", `"text"`: "", `[{"a":1}]`: "", `null`: "", `7`: "",
	} {
		if got := object(t, `{"x":`+value+`}`).Object("x").Text("a"); got != want {
			t.Errorf("%s: %q, want %q", value, got, want)
		}
	}
}

func TestDecodeIsOneValue(t *testing.T) {
	for _, body := range []string{``, ` `, `{`, `{"a":1`, `{}{}`, `{} x`, `nul`, `<html>`, `{"a":13800138000,}`, strings.Repeat("[", 20_000)} {
		v, err := Decode([]byte(body))
		if !errors.Is(err, ErrNotJSON) || v != nil {
			t.Errorf("%.20q: %v, %v", body, v, err)
		}
		if err != nil && strings.Contains(err.Error(), "138") {
			t.Errorf("the error quotes its input: %v", err)
		}
	}
	for _, body := range []string{`[]`, `"a"`, `7`, `null`, `true`} {
		if o, ok := DecodeObject([]byte(body)); ok || o != nil {
			t.Errorf("%s is an object: %v", body, o)
		}
	}
}

func FuzzDecodeObject(f *testing.F) {
	for _, body := range []string{`{"code":200,"data":{"callId":"Y"}}`, "\xef\xbb\xbf {\"a\":[]}", "{\"a\":\"\xca\xa7\xb0\xdc\"}", "{\"a\":\"\x81\\\"}",
		`{"a":"{\"b\":1}"}`, `{"a":1e400}`, `{}{}`, "\xff\xff"} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		given := string(body)
		o, ok := DecodeObject(body)
		if string(body) != given {
			t.Fatal("the body was written to")
		}
		if !ok && o != nil {
			t.Fatalf("no object and %v", o)
		}
		for name := range o {
			if id := o.ID(name); len(id) > MaxID {
				t.Errorf("id of %d bytes", len(id))
			}
			if _, ok := o.Whole(name); ok && o.Text(name) == "" {
				t.Errorf("a number without a text: %v", o[name])
			}
			if o.Empty(name) && o.Text(name) != "" {
				t.Errorf("empty with a text: %v", o[name])
			}
		}
		if again, _ := DecodeObject(body); !reflect.DeepEqual(o, again) {
			t.Error("read differently the second time")
		}
	})
}
