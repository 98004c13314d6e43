package tasks

import (
	"context"
	"fmt"

	"github.com/callpacer/callpacer/internal/record"
)

// checkBound refuses to unbind by a job that is not there: a mistyped id would be
// accepted, and the number stay bound. n is the unbind job itself.
func (c *Client) checkBound(ctx context.Context, binding string, n record.NewJob, find lookup) error {
	if binding == "" {
		return nil
	}
	there, err := find.recorded(ctx, binding)
	if err != nil || there {
		return err
	}
	if n.Keyed {
		// The record of the binding may have ended since a first submit of this key,
		// which stays the first.
		state, err := c.store.MarkerState(ctx, n.ID)
		if err != nil {
			return fmt.Errorf("look for the first submit of the key: %w", err)
		}
		if state != "" {
			return nil
		}
	}
	return fieldErrorf("job", "there is no job of this id (records end some days after their binding); "+
		"give the right one, or name the binding by subid, or by mode xa and x")
}

func (c *Client) recorded(ctx context.Context, id string) (bool, error) {
	r, err := c.store.Get(ctx, id)
	if err != nil {
		return false, fmt.Errorf("look for the job that bound it: %w", err)
	}
	return r != nil, nil
}

// recordedUntilError is recorded that asks no more after an error: a Redis that
// is away would cost every job of a batch a time-out of its own.
func (c *Client) recordedUntilError() func(ctx context.Context, id string) (bool, error) {
	var broken error
	return func(ctx context.Context, id string) (bool, error) {
		if broken != nil {
			return false, broken
		}
		there, err := c.recorded(ctx, id)
		broken = err
		return there, err
	}
}
