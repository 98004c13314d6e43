package event

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/recordjson"
	"github.com/callpacer/callpacer/internal/secret"
)

func page(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile("../../docs/events.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func moment(second int) time.Time { return time.Date(2026, 11, 22, 1, 15, second, 214e6, time.UTC) }

// The full example of docs/events.md is what is really sent, signature and all.
func TestTheExampleOfTheDocsIsWhatIsSent(t *testing.T) {
	talked, billed, billable := 21*time.Second, time.Minute, true
	e := record.Event{
		ID: "jumdata.01KAMV3E9T5Q8Z0N4W7XHJ6RCD:3", Job: "jumdata.01KAMV3E9T5Q8Z0N4W7XHJ6RCD", Revision: 3, At: moment(53),
		Record: &record.Record{
			ID: "jumdata.01KAMV3E9T5Q8Z0N4W7XHJ6RCD", Kind: "notify", Account: "jumdata-main", Vendor: "jumdata", Priority: "normal",
			State: record.Completed, Cause: "answered", VendorID: "JM20261122091530000001", Attempts: 1, Revision: 3, To: "138****0001",
			CreatedAt: moment(28), ExpiresAt: moment(28).Add(24 * time.Hour), EndedAt: moment(53),
			Tags:  map[string]string{"order": "4711"},
			Facts: record.Facts{Duration: &talked, Billed: &billed, Billable: &billable, Answered: moment(32).Truncate(time.Second)},
			Timeline: []record.Entry{
				{At: moment(28), State: record.Accepted}, {At: moment(28), State: record.Queued},
				{At: moment(29), State: record.Submitting}, {At: moment(30), State: record.Submitted},
				{At: moment(31), State: record.Ringing, Detail: "push"}, {At: moment(53), State: record.Completed, Detail: "push"},
			},
		},
	}
	content, err := body(e, func(r *record.Record) any { return recordjson.Of(r, nil) })
	if err != nil {
		t.Fatal(err)
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, content, "", "  "); err != nil {
		t.Fatal(err)
	}
	if text := page(t); !strings.Contains(text, pretty.String()) {
		t.Errorf("docs/events.md does not hold the body:\n%s", pretty.String())
	}
	o := testOptions()
	o.Secret = secret.New("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	request, err := mustEndpoints(t, o).request(t.Context(), target{url: hooks}, WebhookID(e), content, moment(53))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Content-Type", "User-Agent", "webhook-id", "webhook-timestamp", "webhook-signature"} {
		if line := name + ": " + request.Header.Get(name); !strings.Contains(page(t), line+"\n") {
			t.Errorf("docs/events.md does not hold %q", line)
		}
	}
}

var kinds = []string{"notify", "connect", "bind", "unbind", "call", "poll", "account", "recording", "sms"}

var states = []record.State{
	record.Submitted, record.InDoubt, record.AwaitingDial, record.Ringing, record.InProgress, record.Active, record.Released,
	record.Unknown, record.Completed, record.Busy, record.NoAnswer, record.Rejected, record.Failed, record.Canceled, record.Expired,
}

// Every type that docs/events.md names can come, and every state that is told stands
// there.
func TestTheDocsNameEveryType(t *testing.T) {
	can, named := map[string]bool{}, map[record.State]bool{}
	for _, kind := range kinds {
		for _, state := range states {
			can[Type(record.Event{Record: &record.Record{Kind: kind, State: state}})] = true
			can[Type(record.Event{Corrected: true, Record: &record.Record{Kind: kind, State: state}})] = true
		}
	}
	can[Type(record.Event{About: "recording.stored", Record: &record.Record{Kind: "call", State: record.Completed}})] = true
	_, section, _ := strings.Cut(page(t), "\n## Types\n")
	section, _, _ = strings.Cut(section, "\n## ")
	found := regexp.MustCompile("`((?:call|binding|release|account|recording|sms)\\.[a-z_]+)`").FindAllStringSubmatch(section, -1)
	for _, m := range found {
		if !can[m[1]] {
			t.Errorf("%s cannot come", m[1])
		}
		_, state, _ := strings.Cut(m[1], ".")
		named[record.State(state)] = true
	}
	for _, state := range states {
		if !named[state] {
			t.Errorf("no type is named for %s", state)
		}
	}
	if !named["corrected"] || !named["stored"] || len(found) < 25 {
		t.Errorf("%d types are named", len(found))
	}
}
