//go:build s3

package recordings

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/xml"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	testKeyID  = "AKIATESTKEYIDTESTKEY"
	testSecret = "topsecret/topsecret+topsecret"
	testToken  = "sessiontokensessiontoken"
	testBucket = "calls"
)

// fakeS3 is a store of one bucket, addressed in the path, as much of it as a Store asks.
type fakeS3 struct {
	*httptest.Server
	t *testing.T

	mu       sync.Mutex
	objects  map[string]fakeObject
	uploads  map[string]map[int][]byte // parts of uploads that have not ended
	asked    []string                  // method and what was asked
	pageSize int
	// first answers in the store's place where it says true.
	first func(w http.ResponseWriter, r *http.Request, body []byte) bool
}

type fakeObject struct {
	data      []byte
	mediaType string
	at        time.Time
}

func newFakeS3(t *testing.T) *fakeS3 {
	t.Helper()
	f := unstartedS3(t)
	f.Start()
	return f
}

func unstartedS3(t *testing.T) *fakeS3 {
	t.Helper()
	f := &fakeS3{t: t, objects: map[string]fakeObject{}, uploads: map[string]map[int][]byte{}, pageSize: 1000}
	f.Server = httptest.NewUnstartedServer(f)
	t.Cleanup(f.Close)
	useCredentials(t)
	return f
}

// useCredentials makes the test's environment the only one that the SDK finds.
func useCredentials(t *testing.T) {
	nowhere := filepath.Join(t.TempDir(), "none")
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": testKeyID, "AWS_SECRET_ACCESS_KEY": testSecret, "AWS_SESSION_TOKEN": testToken,
		"AWS_REGION": "", "AWS_DEFAULT_REGION": "", "AWS_PROFILE": "", "AWS_CONFIG_FILE": nowhere, "AWS_SHARED_CREDENTIALS_FILE": nowhere,
		"AWS_EC2_METADATA_DISABLED": "true", "AWS_ENDPOINT_URL": "", "AWS_ENDPOINT_URL_S3": "", "AWS_CA_BUNDLE": "",
	} {
		t.Setenv(name, value)
	}
}

func (f *fakeS3) url(more ...string) string {
	return "s3://" + testBucket + "?" + strings.Join(append(more, "region=eu-test-1", "use_path_style=true", "endpoint="+f.URL), "&")
}

// ServeHTTP implements http.Handler.
func (f *fakeS3) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client went away
	}
	f.mu.Lock()
	first := f.first
	f.asked = append(f.asked, r.Method+" "+r.URL.RequestURI())
	f.mu.Unlock()
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch {
	case first != nil && first(w, r, body):
	case !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential="+testKeyID+"/"), r.Header.Get("X-Amz-Security-Token") != testToken:
		refuse(w, http.StatusForbidden, "InvalidAccessKeyId")
	case bucket != testBucket:
		refuse(w, http.StatusNotFound, "NoSuchBucket")
	case !checked(r, body):
		f.t.Errorf("%s %s: the checksum is wrong, or chunks are sent", r.Method, r.URL.Path)
		refuse(w, http.StatusBadRequest, "BadDigest")
	default:
		f.serve(w, r, key, body)
	}
}

// checked compares the checksum that uploads bring.
func checked(r *http.Request, body []byte) bool {
	told := r.Header.Get("X-Amz-Checksum-Crc32")
	sum := binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(body))
	return !strings.Contains(r.Header.Get("Content-Encoding"), "aws-chunked") && (told == "" || told == base64.StdEncoding.EncodeToString(sum))
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.WriteHeader(status)
	fmt.Fprintf(w, "<Error><Code>%s</Code><Message>no %s, %s</Message><AWSAccessKeyId>%s</AWSAccessKeyId></Error>", code, testKeyID, testSecret, testKeyID)
}

func (f *fakeS3) serve(w http.ResponseWriter, r *http.Request, key string, body []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	q := r.URL.Query()
	object, there := f.objects[key]
	switch {
	case r.Method == http.MethodPost, q.Has("uploadId"):
		f.parts(w, r, key, body)
	case r.Method == http.MethodPut:
		f.objects[key] = fakeObject{body, r.Header.Get("Content-Type"), time.Now()}
	case r.Method == http.MethodGet && key == "":
		f.list(w, q.Get("prefix"), q.Get("delimiter"), q.Get("continuation-token"), q.Get("max-keys"))
	case !there:
		refuse(w, http.StatusNotFound, "NoSuchKey")
	case r.Method == http.MethodDelete:
		delete(f.objects, key)
		w.WriteHeader(http.StatusNoContent)
	case r.Method == http.MethodGet, r.Method == http.MethodHead:
		w.Header().Set("Content-Type", object.mediaType)
		w.Header().Set("Content-Length", strconv.Itoa(len(object.data)))
		w.Header().Set("Last-Modified", object.at.UTC().Format(http.TimeFormat))
		_, _ = w.Write(object.data) // none to HEAD
	default:
		refuse(w, http.StatusMethodNotAllowed, "MethodNotAllowed")
	}
}

// parts serves uploads in parts: begin, a part, the end, and giving up.
func (f *fakeS3) parts(w http.ResponseWriter, r *http.Request, key string, body []byte) {
	q, id := r.URL.Query(), r.URL.Query().Get("uploadId")
	parts, there := f.uploads[id]
	switch {
	case r.Method == http.MethodPost && q.Has("uploads"):
		id = fmt.Sprintf("upload%d", len(f.asked))
		f.uploads[id] = map[int][]byte{}
		fmt.Fprintf(w, "<InitiateMultipartUploadResult><UploadId>%s</UploadId></InitiateMultipartUploadResult>", id)
	case !there:
		refuse(w, http.StatusNotFound, "NoSuchUpload")
	case r.Method == http.MethodPut:
		n, _ := strconv.Atoi(q.Get("partNumber"))
		parts[n] = body
		w.Header().Set("ETag", fmt.Sprintf(`"part%d"`, n))
	case r.Method == http.MethodPost:
		var told struct{ Part []struct{ PartNumber int } }
		if err := xml.Unmarshal(body, &told); err != nil {
			f.t.Error(err)
		}
		var whole []byte
		for _, part := range told.Part {
			whole = append(whole, parts[part.PartNumber]...)
		}
		f.objects[key] = fakeObject{whole, "", time.Now()}
		delete(f.uploads, id)
		fmt.Fprint(w, `<CompleteMultipartUploadResult><ETag>"whole"</ETag></CompleteMultipartUploadResult>`)
	case r.Method == http.MethodDelete:
		delete(f.uploads, id)
		w.WriteHeader(http.StatusNoContent)
	}
}

// list answers a page of ListObjectsV2.
func (f *fakeS3) list(w http.ResponseWriter, prefix, delimiter, token, limit string) {
	size, err := strconv.Atoi(limit)
	if err != nil || delimiter != "/" {
		f.t.Errorf("a listing of %q by %q", limit, delimiter)
	}
	var entries []string // keys, and folders with the slash at their end
	for key := range f.objects {
		if rest, ok := strings.CutPrefix(key, prefix); ok {
			if folder, _, deep := strings.Cut(rest, "/"); deep {
				key = prefix + folder + "/"
			}
			if key > token && !slices.Contains(entries, key) {
				entries = append(entries, key)
			}
		}
	}
	slices.Sort(entries)
	more := len(entries) > min(size, f.pageSize)
	entries = entries[:min(size, f.pageSize, len(entries))]
	fmt.Fprintf(w, "<ListBucketResult><IsTruncated>%v</IsTruncated>", more)
	if more {
		fmt.Fprintf(w, "<NextContinuationToken>%s</NextContinuationToken>", entries[len(entries)-1])
	}
	for _, key := range entries {
		if strings.HasSuffix(key, "/") {
			fmt.Fprintf(w, "<CommonPrefixes><Prefix>%s</Prefix></CommonPrefixes>", key)
			continue
		}
		fmt.Fprintf(w, "<Contents><Key>%s</Key><Size>%d</Size><LastModified>%s</LastModified></Contents>",
			key, len(f.objects[key].data), f.objects[key].at.UTC().Format(time.RFC3339Nano))
	}
	fmt.Fprint(w, "</ListBucketResult>")
}

// kept are the objects, and how many uploads in parts have not ended.
func (f *fakeS3) kept() (objects map[string][]byte, open int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	objects = map[string][]byte{}
	for key, object := range f.objects {
		objects[key] = object.data
	}
	return objects, len(f.uploads)
}

func (f *fakeS3) answerFirst(first func(w http.ResponseWriter, r *http.Request, body []byte) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.first = first
}
