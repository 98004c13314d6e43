package dingxin

import (
	"crypto/md5"
	"encoding/hex"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// signed adds credentials, time and signature to a request's fields, for a
// request whose signature covers also, which is not sent as a field.
func (c config) signed(fields, also map[string]string, at time.Time) map[string]string {
	fields["appKey"], fields["appSecret"] = c.appKey, c.appSecret
	fields["timestamp"] = c.timestamp(at)
	covered := make(map[string]string, len(fields)+len(also))
	for name, value := range fields {
		covered[name] = value
	}
	for name, value := range also {
		covered[name] = value
	}
	fields["sign"] = digest(c.preimage(covered), c.signCase)
	return fields
}

// preimage is the text that is signed: every field but sign and the empty ones,
// sorted by name, as k=v&k=v. "值为空字符串或null不参与签名参数和key需要小写" is
// one run-on clause; the variants are its possible readings.
//
// Dingxin, 1.签名算法.
func (c config) preimage(fields map[string]string) string {
	pairs := make([]string, 0, len(fields))
	for name, value := range fields {
		if value == "" || name == "sign" {
			continue
		}
		if c.signVariant != keysAsSent {
			name = strings.ToLower(name)
		}
		if c.signVariant == valuesEscaped {
			value = url.QueryEscape(value)
		}
		pairs = append(pairs, name+"="+value)
	}
	// No documented name is the beginning of another, so sorting the pairs sorts
	// the names.
	slices.Sort(pairs)
	text := strings.Join(pairs, "&")
	if c.signVariant == allLower {
		text = strings.ToLower(text)
	}
	return text
}

// digest is hex of MD5; the document does not tell its case.
func digest(preimage, letters string) string {
	sum := md5.Sum([]byte(preimage))
	text := hex.EncodeToString(sum[:])
	if letters == caseUpper {
		return strings.ToUpper(text)
	}
	return text
}

// timestamp is a moment as the vendor may want it: the document says 时间戳 and
// no unit.
func (c config) timestamp(at time.Time) string {
	if c.timestampUnit == unitSeconds {
		return strconv.FormatInt(at.Unix(), 10)
	}
	return strconv.FormatInt(at.UnixMilli(), 10)
}
