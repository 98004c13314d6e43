package sandbox

import (
	"maps"
	"net/http"
	"strings"
	"time"
)

// DingxinDownloadPath begins the path of a CDR's downloadUrl, where the vendor
// hands out recordings to whoever knows the address; the document says nothing of
// what the address looks like. The subid and ".wav" follow.
const DingxinDownloadPath = "/recordings/"

// SetDownloadBase has the CDRs of answered calls from now on carry a downloadUrl
// under it, or none where it is empty: DingxinOptions.DownloadBase for those who
// learn the vendor's address after they made it.
func (d *Dingxin) SetDownloadBase(base string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.opts.DownloadBase = base
}

// Recordings returns the recording of every answered call in the order of
// accepting, those that are not ready yet included.
func (d *Dingxin) Recordings() []Recording {
	d.mu.Lock()
	ready := map[string]time.Time{}
	var ids []string
	for _, call := range d.calls {
		if at, exists := d.readyAt(call); exists {
			ids, ready[call.CallID] = append(ids, call.CallID), at
		}
	}
	d.mu.Unlock()
	all := make([]Recording, len(ids))
	for i, id := range ids {
		all[i] = d.shelf.evidence(id, DingxinRecordingPath+id, ready[id])
	}
	return all
}

// readyAt says from when on an answered call's recording can be had.
func (d *Dingxin) readyAt(call *dingxinCall) (at time.Time, exists bool) {
	status, _ := call.behaviour.outcome()
	return call.endsAt.Add(d.opts.RecordingDelay), status == dingxinAnswered && !call.dialled.IsZero()
}

// serveRecording is Dingxin, 接口文档, 获取录音文件. The subid is signed too.
func (d *Dingxin) serveRecording(w http.ResponseWriter, r *http.Request, subid string) {
	if r.Method != http.MethodGet {
		writeJSON(w, dingxinRefusal(dingxinMethod))
		return
	}
	fields, err := form(w, r, http.MethodPost)
	if err != nil || subid == "" || unknownField(fields, "appKey", "appSecret", "timestamp", "sign") {
		writeJSON(w, dingxinRefusal(dingxinParameter))
		return
	}
	signed := maps.Clone(fields)
	signed["subid"] = subid
	if code := d.authenticate(signed); code != 0 {
		writeJSON(w, dingxinRefusal(code))
		return
	}
	known, exists, ready := d.recorded(subid)
	switch {
	case exists:
		d.deliverRecording(w, r, &d.shelf, askedRecording{id: subid, ready: ready, refusal: dingxinAnswer{},
			notReady: func(w http.ResponseWriter) { writeJSON(w, dingxinRefusal(dingxinNoData)) }})
	case known:
		writeJSON(w, dingxinRefusal(dingxinNoData))
	default:
		// An error that looks like a file until one reads it.
		writeBody(w, http.StatusOK, "application/octet-stream", encode(dingxinRefusal(dingxinParameter)))
	}
}

// serveDownload answers a CDR's downloadUrl.
func (d *Dingxin) serveDownload(w http.ResponseWriter, r *http.Request) {
	d.countRequest(DingxinDownloadPath)
	subid, named := strings.CutSuffix(strings.TrimPrefix(r.URL.Path, DingxinDownloadPath), ".wav")
	_, exists, ready := d.recorded(subid)
	if !named || !exists || r.Method != http.MethodGet {
		http.NotFound(w, r)
		return
	}
	d.deliverRecording(w, r, &d.shelf, askedRecording{id: subid, ready: ready, refusal: dingxinAnswer{},
		notReady: func(w http.ResponseWriter) { http.Error(w, "not yet", http.StatusNotFound) }})
}

// recorded says whether there is such a call, whether it is or will be recorded,
// and whether its recording is ready.
func (d *Dingxin) recorded(subid string) (known, exists, ready bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	call := d.callByID[subid]
	if call == nil {
		return false, false, false
	}
	at, exists := d.readyAt(call)
	return true, exists, exists && !d.now().Before(at)
}
