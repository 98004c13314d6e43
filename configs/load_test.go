package configs

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestExpansionHappensOnValuesOnly(t *testing.T) {
	env := map[string]string{
		"URL": "https://calls.example.com", "N": "7", "D": "3s", "OFF": "off", "EVIL": "x\", admin: {listen: \"0.0.0.0:1\"}, y: \"", "BRACE": "${N}", "_a1": "v",
	}
	data := `
# ${NOT_SET} in a comment is nothing
redis: {url: redis://127.0.0.1:6379/0}
public: {url: ${URL}/base, secret: pre${N}post-${_a1}}
events: {url: "https://app.example.com/", secret: ${EVIL}}
admin: {tokens: [{name: a, token: $${N}}, {name: b, token: "$5 $$ $N"}, {name: c, token: ${BRACE}}, {name: d, token: '$$${N}'}]}
accounts: [{name: a, vendor: jumdata, credentials: {app_id: 007, app_secret: ${N}${N}}, concurrency: ${N}, timeout: ${D}, rules: {window: ${OFF}}}]
`
	cfg, err := loadWith(data, "test.yaml", env, nil)
	if err != nil {
		t.Fatal(err)
	}
	a := cfg.Accounts[0]
	for what, pair := range map[string][2]string{
		"public.url":        {cfg.Public.URL, "https://calls.example.com/base"},
		"public.secret":     {cfg.Public.Secret.Reveal(), "pre7post-v"},
		"structure":         {cfg.Events.Secret.Reveal(), env["EVIL"]},
		"escaped":           {cfg.Admin.Tokens[0].Token.Reveal(), "${N}"},
		"dollars":           {cfg.Admin.Tokens[1].Token.Reveal(), "$5 $$ $N"},
		"not twice":         {cfg.Admin.Tokens[2].Token.Reveal(), "${N}"},
		"dollar and escape": {cfg.Admin.Tokens[3].Token.Reveal(), "$${N}"},
		"a number as text":  {a.Credential("app_id"), "007"},
		"twice":             {a.Credential("app_secret"), "77"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s = %q, want %q", what, pair[0], pair[1])
		}
	}
	if cfg.Admin.Listen != "127.0.0.1:8081" || a.Concurrency != 7 || a.Timeout != 3*time.Second || a.Rules.Window != nil {
		t.Errorf("config = %+v", cfg)
	}
}

func TestSecretFiles(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "app"), []byte(clearText+"\r\n\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "redis"), []byte("redis://:"+clearText+"@127.0.0.1:6379/1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("CALLPACER_TEST_DIR", dir)
	file := filepath.Join(dir, "callpacer.yaml")
	text := "redis: {url_file: redis}\naccounts:\n  - name: a\n    vendor: jumdata\n    credentials: {app_id: a, app_secret_file: ${CALLPACER_TEST_DIR}/app}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := LoadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got := cfg.Accounts[0].Credential("app_secret"); got != clearText {
		t.Errorf("app_secret = %q", got)
	}
	if options, err := cfg.Redis.Options(); err != nil || options.Password != clearText || options.DB != 1 {
		t.Errorf("redis options: %v, database %d", err, options.DB)
	}
	if err := os.WriteFile(filepath.Join(dir, "app"), make([]byte, maxSecretBytes+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err = LoadFile(file); err == nil || !strings.Contains(err.Error(), "larger than 65536 bytes") {
		t.Errorf("a huge secret file: %v", err)
	}
}

func TestLoadFileErrors(t *testing.T) {
	_, err := LoadFile("no/such/file.yaml")
	if !errors.Is(err, os.ErrNotExist) || err.Error() != "read configuration no/such/file.yaml: no such file or directory" {
		t.Errorf("a missing file: %v", err)
	}
	if _, err = LoadProducer("no/such/file.yaml"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
	if _, err = Load(make([]byte, maxFileBytes+1), "big.yaml"); err == nil || err.Error() != "big.yaml: the file is larger than 1 MiB" {
		t.Errorf("a huge file: %v", err)
	}
	_, err = Load([]byte("log: {level: loud}\nx: 1\n"), "a.yaml")
	var all *Error
	if !errors.As(err, &all) || all.File != "a.yaml" || len(all.Problems) != 3 {
		t.Errorf("Load's error = %#v", err)
	}
	for line, text := range map[string]string{
		"x.yaml:2: the line is not UTF-8 text":                                                                                                   "a: 1\nb: \xff\n",
		"x.yaml:3: the line holds a control character or one from a private Unicode area":                                                        "a: 1\n\nb: \x00\n",
		"x.yaml:1: the line holds a control character or one from a private Unicode area":                                                        "a: \uE000",
		"x.yaml:1: not valid YAML: mapping value is not allowed in this context":                                                                 "app_secret: x: hunter2",
		"x.yaml:1: explicit keys (?) are not supported; write key: value\nx.yaml:1: redis: is required, such as {url: redis://127.0.0.1:6379/0}": "? a\n: b\n",
	} {
		if _, err := Load([]byte(text), "x.yaml"); err == nil || err.Error() != line {
			t.Errorf("Load(%q):\n%v\nwant\n%s", text, err, line)
		}
	}
}

func TestManyProblemsAreCutShort(t *testing.T) {
	_, err := Load([]byte("redis: {url: redis://127.0.0.1:6379/0}\n"+strings.Repeat("log: {}\n", 100)), "x.yaml")
	if err == nil || strings.Count(err.Error(), "\n") != maxProblems || !strings.HasSuffix(err.Error(), "x.yaml: and 74 more problems") {
		t.Errorf("error = %v", err)
	}
}

// The same content in the forms that editors and machines write.
func TestFormsOfOneFile(t *testing.T) {
	plain := "redis: {url: redis://127.0.0.1:6379/0}\nlog: {level: warn}\naccounts: []\n"
	want := mustLoad(t, plain)
	for name, data := range map[string]string{
		"byte order mark": "\xef\xbb\xbf" + plain,
		"CRLF":            strings.ReplaceAll(plain, "\n", "\r\n"),
		"document marks":  "---\n" + plain + "...\n",
		"quoted keys":     "\"redis\": {'url': \"redis://127.0.0.1:6379/0\"}\nlog: {level: 'warn'}\n",
		"block style":     "redis:\n  url: redis://127.0.0.1:6379/0\nlog:\n  level: warn\n",
		"folded":          "redis:\n  url: >-\n    redis://127.0.0.1:6379/0\nlog:\n  level: |-\n    warn\n",
		"JSON with tabs":  "{\n\t\"redis\": {\"url\": \"redis:\\/\\/127.0.0.1:6379/0\"},\n\t\"log\"\t:\t{\"level\": \"w\\u0061rn\"}\n}\n",
		"compact JSON":    `{"redis":{"url":"redis://127.0.0.1:6379/0"},"log":{"level":"warn"},"accounts":[]}`,
		"alias":           "log: {level: &x warn}\nredis: &r {url: redis://127.0.0.1:6379/0}\n",
	} {
		got := mustLoad(t, data)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}

func TestAliasesShareValues(t *testing.T) {
	cfg := mustLoad(t, withAccount(vendorJumdata, "rules: &rules {lockout: 5s, window: &none off}")+
		"  - {name: b, vendor: jumdata, credentials: {app_id: a, app_secret: b}, rules: *rules}\n"+
		"  - {name: c, vendor: jumdata, credentials: {app_id: a, app_secret: b}, rules: {window: *none}}\n")
	if b := cfg.Accounts[1].Rules; b.Lockout != 5*time.Second || b.Window != nil {
		t.Errorf("rules by alias = %+v", b)
	}
	if cfg.Accounts[2].Rules.Window != nil {
		t.Error("off by alias is not off")
	}
	for _, loop := range []string{"log: &a *a\n", "log: &a {level: *a}\n", "log: &a [*a]\n"} {
		if _, err := Load([]byte(loop), "x.yaml"); err == nil {
			t.Errorf("%q loads", loop)
		}
	}
}

func TestProducerNeedsNoVendorSecret(t *testing.T) {
	file := filepath.Join(t.TempDir(), "callpacer.yaml")
	text := "redis: {url: redis://:${CALLPACER_TEST_SECRET}@127.0.0.1:6379/0}\n" +
		"public: {url: https://calls.example.com, secret: ${CALLPACER_TEST_UNSET}}\n" +
		"admin: {listen: 0.0.0.0:8081, tokens: [{name: ops, token: ${CALLPACER_TEST_UNSET}}]}\n" +
		"accounts:\n  - {name: a, vendor: jumdata, credentials: {app_id: ${CALLPACER_TEST_UNSET}, app_secret_file: no-such-file}}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadProducer(file); err == nil || !strings.HasSuffix(err.Error(), ":1: redis.url: environment variable CALLPACER_TEST_SECRET is not set") {
		t.Errorf("without redis's secret: %v", err)
	}
	t.Setenv("CALLPACER_TEST_SECRET", clearText)
	cfg, err := LoadProducer(file)
	if err != nil {
		t.Fatal(err)
	}
	if options, err := cfg.Redis.Options(); err != nil || options.Password != clearText {
		t.Errorf("redis: %v", err)
	}
	if cfg.Accounts[0].Name != "a" || cfg.Accounts[0].Credential("app_id") != "" {
		t.Errorf("accounts = %+v", cfg.Accounts)
	}
	if _, err := LoadFile(file); err == nil {
		t.Error("a worker's load takes unset secrets")
	}
}
