//go:build s3

package recordings

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/logging"
	"gocloud.dev/blob"
	"gocloud.dev/blob/s3blob"

	"github.com/callpacer/callpacer/internal/s3url"
)

const (
	// s3Within bounds one request: a body has 16 MiB at most, larger recordings go in parts.
	s3Within   = 2 * time.Minute
	s3Answers  = 30 * time.Second // once a request is sent
	abortsWith = 15 * time.Second // an upload in parts that is given up
)

// openS3 opens a bucket with the credentials of the AWS SDK's own chain: environment,
// profile, role. It asks nobody yet. done ends its connections.
func openS3(ctx context.Context, place s3url.Place) (bucket *blob.Bucket, done func(), err error) {
	cfg, transport, err := loadAWS(ctx, place.Region)
	if err != nil {
		return nil, nil, err
	}
	client := s3.NewFromConfig(cfg, func(o *s3.Options) {
		o.UsePathStyle = place.PathStyle
		o.Credentials = quietly{cfg.Credentials}
		// No redirect is followed: voices go where the configuration says.
		o.HTTPClient = &http.Client{Transport: transport, Timeout: s3Within, CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		}}
		o.APIOptions = append(o.APIOptions, plainErrors)
		if place.Endpoint != "" {
			o.BaseEndpoint = aws.String(place.Endpoint)
		}
	})
	if from := client.Options().BaseEndpoint; from != nil { // AWS_ENDPOINT_URL names one too
		if err := s3url.CheckEndpoint(*from, place.PlainHTTP); err != nil {
			return nil, nil, err
		}
	}
	bucket, err = s3blob.OpenBucket(ctx, client, place.Bucket, &s3blob.Options{RequestChecksumCalculation: cfg.RequestChecksumCalculation})
	if err != nil {
		return nil, nil, fmt.Errorf("open the bucket: %w", err)
	}
	if place.Prefix != "" {
		bucket = blob.PrefixedBucket(bucket, place.Prefix)
	}
	return bucket, transport.CloseIdleConnections, nil
}

// loadAWS reads the environment and the profile. The SDK's words about them are not
// repeated, for they may hold what stands there.
func loadAWS(ctx context.Context, region string) (aws.Config, *http.Transport, error) {
	cfg, err := config.LoadDefaultConfig(ctx,
		config.WithLogger(logging.Nop{}),
		config.WithHTTPClient(awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
			t.ResponseHeaderTimeout = s3Answers
		})),
	)
	var missing config.SharedConfigProfileNotExistError
	switch {
	case errors.As(err, &missing):
		return cfg, nil, errors.New("the profile that AWS_PROFILE names is not there")
	case err != nil:
		return cfg, nil, errors.New("the environment (AWS_…) or the profile of the AWS SDK cannot be used")
	}
	if region != "" {
		cfg.Region = region
	}
	if cfg.Region == "" {
		return cfg, nil, errors.New("needs a region: the parameter region, AWS_REGION or the profile's")
	}
	client, ok := cfg.HTTPClient.(*awshttp.BuildableClient) // with AWS_CA_BUNDLE
	if !ok {
		return cfg, nil, fmt.Errorf("the AWS SDK brings an unknown HTTP client, %T", cfg.HTTPClient)
	}
	return cfg, client.GetTransport(), nil
}
