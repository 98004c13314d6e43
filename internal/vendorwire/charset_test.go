package vendorwire

import (
	"bytes"
	"testing"
	"unicode/utf8"
)

// X4, X5: GBK, byte order marks and space around it are read; nothing is lost
// but what nobody can read.
func TestClean(t *testing.T) {
	for name, tc := range map[string]struct{ raw, want string }{
		"nothing":                      {"", ""},
		"UTF-8":                        {`{"msg":"失败"}`, `{"msg":"失败"}`},
		"X5 BOM":                       {"\xef\xbb\xbf{}", "{}"},
		"X5 space, BOM, space":         {" \r\n\xef\xbb\xbf\t{} \n", "{}"},
		"a BOM inside stays":           {"a\ufeffb", "a\ufeffb"},
		"X4 GBK":                       {"{\"msg\":\"\xca\xa7\xb0\xdc\"}", `{"msg":"失败"}`},
		"X4 GBK with BOM":              {"\xef\xbb\xbf\xca\xa7\xb0\xdc", "失败"},
		"X4 GBK ending in a backslash": {"{\"msg\":\"\x81\\\"}", "{\"msg\":\"乗\"}"},
		"X4 GB 18030, four bytes":      {"\x81\x39\xef\x30\xca\xa7", "㐁失"},
		"no GBK either: replaced":      {"a\xb0\xdc\xff", "a\ufffd\ufffd"},
		"half a character":             {"{\"msg\":\"\xb0\xdc\xb0\"}", "{\"msg\":\"\ufffd\ufffd\"}"},
		"a lone byte at the end":       {"ok \xff", "ok \ufffd"},
		"a lone byte before a brace":   {"{\"a\":1\xff}", "{\"a\":1\ufffd}"},
	} {
		if got := string(Clean([]byte(tc.raw))); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

func FuzzClean(f *testing.F) {
	for _, raw := range []string{"", "\xef\xbb\xbf{}", "{\"a\":\"\xca\xa7\"}", "\x81\\\"", "\xff\xfe\x00", "失\xca败"} {
		f.Add([]byte(raw))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		given := bytes.Clone(raw)
		got := Clean(raw)
		if !utf8.Valid(got) {
			t.Errorf("%q is not UTF-8", got)
		}
		if !bytes.Equal(raw, given) {
			t.Error("the input was written to")
		}
		if trimmed := bytes.TrimSpace(raw); utf8.Valid(trimmed) && len(got) > len(trimmed) {
			t.Errorf("%q grew out of %q", got, raw)
		}
		if len(got) > 3*len(raw) {
			t.Errorf("%d bytes out of %d", len(got), len(raw))
		}
	})
}
