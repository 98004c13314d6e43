package main

import (
	"context"
	"fmt"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/tasks"
)

// namesOf are what leads to the job's binding where it stands: its id at the
// vendor, and its number where it has that to itself.
func namesOf(rec *record.Record) record.Names {
	names := record.Names{VendorID: rec.VendorID}
	if rec.Kind != string(tasks.KindBind) {
		return names
	}
	if c, err := tasks.DecodeContent(tasks.KindBind, rec.Content); err == nil && c.Mode == tasks.ModeXA {
		names.Alone = rec.Numbers
	}
	return names
}

// released marks the binding that an unbind has released. Repeating it changes
// nothing.
func (d *desk) released(ctx context.Context, unbind *record.Record) error {
	c, err := tasks.DecodeContent(tasks.KindUnbind, unbind.Content)
	if err != nil {
		return fmt.Errorf("read what the unbind names: %w", err)
	}
	group, _ := record.GroupOf(unbind.ID)
	id, found := c.Binding, false
	switch {
	case id != "":
	case c.Subid != "":
		id, _, err = d.store.ByVendorID(ctx, group, c.Subid)
	case c.Mode == tasks.ModeXA && len(unbind.Numbers) > 0:
		id, err = d.store.AloneOn(ctx, group, unbind.Numbers[0])
		found = true
	}
	if err != nil || id == "" {
		return err
	}
	bind, err := d.store.Get(ctx, id)
	if err != nil {
		return err
	}
	if bind == nil || bind.Kind != string(tasks.KindBind) || bind.Account != unbind.Account {
		return nil // a vendor's ids are one account's, and name calls too
	}
	if found && bind.Since.After(unbind.SendBefore) {
		return nil // it came after the unbind and has the number by right
	}
	_, err = d.store.Released(ctx, id, "by "+unbind.ID+", an operator says")
	return err
}
