package main

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/callpacer/callpacer/internal/phone"
	"github.com/callpacer/callpacer/tasks"
)

// rowKeys gives idempotency keys to rows that have none, so that a file that is
// imported again calls nobody again. A key is made of what would be called and
// said: an import with other times, priorities or tags is the same calls.
type rowKeys struct {
	// seen counts equal rows, by the first bytes of their fingerprint: some
	// twenty bytes of memory a row.
	seen map[uint64]uint32
}

func newRowKeys() *rowKeys { return &rowKeys{seen: map[uint64]uint32{}} }

// keyOf returns the key of a valid job.
func (k *rowKeys) keyOf(j tasks.Job) (string, error) {
	number, err := phone.Parse(j.To)
	if err != nil {
		return "", failf("to", "%s", err)
	}
	content, err := json.Marshal(struct {
		Account, Kind, To, Template string
		Params                      []string
		Times                       int
	}{j.Account, string(j.Kind), number.Digits(), j.Template, append([]string{}, j.Params...), j.Times})
	if err != nil {
		return "", fmt.Errorf("make the row's key: %w", err)
	}
	sum := sha256.Sum256(content)
	short := binary.BigEndian.Uint64(sum[:])
	k.seen[short]++
	sum = sha256.Sum256(binary.BigEndian.AppendUint32(content, k.seen[short]))
	return "import:" + hex.EncodeToString(sum[:]), nil
}
