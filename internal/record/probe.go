package record

import (
	"context"
	_ "embed"
	"fmt"
	"strconv"
	"strings"
)

//go:embed lua/probe_due.lua
var probeDueBody string

var probeDueScript = NewScript("number a probe", probeDueBody)

const probePrefix = ".probe-"

// ProbeID is the due entry by which a group asks how an account stands.
func ProbeID(group, account string) string { return group + probePrefix + account }

// ProbedAccount is the account that a due entry asks after; false: it is another entry.
func ProbedAccount(member string) (string, bool) {
	i := strings.IndexByte(member, '.')
	if i < 1 {
		return "", false
	}
	return strings.CutPrefix(member[i:], probePrefix)
}

// ProbeNumber is the number of the task that asks next how the account stands. skip is
// that of a task whose id is taken by one that will not run; 0: none.
func (s *Store) ProbeNumber(ctx context.Context, group, account string, skip int) (int, error) {
	answer, err := s.RunGroup(ctx, probeDueScript, group, map[string]any{"account": account, "skip": skip})
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(at(answer, 0))
	if err != nil {
		return 0, fmt.Errorf("number a probe: unexpected answer %q", answer)
	}
	return n, nil
}
