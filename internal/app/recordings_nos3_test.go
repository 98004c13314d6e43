//go:build !s3

package app

import (
	"strings"
	"testing"

	"github.com/callpacer/callpacer/internal/redistest"
)

// A file that names a bucket loads everywhere; a worker that cannot keep recordings in
// one does not start, and its check says how it can.
func TestABucketWithoutS3InTheBuild(t *testing.T) {
	const section, want = "recordings: {url: \"s3://bucket?region=eu-central-1\"}\n", "recordings.url: s3 is not in this build; build the worker with -tags s3"
	r := redistest.Mini(t)
	a, err := Start(t.Context(), config(t, oneAccount(r.URL(), "jumdata")+section), Options{Log: quiet(), Admin: listener(t)})
	if a != nil || err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("a worker starts: %v, %v", a, err)
	}
	wantFinding(t, checked(t, checkFile(r.URL(), "")+section, 0), "recordings", LevelFail, want)
}
