package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/recordjson"
)

// exportRow is one job of an export. A pointer is nil where nothing is known.
type exportRow struct {
	ID         string            `json:"id"`
	Account    string            `json:"account"`
	Vendor     string            `json:"vendor"`
	Kind       string            `json:"kind"`
	State      record.State      `json:"state"`
	Cause      string            `json:"cause"`
	To         string            `json:"to"`
	From       string            `json:"from"`
	VendorID   string            `json:"vendor_id"`
	VendorTask string            `json:"vendor_task"`
	Attempts   int               `json:"attempts"`
	CreatedAt  *string           `json:"created_at"`
	EndedAt    *string           `json:"ended_at"`
	AnsweredAt *string           `json:"answered_at"`
	ReleasedAt *string           `json:"released_at"`
	Duration   *float64          `json:"duration_s"`
	Billed     *float64          `json:"billed_s"`
	Billable   *bool             `json:"billable"`
	Cost       string            `json:"cost"`
	Currency   string            `json:"currency"`
	DTMF       string            `json:"dtmf"`
	HangupBy   string            `json:"hangup_by"`
	VendorCode string            `json:"vendor_code"`
	Tags       map[string]string `json:"tags"`
}

// exportRowOf hides the numbers as status does.
func exportRowOf(s sight, zone *time.Location) exportRow {
	v := recordjson.Of(s.rec, s.parent)
	row := exportRow{
		ID: v.ID, Account: v.Account, Vendor: v.Vendor, Kind: v.Kind, State: v.State, Cause: v.Cause, To: v.To, From: v.From,
		VendorID: v.VendorID, VendorTask: v.VendorTask, Attempts: v.Attempts,
		CreatedAt: timeIn(zone, v.CreatedAt), EndedAt: timeIn(zone, v.EndedAt),
		AnsweredAt: timeIn(zone, v.Answered), ReleasedAt: timeIn(zone, v.Released),
		Duration: v.Duration, Billed: v.Billed, Billable: v.Billable, Cost: v.Cost, Currency: v.Currency,
		DTMF: v.DTMF, HangupBy: v.HangupBy, VendorCode: v.Code, Tags: v.Tags,
	}
	if row.Tags == nil {
		row.Tags = map[string]string{}
	}
	return row
}

func timeIn(zone *time.Location, t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	written := t.In(zone).Format("2006-01-02T15:04:05.000Z07:00")
	return &written
}

// exportColumns are the header of the CSV, in the order of cells.
var exportColumns = []string{
	"id", "account", "vendor", "kind", "state", "cause", "to", "from", "vendor_id", "vendor_task",
	"attempts", "created_at", "ended_at", "answered_at", "released_at", "duration_s", "billed_s",
	"billable", "cost", "currency", "dtmf", "hangup_by", "vendor_code", "tags",
}

// cells are the row's values under exportColumns, none of which a spreadsheet
// takes for a formula.
func (r exportRow) cells() []string {
	cells := []string{
		r.ID, r.Account, r.Vendor, r.Kind, string(r.State), r.Cause, r.To, r.From, r.VendorID, r.VendorTask,
		strconv.Itoa(r.Attempts), known(r.CreatedAt), known(r.EndedAt), known(r.AnsweredAt), known(r.ReleasedAt),
		spanCell(r.Duration), spanCell(r.Billed), known(r.Billable), r.Cost, r.Currency, r.DTMF, r.HangupBy, r.VendorCode, tagsCell(r.Tags),
	}
	for i, c := range cells {
		cells[i] = harmless(c)
	}
	return cells
}

func known[T any](v *T) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(*v)
}

func spanCell(seconds *float64) string {
	if seconds == nil {
		return ""
	}
	return strconv.FormatFloat(*seconds, 'f', -1, 64) // spreadsheets read no 1e+06 as seconds
}

// tagsCell writes tags as import reads them.
func tagsCell(tags map[string]string) string {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(tags)) {
		pairs = append(pairs, name+"="+tags[name])
	}
	return strings.Join(pairs, "|")
}

// harmless keeps a spreadsheet from reading text as a formula: what a vendor or
// an application wrote would run on the reader's machine. Spreadsheets take the
// full-width forms too, and skip tabs and line ends before them.
func harmless(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", []rune(cell)[0]) {
		return "'" + cell
	}
	return cell
}
