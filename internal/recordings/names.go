package recordings

import (
	"crypto/rand"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// extensions are those of the media types that vendorwire.Recording tells.
var extensions = map[string]string{
	"audio/wav":  ".wav",
	"audio/mpeg": ".mp3",
	"audio/ogg":  ".ogg",
	"audio/amr":  ".amr",
	"audio/flac": ".flac",
	"audio/aac":  ".aac",
	"audio/mp4":  ".m4a",
}

var (
	groupName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,23}$`)
	jobName   = regexp.MustCompile(`^[0-9A-Za-z]{1,64}(/[0-9A-Za-z_-]{1,64})?$`)

	// kept are the names that keyOf makes, group and day told; scrap is what a save
	// or a probe left behind that its process did not survive.
	kept  = regexp.MustCompile(`^([a-z0-9][a-z0-9-]{0,23})/([0-9]{4}/[0-9]{2}/[0-9]{2})/([a-z0-9-]+)\.[0-9A-Za-z]+(?:_[0-9A-Za-z_-]+)?\.(?:wav|mp3|ogg|amr|flac|aac|m4a)$`)
	scrap = regexp.MustCompile(`\.[0-9a-f]{1,16}\.tmp$`)
	probe = regexp.MustCompile(`^callpacer-probe-[0-9]{10,20}-[0-9A-Z]{26}$`)
)

const dayFolder = "2006/01/02"

// keyOf names a recording: group, day (UTC), job, media type.
func keyOf(r Recording, extension string) (string, error) {
	rest, ours := strings.CutPrefix(r.Job, r.Group+".")
	switch {
	case !groupName.MatchString(r.Group), !ours, !jobName.MatchString(rest):
		return "", fmt.Errorf("a recording of a job that is none: %q of group %q", r.Job, r.Group)
	case r.At.IsZero():
		return "", errors.New("a recording without the time of its call")
	}
	return r.Group + "/" + r.At.UTC().Format(dayFolder) + "/" + strings.ReplaceAll(r.Job, "/", "_") + extension, nil
}

func probeName(now time.Time) string {
	return fmt.Sprintf("callpacer-probe-%d-%s", now.Unix(), rand.Text())
}

// fileKind is what a name in the store says of the file.
type fileKind int

const (
	foreign   fileKind = iota // none of ours: never touched
	recording                 // whole and durable
	leftover                  // of a save or probe that is under way, or that crashed
)

func kindOf(key string) fileKind {
	whole := scrap.ReplaceAllString(key, "")
	switch {
	case probe.MatchString(whole):
		return leftover
	case !isKept(whole):
		return foreign
	case whole != key:
		return leftover
	}
	return recording
}

func isKept(key string) bool {
	m := kept.FindStringSubmatch(key)
	if m == nil || m[1] != m[3] {
		return false
	}
	_, err := time.Parse(dayFolder, m[2])
	return err == nil
}
