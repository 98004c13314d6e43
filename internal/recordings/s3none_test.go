//go:build !s3

package recordings

import "testing"

func TestS3IsNotInThisBuild(t *testing.T) {
	s, err := Open(t.Context(), "s3://bucket?region=eu-central-1", Options{})
	if s != nil || err == nil || err.Error() != "s3 is not in this build; build the worker with -tags s3" {
		t.Errorf("%v, %v", s, err)
	}
}
