package configs

import (
	"time"

	"github.com/callpacer/callpacer/internal/s3url"
)

func (o *object) recordings() *Recordings {
	c := o.child("recordings")
	if c == nil {
		return nil
	}
	defer c.done()
	if !c.has("url") {
		c.missing("url")
	}
	return &Recordings{
		URL:          c.recordingsURL("url"),
		Retention:    c.span("retention", 720*time.Hour, shortest),
		AllowedHosts: c.hosts("allowed_hosts"),
	}
}

// recordingsURL returns the address of a folder, of the memory or of a bucket. Whether
// buckets are built in is for the worker to say, which keeps recordings: a program
// that only enqueues loads the same file.
func (o *object) recordingsURL(key string) string {
	v, s, ok := o.scalar(key)
	switch {
	case !ok:
		return ""
	case !s3url.Is(s.text):
		return v.fileURL(s, "mem://")
	}
	if _, err := s3url.Parse(s.text); err != nil {
		v.fail("%v", err)
		return ""
	}
	return s.text
}
