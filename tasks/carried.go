package tasks

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/callpacer/callpacer/internal/record"
)

const (
	carriedLimit = 24 * time.Hour
	// aheadAtMost is how far the clock of whoever made a task may be ahead of Redis's.
	aheadAtMost = 5 * time.Minute
	maxPayload  = 1 << 20 // bytes; several times what the longest job takes
)

// carriedLife is how long after it was made a task may bring its job along. The
// key marker of a job that was done before has to be there for as long: it is all
// that then tells a second delivery from a first one.
func (a Account) carriedLife() time.Duration { return min(carriedLimit, a.KeyRetention) }

// Carried is a job that travels in its task, as the task's maker put it there.
type Carried struct {
	Job       Job               `json:"job"` // without its key, which is kept nowhere
	Digest    string            `json:"digest"`
	Parts     map[string]string `json:"parts"`
	RequestID string            `json:"request_id,omitempty"`
	Token     string            `json:"token"`      // of this submit
	CreatedAt int64             `json:"created_at"` // Unix milliseconds, by the maker's clock
}

var errUncarried = errors.New("what the task carries is not a job that this worker can read")

// DecodeCarried returns the job that a task's payload carries; nil: it carries
// none. The error quotes nothing of it.
func DecodeCarried(payload []byte) (*Carried, error) {
	if !Carries(payload) {
		return nil, nil //nolint:nilnil // most tasks carry none
	}
	if len(payload) > maxPayload {
		return nil, fmt.Errorf("the task's payload has %d bytes; at most %d", len(payload), maxPayload)
	}
	var p Payload
	c := new(Carried)
	if json.Unmarshal(payload, &p) != nil || json.Unmarshal(p.Carried, c) != nil {
		return nil, errUncarried
	}
	return c, nil
}

// Carries says that a payload holds, or may hold, more than the job's id.
func Carries(payload []byte) bool { return bytes.Contains(payload, []byte(`"carried"`)) }

// Same says that the job of the record is the one carried: the same kind and content.
func (c *Carried) Same(r *record.Record) bool {
	job, err := c.Job.checked()
	if err != nil || string(job.Kind) != r.Kind || job.Account != r.Account {
		return false
	}
	content, _, _, err := job.content("")
	return err == nil && content == asGiven(r)
}

// asGiven is the record's content as its job was given, before a worker chose its X.
func asGiven(r *record.Record) string {
	if c, err := DecodeContent(KindBind, r.Content); r.Chosen && err == nil {
		return strings.Replace(r.Content, `"x":"`+c.X+`"`, `"x":"`+AutoX+`"`, 1)
	}
	return r.Content
}

// Record is the record to be made of the carried job, when a task of the kind came
// under the id at now (Redis's time). Nothing of it is taken on trust that can be
// worked out anew: the account is the worker's own, and the numbers that the rules
// look at are those of the content. The error says why there is to be none.
func (c *Carried) Record(id string, k Kind, a Account, now time.Time) (record.NewJob, error) {
	made := time.UnixMilli(c.CreatedAt)
	switch {
	case made.After(now.Add(aheadAtMost)):
		return record.NewJob{}, fmt.Errorf("it was made more than %s in the future, by the time of Redis", aheadAtMost)
	case !now.Before(made.Add(a.carriedLife())):
		return record.NewJob{}, fmt.Errorf("it was made more than %s ago", a.carriedLife())
	}
	job, err := c.fits(id, k, a)
	if err != nil {
		return record.NewJob{}, err
	}
	n, err := job.record(a, id, "")
	if err != nil {
		return record.NewJob{}, err
	}
	if !c.signed(n.Parts) {
		return record.NewJob{}, errors.New("its fingerprints are not those of its fields")
	}
	n.Digest, n.Parts, n.SubmitToken, n.MadeBy = c.Digest, c.Parts, c.Token, made.Add(a.carriedLife())
	if job.Kind == KindBind {
		n.RequestID = c.RequestID
	}
	// With or without a key of its own: a task may be delivered again when the record
	// has left Redis.
	n.Keyed, n.KeyRetain = true, max(a.KeyRetention, a.Retention)+aheadAtMost
	return n, nil
}

// fits holds the job against the account as this worker knows it.
func (c *Carried) fits(id string, k Kind, a Account) (checkedJob, error) {
	job, err := c.Job.checked()
	if err != nil {
		return checkedJob{}, fmt.Errorf("its job: %w", err)
	}
	group, _ := record.GroupOf(id)
	switch {
	case !jobIDPattern.MatchString(id) || group != a.Group:
		err = fmt.Errorf("its id is none of a job of group %s", a.Group)
	case job.Account != a.Name:
		err = fmt.Errorf("its job is not for account %s", a.Name)
	case job.Kind != k:
		err = fmt.Errorf("its job is of kind %s and the task of kind %s", job.Kind, k)
	case !slices.Contains(a.Kinds, k):
		err = a.refusal(k)
	case job.ExpiresAt.IsZero() || job.ExpiresIn != 0 || job.IdempotencyKey != "":
		err = errors.New("its job is not in the form in which jobs travel")
	}
	if err != nil {
		return checkedJob{}, err
	}
	if err := a.check(&job); err != nil {
		return checkedJob{}, fmt.Errorf("its job: %w", err)
	}
	return job, nil
}

var (
	digestPattern = regexp.MustCompile(`^[0-9a-f]{24}$`)
	tokenPattern  = regexp.MustCompile(`^[0-9A-Z]{16,64}$`)
)

// signed says that there is a fingerprint of every field, as the maker takes them.
// It cannot be worked out anew, for that takes the job's key.
func (c *Carried) signed(fields map[string]string) bool {
	for name, sum := range c.Parts {
		if _, ok := fields[name]; !ok || !digestPattern.MatchString(sum) {
			return false
		}
	}
	bind := c.RequestID == "" && c.Job.Kind != KindBind || tokenPattern.MatchString(c.RequestID)
	return maps.EqualFunc(c.Parts, fields, func(string, string) bool { return true }) &&
		digestPattern.MatchString(c.Digest) && tokenPattern.MatchString(c.Token) && bind
}
