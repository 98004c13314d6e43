package sandbox

import (
	"crypto/hmac"
	"crypto/md5"
	"encoding/hex"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// signDingxin is the vendor's signature over all fields but sign (Dingxin,
// 接口文档, 签名算法), by the given reading.
func signDingxin(fields map[string]string, reading DingxinSign, upper bool) string {
	values := map[string]string{}
	for key, value := range fields {
		if key == "sign" || value == "" {
			continue
		}
		if reading != DingxinV3 {
			key = strings.ToLower(key)
		}
		if reading == DingxinV4 {
			value = url.QueryEscape(value)
		}
		values[key] = value
	}
	keys := make([]string, 0, len(values))
	for key := range values {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	pairs := make([]string, len(keys))
	for i, key := range keys {
		pairs[i] = key + "=" + values[key]
	}
	signed := strings.Join(pairs, "&")
	if reading == DingxinV2 {
		signed = strings.ToLower(signed)
	}
	sum := md5.Sum([]byte(signed))
	digest := hex.EncodeToString(sum[:])
	if upper {
		digest = strings.ToUpper(digest)
	}
	return digest
}

// authenticate checks who asks and when; code 0 is a yes. The fields are those
// that are signed, the sign itself among them.
func (d *Dingxin) authenticate(fields map[string]string) int {
	for _, must := range []string{"appKey", "appSecret", "timestamp", "sign"} {
		if fields[must] == "" {
			return dingxinParameter
		}
	}
	if !hmac.Equal([]byte(fields["appKey"]+"\n"+fields["appSecret"]), []byte(d.opts.AppKey+"\n"+d.opts.AppSecret)) {
		return dingxinAccount
	}
	want := signDingxin(fields, d.opts.Sign, d.opts.UpperDigest)
	if !hmac.Equal([]byte(fields["sign"]), []byte(want)) {
		return dingxinSignature
	}
	stamp, err := strconv.ParseInt(fields["timestamp"], 10, 64)
	if err != nil {
		return dingxinTimestamp
	}
	at := time.UnixMilli(stamp)
	if d.opts.Seconds {
		at = time.Unix(stamp, 0)
	}
	if d.now().Sub(at).Abs() > d.opts.TimestampTolerance {
		return dingxinTimestamp
	}
	return 0
}
