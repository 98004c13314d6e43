package sandbox

import (
	"bytes"
	"encoding/binary"
	"maps"
	"net/http"
)

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
	known, ready := d.recorded(subid)
	switch {
	case ready:
		writeBody(w, http.StatusOK, "audio/x-wav", silentWAV())
	case known:
		writeJSON(w, dingxinRefusal(dingxinNoData))
	default:
		// An error that looks like a file until one reads it.
		writeBody(w, http.StatusOK, "application/octet-stream", encode(dingxinRefusal(dingxinParameter)))
	}
}

// recorded says whether there is such a call, and whether its recording is ready.
func (d *Dingxin) recorded(subid string) (known, ready bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	call := d.callByID[subid]
	if call == nil {
		return false, false
	}
	status, _ := call.behaviour.outcome()
	return true, status == dingxinAnswered && !call.dialled.IsZero() &&
		!d.now().Before(call.endsAt.Add(d.opts.RecordingDelay))
}

// silentWAV is a tenth of a second of silence: PCM, one channel, 8 kHz, 8 bits.
func silentWAV() []byte {
	const rate, samples = 8000, 800
	var wav bytes.Buffer
	number := func(size int, n uint32) {
		var b [4]byte
		binary.LittleEndian.PutUint32(b[:], n)
		wav.Write(b[:size])
	}
	wav.WriteString("RIFF")
	number(4, 36+samples)
	wav.WriteString("WAVEfmt ")
	number(4, 16)
	number(2, 1) // PCM
	number(2, 1) // channels
	number(4, rate)
	number(4, rate) // bytes per second
	number(2, 1)    // bytes per frame
	number(2, 8)    // bits per sample
	wav.WriteString("data")
	number(4, samples)
	wav.Write(bytes.Repeat([]byte{0x80}, samples))
	return wav.Bytes()
}
