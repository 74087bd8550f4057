// Package drilltest is what the tests of the drills share.
package drilltest

import (
	"os"
	"os/exec"
	"path/filepath"
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
