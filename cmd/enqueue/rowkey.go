package main

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

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
	content, err := fingerprinted(j)
	if err != nil {
		return "", fmt.Errorf("make the row's key: %w", err)
	}
	sum := sha256.Sum256(content)
	short := binary.BigEndian.Uint64(sum[:])
	k.seen[short]++
	sum = sha256.Sum256(binary.BigEndian.AppendUint32(content, k.seen[short]))
	return "import:" + hex.EncodeToString(sum[:]), nil
}

// fingerprinted is what of a job makes its key, in one form whatever the form in
// the file. It must never change for a job: a file that was imported under
// another form would be called again.
func fingerprinted(j tasks.Job) ([]byte, error) {
	for field, number := range map[string]*string{"to": &j.To, "from": &j.From, "x": &j.X, "a": &j.A, "b": &j.B} {
		if *number == "" || field == "x" && *number == tasks.AutoX {
			continue
		}
		n, err := phone.ParseAny(*number)
		if err != nil {
			return nil, failf(field, "%s", err)
		}
		*number = n.Digits()
	}
	if j.Kind == tasks.KindNotify {
		return json.Marshal(struct {
			Account, Kind, To, Template string
			Params                      []string
			Times                       int
		}{j.Account, string(j.Kind), j.To, j.Template, append([]string{}, j.Params...), j.Times})
	}
	if j.Kind == tasks.KindBind && j.Mode == "" {
		j.Mode = tasks.ModeAXB
	}
	// What is left is content. An empty list is none.
	j.Priority, j.Tags, j.EventURL, j.IdempotencyKey = "", nil, "", ""
	j.NotBefore, j.ExpiresAt, j.ExpiresIn = time.Time{}, time.Time{}, 0
	return json.Marshal(j)
}
