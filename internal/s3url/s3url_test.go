package s3url

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for url, want := range map[string]Place{
		"s3://bucket":                           {Bucket: "bucket"},
		"s3://my.bucket-1/?region=eu-central-1": {Bucket: "my.bucket-1", Region: "eu-central-1"},
		"s3://bucket?prefix=calls":              {Bucket: "bucket", Prefix: "calls/"},
		"s3://bucket?prefix=calls/2026.a/x/":    {Bucket: "bucket", Prefix: "calls/2026.a/x/"},
		"s3://bucket?region=x&endpoint=https://minio.example.com:9000/&use_path_style=true": {
			Bucket: "bucket", Region: "x", Endpoint: "https://minio.example.com:9000", PathStyle: true,
		},
		"s3://bucket?endpoint=http%3A%2F%2F127.0.0.1%3A9000":             {Bucket: "bucket", Endpoint: "http://127.0.0.1:9000"},
		"s3://bucket?endpoint=http://minio:9000&allow_plain_http=true":   {Bucket: "bucket", Endpoint: "http://minio:9000", PlainHTTP: true},
		"s3://bucket?use_path_style=false&endpoint=https://s3.x.example": {Bucket: "bucket", Endpoint: "https://s3.x.example"},
	} {
		got, err := Parse(url)
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v; want %+v", url, got, err, want)
		}
		if !Is(url) {
			t.Errorf("%s is none", url)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for url, want := range map[string]string{
		"":                                          "no URL such as",
		"s3:":                                       "names no bucket",
		"s3:bucket":                                 "no URL such as",
		"s3://":                                     "names no bucket",
		"s3://x":                                    "names no bucket",
		"s3://Bucket":                               "names no bucket",
		"s3://bucket:9000":                          "names no bucket",
		"file:///x":                                 "no URL such as",
		"s3://\x7fsecret":                           "no URL such as",
		"s3://secret:secret@bucket":                 "must not hold credentials",
		"s3://secret@bucket":                        "must not hold credentials",
		"s3://bucket/folder":                        "by the parameter prefix",
		"s3://bucket#secret":                        "fragment",
		"s3://bucket?a;secret":                      "cannot be read",
		"s3://bucket?region=":                       "region twice, or without",
		"s3://bucket?region=a&region=b":             "region twice, or without",
		"s3://bucket?region=a_b":                    "region, which is none",
		"s3://bucket?use_path_style=secret":         "neither true nor false",
		"s3://bucket?prefix=/a":                     "prefix, which is no folder",
		"s3://bucket?prefix=a//b":                   "prefix, which is no folder",
		"s3://bucket?prefix=a/../b":                 "prefix, which is no folder",
		"s3://bucket?prefix=a%20b":                  "prefix, which is no folder",
		"s3://bucket?prefix=.hidden":                "prefix, which is no folder",
		"s3://bucket?endpoint=minio:9000":           "no URL such as https",
		"s3://bucket?endpoint=ftp://x.test":         "no URL such as https",
		"s3://bucket?endpoint=http://x.test":        "plain http is for loopback hosts only",
		"s3://bucket?endpoint=http://10.0.0.1:9000": "plain http is for loopback hosts only",
		"s3://bucket?endpoint=https://secret:secret@x.test":      "more than a host",
		"s3://bucket?endpoint=https://x.test/%3Ftoken=secret":    "more than a host",
		"s3://bucket?endpoint=https://x.test/%23secret":          "more than a host",
		"s3://bucket?access_key_id=secret":                       "a parameter other than",
		"s3://bucket?secret=1":                                   "a parameter other than",
		"s3://bucket?AWS_SECRET_ACCESS_KEY=secret&region=a":      "credentials come from",
		"s3://bucket?awssdk=v2":                                  "a parameter other than",
		"s3://bucket?anonymous=true":                             "a parameter other than",
		"s3://bucket?X-Amz-Security-Token=secret&prefix=a":       "a parameter other than",
		"s3://bucket?endpoint=https://x.test&disable_https=true": "a parameter other than",
	} {
		p, err := Parse(url)
		if err == nil || !strings.Contains(err.Error(), want) || p != (Place{}) {
			t.Errorf("%q: %+v, %v, want %q", url, p, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("the error repeats the address: %v", err)
		}
	}
	for url, want := range map[string]bool{"s3://": true, "S3://x": true, "s3": true, "file:///s3": false, "": false, "s3x://b": false} {
		if Is(url) != want {
			t.Errorf("Is(%q) is %v", url, !want)
		}
	}
}
