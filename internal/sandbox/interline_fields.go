package sandbox

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxInterlineNumber is the length of anum and bnum, in bytes (云通信平台, 4.1).
const maxInterlineNumber = 24

// interlineBind is a bind request in order.
type interlineBind struct {
	InterlineBinding
	ttl     time.Duration // 0 is forever
	content string
}

// parseInterlineBind checks every documented field of a bind request, and that
// there is no other. Optional fields may be empty.
func parseInterlineBind(op InterlineOp, x string, fields map[string]string) (interlineBind, bool) {
	b := interlineBind{content: interlineContent(op, x, fields)}
	b.Op, b.X, b.A, b.B, b.ReqID = op, x, fields["anum"], fields["bnum"], fields["reqid"]
	b.UserData, b.Display, b.Record = fields["userData"], fields["display"], fields["record"] == "1"
	known := []string{"appid", "anum", "reqid", "ttl", "record", "display", "anucode", "userData"}
	displays := []string{"", "0", "1"}
	prompts := 1
	if op == InterlineBindAXB {
		known = append(known, "bnum", "ansanu")
		displays = []string{"", "0,0", "0,1", "1,0", "1,1"}
		prompts = 3
		if b.B == "" || len(b.B) > maxInterlineNumber || b.B == b.A {
			return b, false
		}
	}
	seconds, err := strconv.ParseUint(fields["ttl"], 10, 32)
	if fields["ttl"] == "" {
		err = nil // the same as 0
	}
	b.ttl = time.Duration(seconds) * time.Second
	ok := !unknownField(fields, known...) &&
		fields["appid"] != "" && b.ReqID != "" &&
		b.A != "" && len(b.A) <= maxInterlineNumber &&
		err == nil && (op == InterlineBindXA || seconds >= 1) &&
		slices.Contains(displays, b.Display) &&
		slices.Contains([]string{"", "0", "1"}, fields["record"]) &&
		strings.Count(fields["anucode"], ",") < prompts &&
		strings.Count(fields["ansanu"], ",") < 2
	return b, ok
}
