// Package s3url reads the address of a bucket in an S3-compatible store. It connects
// to nothing and knows no client, so every program can check such an address.
package s3url

import (
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/callpacer/callpacer/internal/netguard"
)

// Place is where objects lie.
type Place struct {
	Bucket string
	Prefix string // of every key, with a slash at its end; "": none
	Region string // "": the environment or the profile tells it
	// Endpoint is the store's base URL; "": AWS's own of the region.
	Endpoint string
	// PathStyle puts the bucket into the path instead of the host's name.
	PathStyle bool
	// PlainHTTP allows http to an endpoint that is not loopback.
	PlainHTTP bool
}

var parameters = []string{"region", "endpoint", "use_path_style", "prefix", "allow_plain_http"}

var (
	bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	regionName = regexp.MustCompile(`^[a-zA-Z0-9-]{1,40}$`)
	// Without dots at the beginning of a part there is no way up, nor anything hidden.
	prefixForm = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*/?$`)
)

// Is says whether an address means such a store, whether or not it can be read.
func Is(rawURL string) bool {
	scheme, _, _ := strings.Cut(rawURL, ":")
	return strings.EqualFold(scheme, "s3")
}

// Parse reads s3://bucket?region=…&endpoint=…&use_path_style=true&prefix=…. Its errors
// repeat nothing of the address, which may hold a secret that has no place there.
func Parse(rawURL string) (Place, error) {
	u, err := url.Parse(rawURL)
	switch {
	case err != nil || u.Scheme != "s3" || u.Opaque != "":
		return Place{}, errors.New("is no URL such as s3://bucket?region=eu-central-1")
	case u.User != nil:
		return Place{}, errors.New("must not hold credentials: they come from the environment, a profile or a role")
	case u.Fragment != "" || strings.Contains(rawURL, "#"):
		return Place{}, errors.New("must not have a fragment (#)")
	case u.Path != "" && u.Path != "/":
		return Place{}, errors.New("must not have a path: a folder in the bucket is named by the parameter prefix")
	case !bucketName.MatchString(u.Host):
		return Place{}, errors.New("names no bucket as S3 allows it: 3 to 63 small letters, digits, hyphens and dots")
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return Place{}, errors.New("has parameters that cannot be read")
	}
	return read(u.Host, query)
}

func read(bucket string, query url.Values) (Place, error) {
	for name, values := range query {
		if !slices.Contains(parameters, name) {
			return Place{}, errors.New("has a parameter other than " + strings.Join(parameters, ", ") +
				"; credentials come from the environment, a profile or a role")
		}
		if len(values) != 1 || values[0] == "" {
			return Place{}, errors.New("has the parameter " + name + " twice, or without a value")
		}
	}
	p := Place{Bucket: bucket, Region: query.Get("region"), Prefix: query.Get("prefix")}
	for name, to := range map[string]*bool{"use_path_style": &p.PathStyle, "allow_plain_http": &p.PlainHTTP} {
		if query.Has(name) {
			var err error
			if *to, err = strconv.ParseBool(query.Get(name)); err != nil {
				return Place{}, errors.New("has the parameter " + name + ", which is neither true nor false")
			}
		}
	}
	switch {
	case p.Region != "" && !regionName.MatchString(p.Region):
		return Place{}, errors.New("has the parameter region, which is none")
	case p.Prefix != "" && !prefixForm.MatchString(p.Prefix):
		return Place{}, errors.New("has the parameter prefix, which is no folder such as calls/recordings")
	case p.Prefix != "":
		p.Prefix = strings.TrimSuffix(p.Prefix, "/") + "/"
	}
	if query.Has("endpoint") {
		p.Endpoint = strings.TrimRight(query.Get("endpoint"), "/")
		if err := CheckEndpoint(p.Endpoint, p.PlainHTTP); err != nil {
			return Place{}, err
		}
	}
	return p, nil
}

// CheckEndpoint says what is wrong with a store's base URL.
func CheckEndpoint(endpoint string, plainHTTP bool) error {
	u, err := url.Parse(endpoint)
	switch {
	case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.Opaque != "":
		return errors.New("has an endpoint that is no URL such as https://s3.example.com")
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return errors.New("has an endpoint with more than a host and a path; credentials come from the environment, a profile or a role")
	case u.Scheme == "http" && !plainHTTP && !netguard.IsLoopbackHost(u.Hostname()):
		return errors.New("has an endpoint that is not https: plain http is for loopback hosts only, or with allow_plain_http=true")
	}
	return nil
}
