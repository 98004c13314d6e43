package main

import (
	"context"
	"fmt"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/tasks"
)

// released marks the binding that an unbind has released. Repeating it changes
// nothing.
func (d *desk) released(ctx context.Context, unbind *record.Record) error {
	c, err := tasks.DecodeContent(tasks.KindUnbind, unbind.Content)
	if err != nil {
		return fmt.Errorf("read what the unbind names: %w", err)
	}
	group, _ := record.GroupOf(unbind.ID)
	id, number := c.Binding, ""
	switch {
	case id != "":
	case c.Subid != "":
		id, _, err = d.store.ByVendorID(ctx, group, c.Subid)
	case c.Mode == tasks.ModeXA && len(unbind.Numbers) > 0:
		number = unbind.Numbers[0]
		var holder *record.Holding
		holder, err = d.store.LeadingOn(ctx, group, number)
		if holder != nil && holder.Account == unbind.Account && !time.UnixMilli(holder.Generation).After(unbind.SendBefore) {
			id = holder.Job // else it came after the unbind and has the number by right
		}
	}
	if err != nil || id == "" {
		return err
	}
	bind, err := d.store.Get(ctx, id)
	if err != nil {
		return err
	}
	if number == "" && bind != nil && len(bind.Numbers) > 0 {
		number = bind.Numbers[0]
	}
	if bind != nil && (bind.Kind != string(tasks.KindBind) || bind.Account != unbind.Account) {
		return nil // a vendor's ids are one account's, and name calls too
	}
	_, err = d.store.Released(ctx, id, number, "by "+unbind.ID+", an operator says")
	return err
}
