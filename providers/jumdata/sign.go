package jumdata

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"time"
)

// sign is the vendor's signature: lower-case hex of SHA-256 over app id, app
// secret and the timestamp in milliseconds, in this order and with nothing
// between them. It covers no other field, so a signed request must not be kept.
//
// Jumdata, 语音通知-随机主叫, 签名算法.
func sign(appID, appSecret, millis string) string {
	sum := sha256.Sum256([]byte(appID + appSecret + millis))
	return hex.EncodeToString(sum[:])
}

// millis is a moment as the vendor writes it.
func millis(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }
