package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/tasks"
)

// exportChunk is how many records are in memory at once, and in one round trip.
const exportChunk = 250

// groupsOf are the groups of all known accounts, or of the one that is asked for, in
// the order of their ids.
func (l *link) groupsOf(ctx context.Context, p place, account string) ([]string, error) {
	published, err := tasks.Accounts(ctx, l.rdb)
	if err != nil {
		return nil, l.explain(err, "")
	}
	var groups, names []string
	for _, a := range slices.AppendSeq(slices.Clone(p.accounts), maps.Values(published)) {
		names = append(names, a.Name)
		if account == "" || a.Name == account {
			groups = append(groups, a.Group)
		}
	}
	switch {
	case len(names) == 0: // no rows would say that there is nothing
		return nil, failf("account", "no worker has published an account on the Redis at %s; start one, or give --config", l.address)
	case len(groups) == 0:
		slices.Sort(names)
		return nil, failf("account", "%q is unknown; known are %s", account, strings.Join(slices.Compact(names), ", "))
	}
	slices.SortFunc(groups, func(a, b string) int { return cmp.Compare(a+".", b+".") })
	return slices.Compact(groups), nil
}

// exporter writes the jobs of one day.
type exporter struct {
	link    *link
	day     day
	account string // "": all
	rows    rowWriter

	written int
	gone    int // records that left Redis between the list of ids and the reading
}

// all writes every row. Only the ids of one group are in memory at once, and the
// records of one chunk.
func (e *exporter) all(ctx context.Context, groups []string) error {
	if err := e.rows.begin(); err != nil {
		return err
	}
	for _, group := range groups {
		ids, err := e.link.store.IDs(ctx, group)
		if err != nil {
			return err
		}
		for chunk := range slices.Chunk(ids, exportChunk) {
			if err := e.chunk(ctx, chunk); err != nil {
				return err
			}
		}
	}
	return nil
}

func (e *exporter) chunk(ctx context.Context, ids []string) error {
	births, err := e.link.store.Births(ctx, ids)
	if err != nil {
		return err
	}
	var wanted []string
	for i, b := range births {
		switch {
		case b.CreatedAt.IsZero():
			e.gone++
		case e.day.has(b.CreatedAt) && (e.account == "" || b.Account == e.account):
			wanted = append(wanted, ids[i])
		}
	}
	records, err := e.link.store.GetMany(ctx, wanted)
	if err != nil {
		return err
	}
	parents, err := e.parents(ctx, records)
	if err != nil {
		return err
	}
	for _, r := range records {
		if r == nil {
			e.gone++
			continue
		}
		if err := e.rows.row(exportRowOf(sight{id: r.ID, state: r.State, rec: r, parent: parents[r.Parent]}, e.day.zone)); err != nil {
			return err
		}
		e.written++
	}
	return nil
}

// parents are the bindings of those records that are calls over one: they know
// the numbers that must not be seen.
func (e *exporter) parents(ctx context.Context, records []*record.Record) (map[string]*record.Record, error) {
	var ids []string
	for _, r := range records {
		if r == nil {
			continue
		}
		if _, ok := record.GroupOf(r.Parent); ok {
			ids = append(ids, r.Parent)
		}
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	found, err := e.link.store.GetMany(ctx, ids)
	if err != nil {
		return nil, err
	}
	parents := make(map[string]*record.Record, len(ids))
	for i, id := range ids {
		parents[id] = found[i]
	}
	return parents, nil
}

func (e *exporter) summary() string {
	line := fmt.Sprintf("%s of %s (%s)", counted(e.written, "row"), e.day.name, e.day.zone)
	if e.gone > 0 {
		line += fmt.Sprintf("; %s left Redis while they were read, and are missing where they were of that day", counted(e.gone, "record"))
	}
	return line
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
