package configs

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func withRecordings(section string) string {
	return strings.TrimSuffix(withAccount(vendorJumdata), "\n") + "\nrecordings: {" + section + "}\n"
}

func TestRecordings(t *testing.T) {
	for section, want := range map[string]Recordings{
		"url: file:///var/lib/callpacer":                     {URL: "file:///var/lib/callpacer", Retention: 720 * time.Hour},
		"url: \"s3://calls?region=eu-central-1&prefix=a/b\"": {URL: "s3://calls?region=eu-central-1&prefix=a/b", Retention: 720 * time.Hour},
		"url: \"mem://\", retention: 1h":                     {URL: "mem://", Retention: time.Hour},
		"url: \"mem://\", allowed_hosts: [files.example.com, \"127.0.0.1:8443\", \"[::1]:80\", x]": {
			URL: "mem://", Retention: 720 * time.Hour, AllowedHosts: []string{"files.example.com", "127.0.0.1:8443", "[::1]:80", "x"},
		},
	} {
		got := mustLoad(t, withRecordings(section)).Recordings
		if got == nil || got.URL != want.URL || got.Retention != want.Retention || !slices.Equal(got.AllowedHosts, want.AllowedHosts) {
			t.Errorf("%s: %+v, want %+v", section, got, want)
		}
	}
	if got := mustLoad(t, withAccount(vendorJumdata)).Recordings; got != nil {
		t.Errorf("without the section: %+v", got)
	}
}

func TestBadRecordings(t *testing.T) {
	for section, want := range map[string]string{
		"retention: 1h":                 "recordings.url",
		"url: \"mem://x\"":              "recordings.url: is not a file URL",
		"url: \"mem:\"":                 "recordings.url: is not a file URL",
		"url: file://host/x":            "recordings.url: is not a file URL",
		"url: file:///x?y":              "recordings.url: is not a file URL",
		"url: s3://Bucket":              "recordings.url: names no bucket",
		"url: s3://k:s@bucket":          "recordings.url: must not hold credentials",
		"url: s3://bucket?secret=x":     "recordings.url: has a parameter other than",
		"url: s3x://bucket":             "recordings.url: is not a file URL",
		"url: [s3://bucket]":            "recordings.url: must be a single value",
		"url: /var/lib/callpacer":       "recordings.url: is not a file URL",
		"url: file:///x, retention: 0s": "recordings.retention",
		"url: file:///x, allowed_hosts: [https://files.example.com]":  "recordings.allowed_hosts[0]",
		"url: file:///x, allowed_hosts: [a.example, files.example/x]": "recordings.allowed_hosts[1]",
		"url: file:///x, allowed_hosts: [\"*.example.com\"]":          "is not a host, such as files.example.com",
		"url: file:///x, allowed_hosts: [\"user@a.example\"]":         "is not a host",
		"url: file:///x, allowed_hosts: [\"a.example:port\"]":         "is not a host",
		"url: file:///x, allowed_hosts: [\"\"]":                       "is not a host",
		"url: file:///x, allowed_hosts: a.example":                    "recordings.allowed_hosts",
	} {
		_, err := Load([]byte(withRecordings(section)), "test.yaml")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", section, err, want)
		}
	}
}
