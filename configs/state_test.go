package configs

import (
	"strings"
	"testing"
)

const minimalRedis = "redis: {url: redis://127.0.0.1:6379/0}\n"

func TestPreviousSecrets(t *testing.T) {
	const head = minimalRedis + "public: {url: https://calls.example.com, "
	files := map[string]string{"old": "from-file\n", "empty": "\n"}
	env := map[string]string{"OLD": "from-env"}
	cfg, err := loadWith(head+"secret: now, previous_secrets: [one, \"${OLD}\"], previous_secrets_files: [old]}", "test.yaml", env, files)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range cfg.Public.PreviousSecrets {
		got = append(got, s.Reveal())
	}
	if strings.Join(got, " ") != "one from-env from-file" || cfg.Public.Secret.Reveal() != "now" {
		t.Errorf("secrets %q", got)
	}
	for text, want := range map[string]string{
		"previous_secrets: one}":                   "public.previous_secrets: must be a list",
		"previous_secrets: [\"\"]}":                "public.previous_secrets[0]: the secret is empty",
		"previous_secrets: [a, \" b\"]}":           "public.previous_secrets[1]: the secret begins or ends with a space",
		"previous_secrets: [{a: b}]}":              "must be a single value",
		"previous_secrets: [\"${UNSET}\"]}":        "UNSET",
		"previous_secret: [a]}":                    "did you mean previous_secrets?",
		"previous_secrets_files: [missing]}":       "cannot read the secret's file",
		"previous_secrets_files: [empty]}":         "the secret is empty",
		"previous_secrets_file: old}":              "unknown key",
		"previous_secrets: [" + clearText + ", ]}": "",
	} {
		_, err := loadWith(head+text, "test.yaml", env, files)
		if want == "" {
			if err != nil {
				t.Errorf("%s: %v", text, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), clearText) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	// A producer needs none of them, but knows the keys.
	l := newLoader("test.yaml")
	l.producer = true
	if cfg, err := l.load([]byte(head + "previous_secrets: [\"${UNSET}\"], previous_secrets_files: [missing]}")); err != nil || cfg.Public.PreviousSecrets != nil {
		t.Errorf("producer: %v", err)
	}
}

func TestStateDir(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "state_dir: /var/lib/callpacer": "/var/lib/callpacer", "state_dir: off": StateOff, "state_dir: \"${DIR}\"": "/somewhere",
	} {
		cfg, err := loadWith(minimalRedis+text, "test.yaml", map[string]string{"DIR": "/somewhere"}, nil)
		if err != nil || cfg.StateDir != want {
			t.Errorf("%s: %+v, %v", text, cfg, err)
		}
	}
	for text, want := range map[string]string{
		"state_dir: state": "no absolute path", "state_dir: ~/state": "no absolute path", "state_dir: \"\"": "is empty",
		"state_dir: [/a]": "must be a single value", "state_dirs: /a": "did you mean state_dir?",
	} {
		if _, err := loadWith(minimalRedis+text, "test.yaml", nil, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
