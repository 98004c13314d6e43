package itnio

import (
	"crypto/md5"
	"encoding/hex"
	"net/http"
	"strconv"
	"time"
)

// sign is the vendor's signature: hex of MD5 over API key, API secret and the
// timestamp in seconds, in this order and with nothing between them. The case of
// the hex is free; the documents' samples are in lower case. It covers no other
// field, so a signed request must not be kept.
//
// ITNIO, recordGroup, Java and PHP samples.
func sign(apiKey, apiSecret, seconds string) string {
	sum := md5.Sum([]byte(apiKey + apiSecret + seconds))
	return hex.EncodeToString(sum[:])
}

// seconds is a moment as the vendor's Timestamp header writes it.
func seconds(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }

// stamp signs a request now, and returns the clock offset that was used.
func (a *Adapter) stamp(h http.Header) time.Duration {
	now, used := a.clock.Now()
	at := seconds(now)
	h.Set("Content-Type", "application/json;charset=UTF-8")
	h.Set("Sign", sign(a.cfg.apiKey, a.cfg.apiSecret, at))
	h.Set("Timestamp", at)
	h.Set("Api-Key", a.cfg.apiKey)
	return used
}
