//go:build ignore

// Verifies an event of callpacer with the standard library alone:
//
//	WEBHOOK_SECRET=… go run verify.go WEBHOOK-ID WEBHOOK-TIMESTAMP WEBHOOK-SIGNATURE < body
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

const tolerance = 5 * time.Minute

// keyOf reads a secret as callpacer does: base64, with or without whsec_ before it;
// any other text is its own bytes.
func keyOf(secret string) []byte {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil || len(key) == 0 {
		return []byte(secret)
	}
	return key
}

// Verify returns nil for a body that was signed with the secret a short time ago.
// The body is judged as it came: verify first, then parse.
func Verify(secret, id, timestamp, signatures string, body []byte, now time.Time) error {
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return errors.New("the timestamp is no number")
	}
	if age := now.Sub(time.Unix(seconds, 0)); age.Abs() > tolerance {
		return fmt.Errorf("the event was signed %s ago", age.Round(time.Second))
	}
	mac := hmac.New(sha256.New, keyOf(secret))
	fmt.Fprintf(mac, "%s.%d.%s", id, seconds, body)
	want := mac.Sum(nil)
	for _, one := range strings.Fields(signatures) {
		version, text, _ := strings.Cut(one, ",")
		got, err := base64.StdEncoding.DecodeString(text)
		if version == "v1" && err == nil && hmac.Equal(got, want) {
			return nil
		}
	}
	return errors.New("no signature fits")
}

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: verify WEBHOOK-ID WEBHOOK-TIMESTAMP WEBHOOK-SIGNATURE < body")
		os.Exit(2)
	}
	body, err := io.ReadAll(io.LimitReader(os.Stdin, 1<<20))
	if err == nil {
		err = Verify(os.Getenv("WEBHOOK_SECRET"), os.Args[1], os.Args[2], os.Args[3], body, time.Now())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "refused:", err)
		os.Exit(1)
	}
	fmt.Println("good")
}
