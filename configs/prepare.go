package configs

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// bracedVariable is an environment reference as YAML would misread it: in
// {key: ${NAME}} the brace would end the mapping.
var bracedVariable = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// The braces of references while YAML is being parsed. One character each, so
// that columns stay as they are.
const openBrace, closeBrace = '\uE000', '\uE001'

var restoreBraces = strings.NewReplacer(string(openBrace), "{", string(closeBrace), "}")

// prepare makes the bytes what the parser reads right.
func (l *loader) prepare(data []byte) ([]byte, bool) {
	if len(data) > maxFileBytes {
		l.add(Problem{Message: "the file is larger than 1 MiB"})
		return nil, false
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	// A tab may indent JSON, but not YAML; in JSON's strings there is none.
	if json.Valid(data) {
		data = bytes.ReplaceAll(data, []byte("\t"), []byte(" "))
	}
	data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	for i, line := range bytes.Split(data, []byte("\n")) {
		if !utf8.Valid(line) {
			l.add(Problem{Line: i + 1, Message: "the line is not UTF-8 text"})
			return nil, false
		}
		if bytes.ContainsFunc(line, isForbidden) {
			l.add(Problem{Line: i + 1, Message: "the line holds a control character or one from a private Unicode area"})
			return nil, false
		}
	}
	return bracedVariable.ReplaceAll(data, []byte("$"+string(openBrace)+"${1}"+string(closeBrace))), true
}

func isForbidden(r rune) bool {
	return unicode.IsControl(r) && r != '\t' || unicode.Is(unicode.Co, r)
}
