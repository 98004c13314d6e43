package configs

import (
	"fmt"
	"strings"
)

// expand replaces ${NAME} by the environment's value, and $${ by ${. It works
// on a value that YAML has already read, so what a variable holds can never
// become structure. The problem quotes nothing but a variable's name.
func expand(raw string, lookup func(string) (string, bool)) (text, problem string) {
	var b strings.Builder
	for rest := raw; ; {
		at := strings.Index(rest, "${")
		if at < 0 {
			b.WriteString(rest)
			return b.String(), ""
		}
		if at > 0 && rest[at-1] == '$' {
			b.WriteString(rest[:at-1] + "${")
			rest = rest[at+len("${"):]
			continue
		}
		b.WriteString(rest[:at])
		match := bracedVariable.FindStringSubmatchIndex(rest[at:])
		if match == nil || match[0] != 0 {
			return "", "holds a ${ that does not begin a ${NAME}; write $${ for the two characters themselves"
		}
		name := rest[at+match[2] : at+match[3]]
		set, ok := lookup(name)
		if !ok {
			return "", fmt.Sprintf("environment variable %s is not set", name)
		}
		b.WriteString(set)
		rest = rest[at+match[1]:]
	}
}
