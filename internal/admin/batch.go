package admin

import (
	"context"
)

// batchAnswer is what asynqmon's page expects of a batch: the ids done and those
// not done, under names of the button's own. Beside them, which the page does
// not read, stands why an id was not done.
type batchAnswer map[string]any

const reasonsName = "reasons"

func (a batchAnswer) reasons() map[string]string {
	m, _ := a[reasonsName].(map[string]string)
	return m
}

// batchNames are the names of the two lists (asynqmon, task_handlers.go).
var batchNames = map[string][2]string{
	"delete":  {"deleted_ids", "failed_ids"},
	"archive": {"archived_ids", "error_ids"},
	"run":     {"pending_ids", "error_ids"},
	"cancel":  {"canceled_ids", "error_ids"},
}

// pressEach does the action to each task of a batch until the time is over.
func (b *buttons) pressEach(ctx context.Context, p press, act action) batchAnswer {
	done, failed, reasons := []string{}, []string{}, map[string]string{}
	for _, task := range p.tasks {
		err := ctx.Err()
		if err == nil {
			err = act(ctx, p.queue, task)
		}
		if err != nil {
			failed = append(failed, task)
			reasons[task] = err.Error()
			continue
		}
		done = append(done, task)
	}
	names := batchNames[p.verb]
	return batchAnswer{names[0]: done, names[1]: failed, reasonsName: reasons}
}
