package tasks

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"time"

	"github.com/hibiken/asynq"

	"github.com/callpacer/callpacer/internal/record"
)

// NewTask makes a task that carries its job itself, for those who hold an asynq
// client: client.Enqueue(task) is all, and the task's options need no others. It
// checks the job and names it as Client does, for an account as Accounts gives it,
// and writes nothing. id is the job's, and the task's.
//
// The job's record is made when a worker takes the task up for the first time,
// which has to be within 24 hours (or the account's KeyRetention, where that is
// shorter) by this process's clock; later it is not sent and ends unknown. Until
// then the job can be neither seen nor cancelled, and its expiry is noticed when a
// worker takes it up. A *FieldError names what to mend in the job.
//
// asynq refuses the task (ErrTaskIDConflict) while one of that id is there, for a
// call or a binding up to a day after it ran. With an idempotency key that is no
// failure: the job is there already.
func NewTask(a Account, j Job) (task *asynq.Task, id string, err error) {
	return newTask(a, j, time.Now())
}

// NewNotifyTask is NewTask for a job of kind notify.
func NewNotifyTask(a Account, j Job) (*asynq.Task, string, error) { return newKind(a, j, KindNotify) }

// NewConnectTask is NewTask for a job of kind connect.
func NewConnectTask(a Account, j Job) (*asynq.Task, string, error) { return newKind(a, j, KindConnect) }

// NewBindTask is NewTask for a job of kind bind.
func NewBindTask(a Account, j Job) (*asynq.Task, string, error) { return newKind(a, j, KindBind) }

// NewUnbindTask is NewTask for a job of kind unbind. Whether there is a job that it
// names is found out when it runs.
func NewUnbindTask(a Account, j Job) (*asynq.Task, string, error) { return newKind(a, j, KindUnbind) }

// NewPollTask is NewTask for a job of kind poll.
func NewPollTask(a Account, j Job) (*asynq.Task, string, error) { return newKind(a, j, KindPoll) }

// NewRecordingTask is NewTask for a job of kind recording.
func NewRecordingTask(a Account, j Job) (*asynq.Task, string, error) {
	return newKind(a, j, KindRecording)
}

// NewAccountTask is NewTask for a job of kind account.
func NewAccountTask(a Account, j Job) (*asynq.Task, string, error) { return newKind(a, j, KindAccount) }

func newKind(a Account, j Job, k Kind) (*asynq.Task, string, error) {
	if j.Kind != "" && j.Kind != k {
		return nil, "", fieldErrorf("kind", "is %s; leave it out, or make the task with NewTask", j.Kind)
	}
	j.Kind = k
	return newTask(a, j, time.Now())
}

func newTask(a Account, j Job, now time.Time) (*asynq.Task, string, error) {
	if j.Account == "" {
		j.Account = a.Name
	}
	if j.Account != a.Name {
		return nil, "", fieldErrorf("account", "is %q; the task is made for account %s", j.Account, a.Name)
	}
	job, err := a.accepted(j, now)
	if err != nil {
		return nil, "", err
	}
	switch life := a.carriedLife(); {
	case life <= 0:
		return nil, "", fieldErrorf("account", "%s keeps no idempotency keys, without which a task cannot carry its job", a.Name)
	case !job.NotBefore.Before(now.Add(life)):
		return nil, "", fieldErrorf("not_before", "is more than %s away, and a task that carries its job is taken up within that only; use Client", life)
	}
	id := newID(a.Group, a.Name, job.IdempotencyKey)
	payload, err := job.carry(a, id, now)
	if err != nil {
		return nil, "", err
	}
	e := Entry{Queue: QueueFor(a.Name, job.Kind, job.Priority), Kind: job.Kind, TaskID: id, ID: id, At: job.NotBefore}
	return asynq.NewTask(string(e.Kind), payload, e.options()...), id, nil
}

// carry is the payload of a task that carries the job, which is made at now.
func (c checkedJob) carry(a Account, id string, now time.Time) ([]byte, error) {
	if c.ExpiresAt.IsZero() {
		c.ExpiresAt, c.ExpiresIn = now.Add(c.ExpiresIn), 0
	}
	key := c.IdempotencyKey
	if key == "" {
		key = rand.Text() // for nobody: another submit has another id
	}
	n, err := c.record(a, id, key)
	if err != nil {
		return nil, err
	}
	carried, err := json.Marshal(c.travels(n, now))
	if err != nil {
		return nil, fmt.Errorf("encode the carried job: %w", err)
	}
	payload, err := json.Marshal(Payload{Version: payloadVersion, ID: id, Carried: carried})
	if err != nil {
		return nil, fmt.Errorf("encode the task: %w", err)
	}
	return payload, nil
}

func (c checkedJob) travels(n record.NewJob, now time.Time) Carried {
	job := c.Job
	job.IdempotencyKey = ""
	return Carried{
		Job: job, Digest: n.Digest, Parts: n.Parts, RequestID: n.RequestID, Token: n.SubmitToken, CreatedAt: now.UnixMilli(),
	}
}
