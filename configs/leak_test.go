package configs

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/sirupsen/logrus"
)

// leakyFile has a secret in every place where a secret can stand.
const leakyFile = `
redis:
  sentinel: {master: m, addrs: ["10.0.0.1:26379"], password: S}
  password: S
public: {url: https://calls.example.com, secret: S, previous_secrets: [ S]}
admin: {listen: 127.0.0.1:8081, tokens: [{name: ops, token: S, role: operator}]}
events: {url: https://app.example.com/hooks, secret: S}
accounts:
  - name: jumdata-main
    vendor: jumdata
    credentials: {app_id: S, app_secret: S}
  - name: interline-main
    vendor: interline
    base_url: https://interline.example.com
    credentials:
      dev_id: S
      auth_key: S
      app_id: S
`

func TestNoPrinterOfAConfigShowsASecret(t *testing.T) {
	cfg := mustLoad(t, strings.ReplaceAll(leakyFile, " S", " "+clearText))
	byURL := mustLoad(t, "redis: {url: redis://user:"+clearText+"@127.0.0.1:6379/0}")
	if cfg.Accounts[1].Credential("auth_key") != clearText || cfg.Redis.Password.Reveal() != clearText {
		t.Fatal("the secrets did not reach the configuration")
	}
	var out bytes.Buffer
	for _, c := range []*Config{cfg, byURL} {
		for _, v := range []any{c, *c, c.Redis, c.Accounts, &c.Accounts, c.Public, c.Admin, c.Events, struct{ c any }{c}, struct{ c Config }{*c}} {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
				fmt.Fprintf(&out, verb+"\n", v)
			}
			printEncoded(t, &out, v)
		}
	}
	if got := strings.Count(out.String(), "<secret>"); got < 100 {
		t.Errorf("the mask was printed %d times only", got)
	}
	for _, form := range []string{clearText, hex.EncodeToString([]byte(clearText)), strings.Trim(fmt.Sprintf("%d", []byte(clearText)), "[]")} {
		if at := strings.Index(strings.ToLower(out.String()), strings.ToLower(form)); at >= 0 {
			t.Errorf("a printer shows a secret: %.300s", out.String()[max(0, at-200):])
		}
	}
}

func printEncoded(t *testing.T, out *bytes.Buffer, v any) {
	t.Helper()
	for _, encode := range []func(any) ([]byte, error){json.Marshal, yaml.Marshal} {
		data, err := encode(v)
		if err != nil {
			t.Errorf("encode %T: %v", v, err)
		}
		out.Write(data)
	}
	for _, formatter := range []logrus.Formatter{&logrus.TextFormatter{}, &logrus.JSONFormatter{}} {
		logger := logrus.New()
		logger.SetOutput(out)
		logger.SetFormatter(formatter)
		logger.WithField("config", v).Infof("%v", v)
	}
	slog.New(slog.NewTextHandler(out, nil)).Info("x", "config", v)
	slog.New(slog.NewJSONHandler(out, nil)).Info("x", "config", v)
}

// A slip of the finger anywhere in the file must not make an error quote a
// secret, whichever part of it the parser then takes for what.
func TestNoErrorQuotesASecret(t *testing.T) {
	data := strings.ReplaceAll(leakyFile, " S", " "+clearText)
	wrong := 0
	check := func(mutant string) {
		if _, err := loadWith(mutant, "test.yaml", nil, nil); err != nil {
			wrong++
			for _, part := range []string{"hunter", "unter2", "Tr0ub", "ub4do"} {
				if strings.Contains(err.Error(), part) {
					t.Errorf("an error quotes a secret: %v\n%s", err, mutant)
				}
			}
		}
	}
	for i := range data {
		check(data[:i] + data[i+1:])
		for _, insert := range []string{" ", "\n", ":", "'", "\"", "{", "}", "#", "- ", ": ", "!", "&", "*", "${", "?", "@", "\x00", "\xff"} {
			// Between the letters of a secret an inserted colon makes its first half
			// a key; that an unknown key is named is wanted.
			if inSecret(data, i) {
				continue
			}
			check(data[:i] + insert + data[i:])
		}
	}
	if wrong < 1000 {
		t.Errorf("only %d mutants were wrong", wrong)
	}
}

func inSecret(data string, i int) bool {
	from := max(0, i-len(clearText))
	at := strings.Index(data[from:], clearText)
	return at >= 0 && from+at < i && i <= from+at+len(clearText)
}
