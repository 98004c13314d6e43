package main

import "github.com/callpacer/callpacer/tasks"

// tell prints one row and counts it.
func (b *batch) tell(i item, r tasks.Result) error {
	b.told = i.row
	switch {
	case r.Err != nil:
		b.failed++
		return b.tellFailed(i, r.Err)
	case b.judge != nil:
		b.accepted++
		return b.tellValid(i.row, r.Receipt)
	case r.Receipt.Duplicate:
		b.duplicates++
	default:
		b.accepted++
	}
	return b.tellAccepted(i.row, r.Receipt)
}

func (b *batch) tellFailed(i item, err error) error {
	hint := ""
	if b.judge == nil {
		hint = openEnd(i.job)
	}
	f := b.link.explain(err, hint)
	if !b.app.json {
		b.app.say("row %d: %s", i.row, f)
		return nil
	}
	return printJSON(b.out, struct {
		Row   int       `json:"row"`
		Error errorJSON `json:"error"`
	}{i.row, f.asJSON()})
}

func (b *batch) tellValid(row int, r tasks.Receipt) error {
	if !b.app.json {
		return printLine(b.out, "row %d: %s%s", row, valid(r), b.judge.by())
	}
	return printJSON(b.out, struct {
		Row int `json:"row"`
		validJSON
	}{row, validJSON{r.Account, r.Kind, r.State}})
}

func (b *batch) tellAccepted(row int, r tasks.Receipt) error {
	if b.flags.wait {
		b.waiting = append(b.waiting, awaited{row, r.ID, r.State, r.Duplicate})
		if b.app.json {
			return nil // its one line is that of its end
		}
	}
	if !b.app.json {
		return printLine(b.out, "row %d: %s", row, accepted(r))
	}
	return printJSON(b.out, struct {
		Row       int    `json:"row"`
		ID        string `json:"id"`
		State     string `json:"state"`
		Duplicate bool   `json:"duplicate"`
	}{row, r.ID, r.State, r.Duplicate})
}
