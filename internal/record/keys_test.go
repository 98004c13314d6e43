package record_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// TestScriptsTouchDeclaredKeysOnly: every key of every command is one of KEYS, or
// what each_number and index take from there under the name of key.
func TestScriptsTouchDeclaredKeysOnly(t *testing.T) {
	files, err := filepath.Glob("lua/*.lua")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d scripts, %v", len(files), err)
	}
	command := regexp.MustCompile(`redis\.p?call\(([^,)]*),?\s*([^,)]*)`)
	loads := regexp.MustCompile(`(?:^|[^.\w])load\(([^)]*)\)`)
	declared := regexp.MustCompile(`^(KEYS\[[1-4]\]|key)$`)
	commands := 0
	for _, file := range append(files, "../../ratelimit/admit.lua") {
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
