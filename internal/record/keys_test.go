package record_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// TestScriptsTouchKeysOfTheirGroupOnly: every key of every command is one of KEYS,
// what each_number and index take from there under the name of key, or made of the
// group's prefix: all lie in one slot of Redis Cluster.
func TestScriptsTouchKeysOfTheirGroupOnly(t *testing.T) {
	files, err := filepath.Glob("lua/*.lua")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d scripts, %v", len(files), err)
	}
	command := regexp.MustCompile(`redis\.p?call\(([^,)]*),?\s*([^,)]*)`)
	loads := regexp.MustCompile(`(?:^|[^.\w])load\(([^)]*)\)`)
	declared := regexp.MustCompile(`^(KEYS\[[1-9]\]|key|lane_key\(.*|x_key\(.*|PREFIX \.\. '[\w:]+'.*|locks|held)$`)
	commands := 0
	others, err := filepath.Glob("../../ratelimit/lua/*.lua")
	if err != nil || len(others) < 5 {
		t.Fatalf("%d scripts of the admission, %v", len(others), err)
	}
	for _, file := range append(files, others...) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range command.FindAllStringSubmatch(string(text), -1) {
			commands++
			if m[1] != "'TIME'" && !declared.MatchString(m[2]) {
				t.Errorf("%s: %s touches %q", file, m[1], m[2])
			}
		}
		for _, m := range loads.FindAllStringSubmatch(string(text), -1) {
			if !declared.MatchString(m[1]) {
				t.Errorf("%s reads %q", file, m[1])
			}
		}
	}
	if commands < 30 {
		t.Errorf("only %d commands were found", commands)
	}
}
