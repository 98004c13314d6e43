package interline

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"time"

	"github.com/callpacer/callpacer/providers"
)

// sign is the vendor's signature: characters 24 to 39 of the lower-case hex of
// SHA-256 over the key and the timestamp in milliseconds. Java's substring(24,40)
// ends before its second index; the developer's id is not signed.
//
// 云通信平台, 2.1 keytime 签名认证.
func sign(authKey, millis string) string {
	sum := sha256.Sum256([]byte(authKey + millis))
	return hex.EncodeToString(sum[:])[24:40]
}

// keytime is the Authorization header, to the byte: one space, none after the
// commas.
func keytime(devID, authKey, millis string) string {
	return "Keytime " + devID + "," + millis + "," + sign(authKey, millis)
}

// stamp is what is remembered of a signed request.
type stamp struct {
	offset time.Duration // by which our clock was corrected
	again  bool          // the signature before this one was refused
}

// authorize signs a request for this moment. The signature covers neither path
// nor content and lasts three minutes, so a signed request must not be kept.
func (a *Adapter) authorize(req *http.Request) stamp {
	// In this order: a request that counts as signed again is signed by the clock
	// that the refusal taught us.
	s := stamp{again: a.refused.Load()}
	now, offset := a.clock.Now()
	s.offset = offset
	req.Header.Set("Authorization", keytime(a.cfg.devID, a.cfg.authKey, strconv.FormatInt(now.UnixMilli(), 10)))
	return s
}

// tolerance is how old a timestamp may be ("三分钟内"; in which direction is not
// said).
const tolerance = 3 * time.Minute

// signatureRefused says what a refused signature means: HaltNone, sign again; or
// why no further signature will fare better. Requests under way when the first
// was refused were not signed again and halt nothing.
func (a *Adapter) signatureRefused(reply providers.Reply, s stamp) providers.Halt {
	learned := a.clock.Learn(reply, s.offset)
	a.refused.Store(true)
	if !s.again || learned && s.offset == 0 {
		return providers.HaltNone
	}
	if date, err := http.ParseTime(reply.Header.Get("Date")); err == nil && date.Sub(a.clock.Ours()).Abs() > tolerance {
		return providers.HaltClockSkew
	}
	return providers.HaltAuth
}
