//go:build s3

package recordings

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
)

// errNoCredentials stands for all that the chain of credentials says: it names files,
// roles and what other programs printed.
var errNoCredentials = errors.New("no credentials could be had from the environment, the profile or a role of this machine")

// quietly is a chain of credentials whose errors tell nothing of what it found.
type quietly struct{ from aws.CredentialsProvider }

// Retrieve implements aws.CredentialsProvider.
func (q quietly) Retrieve(ctx context.Context) (aws.Credentials, error) {
	if q.from == nil {
		return aws.Credentials{}, errNoCredentials
	}
	c, err := q.from.Retrieve(ctx)
	switch {
	case err == nil:
		return c, nil
	case ctx.Err() != nil:
		return aws.Credentials{}, ctx.Err()
	}
	return aws.Credentials{}, errNoCredentials
}

// plainErrors keeps the store's own words out of every error, and requests whose
// context has ended off the network: nothing that is given up may get its name. Only
// the end of an upload in parts is still told to the store, or it would keep them.
func plainErrors(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("PlainErrors", func(
		ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
	) (middleware.InitializeOutput, middleware.Metadata, error) {
		if _, gives := in.Parameters.(*s3.AbortMultipartUploadInput); gives {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), abortsWith)
			defer cancel()
		}
		if err := ctx.Err(); err != nil {
			return middleware.InitializeOutput{}, middleware.Metadata{}, err
		}
		out, metadata, err := next.HandleInitialize(ctx, in)
		if ctx.Err() != nil && err != nil {
			err = ctx.Err()
		}
		return out, metadata, plain(err)
	}), middleware.Before)
}

var codeForm = regexp.MustCompile(`^[A-Za-z0-9]{1,64}$`)

// plain tells of an error the store's code, the HTTP status or how the network failed.
func plain(err error) error {
	var answered *awshttp.ResponseError
	var named smithy.APIError
	var failed *url.Error
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case errors.Is(err, errNoCredentials):
		return errNoCredentials
	case errors.As(err, &answered) && answered.HTTPStatusCode() != 0:
		code := byStatus(answered.HTTPStatusCode())
		if errors.As(err, &named) && codeForm.MatchString(named.ErrorCode()) {
			code = named.ErrorCode()
		}
		return &smithy.GenericAPIError{Code: code, Message: fmt.Sprintf("HTTP %d", answered.HTTPStatusCode())}
	case errors.As(err, &failed):
		return fmt.Errorf("no answer: %w", failed.Err) // without the URL
	case errors.Is(err, context.DeadlineExceeded):
		return context.DeadlineExceeded
	}
	return errors.New("the request could not be made")
}

// byStatus is the code of an answer that brought none, as the bucket understands it.
func byStatus(status int) string {
	switch status {
	case http.StatusNotFound:
		return "NotFound"
	case http.StatusForbidden, http.StatusUnauthorized:
		return "AccessDenied"
	}
	return "Unnamed"
}
