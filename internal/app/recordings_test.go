package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/callpacer/callpacer/internal/redistest"
)

// unwritable is a path at which no folder can be made, whoever runs the test.
func unwritable(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return file + "/recordings"
}

func TestStartWithRecordings(t *testing.T) {
	r := redistest.Mini(t)
	for name, url := range map[string]string{"in memory": "mem://", "in a folder": "file://" + filepath.Join(t.TempDir(), "made", "here")} {
		t.Run(name, func(t *testing.T) {
			text := oneAccount(r.URL(), "jumdata") + "recordings: {url: \"" + url + "\", allowed_hosts: [files.example.com]}\n"
			a, err := Start(t.Context(), config(t, text), Options{Log: quiet(), Admin: listener(t)})
			if err != nil {
				t.Fatal(err)
			}
			if err := a.Stop(); err != nil {
				t.Error(err)
			}
		})
	}
	text := oneAccount(r.URL(), "jumdata") + "recordings: {url: \"file://" + unwritable(t) + "\"}\n"
	a, err := Start(t.Context(), config(t, text), Options{Log: quiet(), Admin: listener(t)})
	if err == nil || !strings.Contains(err.Error(), "recordings.url: ") {
		t.Errorf("a worker without a place for its recordings starts: %v, %v", a, err)
	}
}

func TestCheckOfRecordings(t *testing.T) {
	r := redistest.Mini(t)
	folder := filepath.Join(t.TempDir(), "made")
	for section, want := range map[string]struct {
		level Level
		text  string
	}{
		"":                               {LevelOK, "no recordings section: no audio is fetched"},
		"url: \"mem://\"":                {LevelWarn, "they are kept in memory and end with the worker; no address of a report is followed"},
		"url: \"file://" + folder + "\"": {LevelOK, folder + " can be written to; they are deleted after 720h0m0s; no address"},
		"url: \"mem://\", allowed_hosts: [files.example.com, b.example]": {LevelWarn, "are followed to files.example.com, b.example"},
		"url: \"file://" + unwritable(t) + "\"":                          {LevelFail, "recordings.url: "},
	} {
		text := checkFile(r.URL(), "")
		if section != "" {
			text += "recordings: {" + section + "}\n"
		}
		wantFinding(t, checked(t, text, 0), "recordings", want.level, want.text)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) != 0 {
		t.Errorf("the check leaves %v, %v", left, err)
	}
}
