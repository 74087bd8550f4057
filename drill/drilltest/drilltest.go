// Package drilltest is what the tests of the drills share.
package drilltest

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Build builds the program with tags, such as those of a broken twin.
func Build(t *testing.T, tags string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "creatorflow")
	//nolint:gosec // the tags are a test's own
	build := exec.CommandContext(t.Context(), "go", "build", "-tags", tags, "-o", binary, "github.com/creatorflow/creatorflow/cmd/creatorflow")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build with tags %q: %v\n%s", tags, err, out)
	}
	return binary
}

// Dir is a folder for a drill, which stays when the test fails.
func Dir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "creatorflow-drill-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("what the drill left is in %s", dir)
			return
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// Caught runs a drill by its command on the twin that a tag makes. The drill must end with a broken
// promise that says so; a crash or a time-out is none.
func Caught(t *testing.T, tag, promise string, args ...string) {
	t.Helper()
	args = append(append([]string{"drill"}, args...), "--json", "--dir", t.TempDir())
	run := exec.CommandContext(t.Context(), Build(t, tag), args...) //nolint:gosec // our own binary
	out, err := run.Output()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Fatalf("the drill on %s ended with %v, want exit code 1", tag, err)
	}
	var report struct{ Broken []string }
	if err := json.Unmarshal(out, &report); err != nil {
		t.Fatalf("the drill on %s printed %q: %v", tag, out, err)
	}
	if !strings.Contains(strings.Join(report.Broken, "\n"), promise) {
		t.Errorf("the drill did not see what %s breaks (%s): %q", tag, promise, report.Broken)
	}
}
