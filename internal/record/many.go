package record

import "context"

// Creation is what became of one job of CreateMany.
type Creation struct {
	Created
	Err error
}

// CreateMany is Create for many jobs in one round trip, or two where the server
// does not know the script. The answers are in the jobs' order, and so are the
// jobs of one group created: of two with one id the first is the first. One
// job's error stops no other.
func (s *Store) CreateMany(ctx context.Context, jobs []NewJob) []Creation {
	out := make([]Creation, len(jobs))
	asked := make([]*Request, len(jobs))
	for i, j := range jobs {
		args, err := j.arguments()
		if err != nil {
			out[i].Err = err
			continue
		}
		asked[i], out[i].Err = s.request(createScript, j.ID, args)
	}
	s.pipeline(ctx, asked)
	for i, r := range asked {
		if r == nil {
			continue
		}
		answer, err := createScript.answer(r.Reply)
		if err == nil {
			out[i].Created, err = readCreated(answer)
		}
		out[i].Err = err
	}
	return out
}

// Enqueued is a job that asynq holds under a task id.
type Enqueued struct{ ID, Task string }

// Marking is what became of one job of MarkQueuedMany.
type Marking struct {
	State State
	Err   error
}

// MarkQueuedMany is MarkQueued for many jobs, as CreateMany is Create.
func (s *Store) MarkQueuedMany(ctx context.Context, jobs []Enqueued) []Marking {
	out := make([]Marking, len(jobs))
	asked := make([]*Request, len(jobs))
	for i, j := range jobs {
		asked[i], out[i].Err = s.request(queuedScript, j.ID, map[string]any{"task": j.Task})
	}
	s.pipeline(ctx, asked)
	for i, r := range asked {
		if r == nil {
			continue
		}
		answer, err := queuedScript.answer(r.Reply)
		out[i] = Marking{State: State(at(answer, 0)), Err: err}
	}
	return out
}

// request is a transition of one job, or nil beside an error.
func (s *Store) request(sc *Script, id string, args map[string]any) (*Request, error) {
	if err := sc.mayConcern(id); err != nil {
		return nil, err
	}
	argv, err := s.arguments(sc, id, args)
	if err != nil {
		return nil, err
	}
	return &Request{Source: sc.source, SHA: sc.script.Hash(), Keys: scriptKeys(id, nil, nil), Args: argv}, nil
}

// pipeline sends the requests that are not nil.
func (s *Store) pipeline(ctx context.Context, asked []*Request) {
	requests := make([]*Request, 0, len(asked))
	for _, r := range asked {
		if r != nil {
			requests = append(requests, r)
		}
	}
	if len(requests) > 0 {
		Pipeline(ctx, s.rdb, requests)
	}
}
