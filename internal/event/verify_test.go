package event

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/secret"
)

const samples = "../../docs/verify/"

// The verifiers that docs/events.md gives to applications.
func TestTheVerifiersOfTheDocsJudgeOurEvents(t *testing.T) {
	for name, command := range map[string]func(t *testing.T) []string{
		"go": func(t *testing.T) []string {
			program := filepath.Join(t.TempDir(), "verify")
			build := exec.CommandContext(t.Context(), "go", "build", "-o", program, samples+"verify.go")
			if out, err := build.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			return []string{program}
		},
		"python": func(t *testing.T) []string { return []string{interpreter(t, "python3"), samples + "verify.py"} },
		"node":   func(t *testing.T) []string { return []string{interpreter(t, "node"), samples + "verify.mjs"} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			judgeEvents(t, command(t))
		})
	}
}

func interpreter(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not here", name)
	}
	return path
}

// delivery is an event as an application gets it.
type delivery struct {
	name         string
	ours, theirs string // secrets
	signed       time.Time
	tamper       func(id, stamp, signature *string, body *[]byte)
	good         bool
}

func judgeEvents(t *testing.T, command []string) {
	const encoded = "bXkgdmVyeSBvd24gc2VjcmV0IGtleQ=="
	now := time.Now()
	deliveries := []delivery{
		{name: "good, any text", ours: someText, theirs: someText, signed: now, good: true},
		{name: "good, base64", ours: encoded, theirs: "whsec_" + encoded, signed: now, good: true},
		{name: "good, whsec_ that is no base64", ours: "whsec_no base64", theirs: "whsec_no base64", signed: now, good: true},
		{name: "good, without padding", ours: "abcde", theirs: "abcde", signed: now, good: true},
		{name: "good, among others", ours: someText, theirs: someText, signed: now, good: true, tamper: func(_, _, signature *string, _ *[]byte) {
			*signature = "v1a,AAAA v1,AAAA " + *signature
		}},
		{name: "another body", ours: someText, theirs: someText, signed: now, tamper: func(_, _, _ *string, body *[]byte) {
			*body = bytes.Replace(*body, []byte("completed"), []byte("failed"), 1)
		}},
		{name: "another id", ours: someText, theirs: someText, signed: now, tamper: func(id, _, _ *string, _ *[]byte) { *id += "1" }},
		{name: "no signature", ours: someText, theirs: someText, signed: now, tamper: func(_, _, signature *string, _ *[]byte) { *signature = "v1," }},
		{name: "another secret", ours: someText, theirs: someText + "!", signed: now},
		{name: "six minutes old", ours: someText, theirs: someText, signed: now.Add(-6 * time.Minute)},
		{name: "of the future", ours: someText, theirs: someText, signed: now.Add(6 * time.Minute)},
		{name: "made young", ours: someText, theirs: someText, signed: now.Add(-time.Hour), tamper: func(_, stamp, _ *string, _ *[]byte) {
			*stamp = strconv.FormatInt(now.Unix(), 10)
		}},
		{name: "no time", ours: someText, theirs: someText, signed: now, tamper: func(_, stamp, _ *string, _ *[]byte) { *stamp = "today" }},
	}
	// Not all that looks like base64 is; each side must come to the same key.
	for _, text := range []string{"abcd=", "abcdefgh==", "ab==cd==", "YWJ=", "password=", "=", "a===", "whsec_", "whsec_whsec_abcd", "pässword", "-_-_"} {
		deliveries = append(deliveries, delivery{name: "good, " + text, ours: text, theirs: text, signed: now, good: true})
	}
	for _, c := range deliveries {
		o := testOptions()
		o.Secret = secret.New(c.ours)
		e := mustEndpoints(t, o)
		ev := change("jumdata.01ABC", 2)
		content, err := body(ev, func(r *record.Record) any { return []string{string(r.State), "正常"} }) // more bytes than letters
		if err != nil {
			t.Fatal(err)
		}
		request, err := e.request(t.Context(), target{url: hooks}, WebhookID(ev), content, c.signed)
		if err != nil {
			t.Fatal(err)
		}
		id, stamp, signature := request.Header.Get("webhook-id"), request.Header.Get("webhook-timestamp"), request.Header.Get("webhook-signature")
		if c.tamper != nil {
			c.tamper(&id, &stamp, &signature, &content)
		}
		cmd := exec.CommandContext(t.Context(), command[0], append(command[1:], id, stamp, signature)...)
		cmd.Env = append(os.Environ(), "WEBHOOK_SECRET="+c.theirs)
		cmd.Stdin = bytes.NewReader(content)
		out, err := cmd.CombinedOutput()
		said := strings.TrimSpace(string(out))
		if c.good && (err != nil || said != "good") || !c.good && (err == nil || !strings.HasPrefix(said, "refused: ")) {
			t.Errorf("%s: %v, %s", c.name, err, said)
		}
	}
}
