//go:build !s3

package recordings

import (
	"context"
	"errors"

	"gocloud.dev/blob"

	"github.com/callpacer/callpacer/internal/s3url"
)

func openS3(context.Context, s3url.Place) (bucket *blob.Bucket, done func(), err error) {
	return nil, nil, errors.New("s3 is not in this build; build the worker with -tags s3")
}
