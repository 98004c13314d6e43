package event

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/callpacer/callpacer/internal/record"
)

// envelope is the body of every event.
type envelope struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"` // of the change
	Data      any       `json:"data"`
}

// subjects are the words for what an event is about; a kind that is not here is
// its own word, such as that of a message over a binding.
var subjects = map[string]string{
	"notify": "call", "connect": "call", "poll": "call", "call": "call",
	"bind": "binding", "unbind": "release",
}

// Type is an event's type, such as call.completed. One that corrects an end told
// before is <subject>.corrected; the new state stands in the data.
func Type(e record.Event) string {
	subject, ok := subjects[e.Record.Kind]
	if !ok {
		subject = e.Record.Kind
	}
	if e.About != "" {
		return e.About
	}
	if e.Corrected {
		return subject + ".corrected"
	}
	return subject + "." + string(e.Record.State)
}

// recordingStored tells where the audio of a call is; it says nothing of the call's
// state, which has events of its own.
const recordingStored = "recording.stored"

type stored struct {
	Job       string     `json:"job"`
	Revision  int        `json:"revision"`
	Recording storedFile `json:"recording"`
}

type storedFile struct {
	URL    string `json:"url"`
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
	Type   string `json:"type"`
}

func storedOf(e record.Event) stored {
	f := e.Record.File
	return stored{Job: e.Job, Revision: e.Revision, Recording: storedFile{f.URL, f.SHA256, f.Size, f.Type}}
}

// body is the same bytes at each try, for the event's record is.
func body(e record.Event, data func(*record.Record) any) ([]byte, error) {
	told := envelope{Type: Type(e), Timestamp: e.At.UTC()}
	if e.About == recordingStored {
		told.Data = storedOf(e)
	} else {
		told.Data = data(e.Record)
	}
	b, err := json.Marshal(told)
	if err != nil {
		return nil, fmt.Errorf("write the body of event %s: %w", e.ID, err)
	}
	return b, nil
}

// WebhookID is an event's id as the header webhook-id has it: what is signed is
// joined by dots, so an id holds none. A vendor's call id may be a part of it, so
// whatever is neither letter, digit nor hyphen gives way as well.
func WebhookID(e record.Event) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '-':
			return r
		}
		return '_'
	}, e.ID)
}
