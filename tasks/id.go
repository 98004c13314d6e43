package tasks

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"
)

var lowerBase32 = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// newID names a job: by its idempotency key where it has one, so that every
// submit of the key means one job, else by a ULID.
func newID(group, account, key string) string {
	if key == "" {
		return group + "." + ulid.Make().String()
	}
	h := sha256.New()
	for _, part := range []string{account, key} {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		h.Write(length[:])
		h.Write([]byte(part))
	}
	return group + "." + lowerBase32.EncodeToString(h.Sum(nil)[:16])
}

// Queue is one asynq queue of a lane.
type Queue string

// MadeAt is when a job without an idempotency key was accepted, which its id tells;
// false for the others.
func MadeAt(id string) (time.Time, bool) {
	_, name, _ := strings.Cut(id, ".")
	u, err := ulid.ParseStrict(name)
	if err != nil {
		return time.Time{}, false
	}
	return ulid.Time(u.Time()), true
}

// QueueOf names the queue of jobs with a priority.
func QueueOf(account string, p Priority) Queue {
	if p == "" {
		p = Normal
	}
	return Queue(account + ":" + string(p))
}

// QueueFor names the queue of a job of the kind. What calls nobody and charges
// nothing waits for no window.
func QueueFor(account string, k Kind, p Priority) Queue {
	switch k {
	case KindUnbind, KindRecording, KindAccount, KindPoll:
		return FollowQueue(account)
	case KindNotify, KindConnect, KindBind, KindPush:
	}
	return QueueOf(account, p)
}

// FollowQueue carries polls, unbinds, recordings and probes; no window or quota
// shuts it.
func FollowQueue(account string) Queue { return Queue(account + ":follow") }

// PushQueue carries the vendor's pushes.
func PushQueue(account string) Queue { return Queue(account + ":push") }

// Sequenced names the n-th follow-up task of a job.
func Sequenced(id string, n int) string { return id + "~" + strconv.Itoa(n) }

// SplitSequenced takes a follow-up task's id apart.
func SplitSequenced(task string) (id string, n int, ok bool) {
	id, digits, ok := strings.Cut(task, "~")
	if !ok {
		return task, 0, false
	}
	n, err := strconv.Atoi(digits)
	return id, n, err == nil
}

// payloadVersion is the version of what travels in a task.
const payloadVersion = 1

// Payload is what travels in a task: the job's id, and no number. Only a task
// that carries its job itself holds more (see NewTask).
type Payload struct {
	Version int             `json:"v"`
	ID      string          `json:"id"`
	Carried json.RawMessage `json:"carried,omitempty"`
}

// EncodePayload returns the payload of a task about the id.
func EncodePayload(id string) []byte {
	b, err := json.Marshal(Payload{Version: payloadVersion, ID: id})
	if err != nil {
		panic("tasks: a payload of an int and a string always encodes: " + err.Error())
	}
	return b
}

// VersionError is a task that this version cannot read.
type VersionError struct{ Version int }

// Error implements error.
func (e *VersionError) Error() string {
	return fmt.Sprintf("task version %d is not known to this worker (it knows %d)", e.Version, payloadVersion)
}

// DecodePayload returns the id in a task's payload. For a task of another
// version it returns a *VersionError beside the id, where it can be read.
func DecodePayload(b []byte) (string, error) {
	var p Payload
	if err := json.Unmarshal(b, &p); err != nil {
		return "", fmt.Errorf("the task's payload is not {\"v\":…,\"id\":…}")
	}
	if p.Version != payloadVersion {
		return p.ID, &VersionError{Version: p.Version}
	}
	if p.ID == "" {
		return "", fmt.Errorf("the task's payload has no id")
	}
	return p.ID, nil
}

// digest is a short fingerprint of a value, under a key.
func digest(key string, b []byte) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write(b)
	return hex.EncodeToString(mac.Sum(nil)[:12])
}
