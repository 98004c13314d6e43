package admin

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/sirupsen/logrus"
)

// pressWithin bounds what one press of a button does; the rest of a batch is
// answered as failed.
const pressWithin = 10 * time.Second

// monitor is the monitoring page. asynqmon answers GET and HEAD and sees nothing
// else: whatever changes something is ours.
type monitor struct {
	viewer, operator http.Handler // operator nil: nobody may change
	press            presser
	log              logrus.FieldLogger
}

// presser does what a button asks for. Only a batch is answered with words.
type presser interface {
	do(ctx context.Context, p press, by string) (batchAnswer, error)
}

func (m *monitor) serve(w http.ResponseWriter, r *http.Request, who person) {
	mayChange := who.operator && m.operator != nil
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		page := m.viewer
		if mayChange {
			page = m.operator
		}
		page.ServeHTTP(w, r)
		return
	}
	if !mayChange {
		answer(w, http.StatusForbidden, "refused: this token only reads; a token with role operator may change")
		return
	}
	p, err := parsePress(r)
	if err != nil {
		w.Header().Set("Allow", "GET, HEAD")
		fail(w, err)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), pressWithin)
	defer cancel()
	done, err := m.press.do(ctx, p, who.name)
	m.note(p, who, done, err)
	switch {
	case err != nil:
		fail(w, err)
	case done == nil:
		w.WriteHeader(http.StatusNoContent)
	default:
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(done) // the client may be gone, and that is its affair
	}
}

// note says in the log who pressed what.
func (m *monitor) note(p press, who person, done batchAnswer, err error) {
	if m.log == nil {
		return
	}
	log := m.log.WithField("by", who.name).WithField("queue", p.queue).WithField("button", p.name())
	if p.task != "" {
		log = log.WithField("task", p.task)
	}
	if done != nil {
		log = log.WithField("tasks", len(p.tasks)).WithField("refused", len(done.reasons()))
	}
	if err != nil {
		log.WithError(err).Warn("a button of the monitoring page was pressed in vain")
		return
	}
	log.Info("a button of the monitoring page was pressed")
}

// refusal is an answer to a press that changes nothing.
type refusal struct {
	status int
	text   string
}

// Error implements error.
func (r *refusal) Error() string { return r.text }

func refuse(status int, text string) error { return &refusal{status: status, text: text} }

func fail(w http.ResponseWriter, err error) {
	var r *refusal
	if errors.As(err, &r) {
		answer(w, r.status, r.text)
		return
	}
	answer(w, http.StatusServiceUnavailable, "not done: "+err.Error())
}
