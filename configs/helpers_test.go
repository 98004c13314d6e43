package configs

import (
	"os"
	"strings"
	"testing"
)

// clearText is a secret that no output may show.
const clearText = "hunter2-Tr0ub4dor"

// loadWith loads with an environment and secret files of its own.
func loadWith(data, name string, env, files map[string]string) (*Config, error) {
	l := newLoader(name)
	l.lookup = func(key string) (string, bool) { v, ok := env[key]; return v, ok }
	l.readFile = func(path string) ([]byte, error) {
		if text, ok := files[path]; ok {
			return []byte(text), nil
		}
		return nil, os.ErrNotExist
	}
	return l.load([]byte(data))
}

// exampleEnv sets every variable that the examples name.
func exampleEnv() map[string]string {
	env := map[string]string{}
	for _, match := range bracedVariable.FindAllStringSubmatch(Example, -1) {
		env[match[1]] = clearText + "-" + match[1]
	}
	return env
}

func mustLoad(t *testing.T, data string) *Config {
	t.Helper()
	cfg, err := loadWith(data, "test.yaml", exampleEnv(), nil)
	if err != nil {
		t.Fatalf("load: %v", err)
	}
	return cfg
}

// account is a file with one account that has more lines, indented by four.
func withAccount(vendor string, lines ...string) string {
	credentials := map[string]string{
		vendorJumdata:   "{app_id: a1, app_secret: s1}",
		vendorITNIO:     "{api_key: k, api_secret: s, app_id: a}",
		vendorDingxin:   "{app_key: k, app_secret: s}",
		vendorInterline: "{dev_id: d, auth_key: k, app_id: a}",
	}
	text := "redis: {url: redis://127.0.0.1:6379/0}\naccounts:\n  - name: a\n    vendor: " + vendor + "\n    credentials: " + credentials[vendor] + "\n"
	for _, line := range lines {
		text += "    " + strings.ReplaceAll(line, "\n", "\n    ") + "\n"
	}
	return text
}
