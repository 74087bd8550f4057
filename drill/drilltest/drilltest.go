// Package drilltest is what the tests of the drills share.
package drilltest

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"github.com/creatorflow/creatorflow/drill"
	"github.com/creatorflow/creatorflow/failpoint"
	"github.com/creatorflow/creatorflow/twin"
)

const module = "github.com/creatorflow/creatorflow/"

// Build builds the program that drills break: it has all failpoints and is all broken twins, each for
// whoever asks by its variable. What it builds stays in the module's bin, for the tests of other
// packages: linking takes longer than many a drill's cycle, and the go command leaves a program alone
// that is up to date.
func Build(t *testing.T) string {
	t.Helper()
	root, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		t.Fatalf("find the module: %v", err)
	}
	dir := filepath.Join(strings.TrimSpace(string(root)), "bin", "drill")
	if err := os.MkdirAll(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lock.Close() }() // which unlocks it
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatalf("wait for another test's build: %v", err)
	}
	shared := filepath.Join(dir, "creatorflow")
	compile(t, shared, "-ldflags=-s -w", "-tags", failpoint.Tag)
	binary := filepath.Join(t.TempDir(), "creatorflow") // a copy: another test may build while this one runs
	program, err := os.ReadFile(shared)
	if err == nil {
		err = os.WriteFile(binary, program, 0o700) //nolint:gosec // a program
	}
	if err != nil {
		t.Fatal(err)
	}
	return binary
}

// compile makes the program of the sources as they are.
func compile(t *testing.T, program string, flags ...string) {
	t.Helper()
	args := append(append([]string{"build", "-buildvcs=false", "-o", program}, flags...), module+"cmd/creatorflow")
	if out, err := exec.CommandContext(t.Context(), "go", args...).CombinedOutput(); err != nil { //nolint:gosec // our own program
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
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

// Caught runs a drill by its command on the twin of that name. The drill must end with a broken
// promise that says so; a crash or a time-out is none.
func Caught(t *testing.T, name, promise string, args ...string) {
	t.Helper()
	Breaks(t, name, promise, append(args, "--dir", Dir(t))...)
}

// Breaks is Caught for a drill that leaves nothing behind.
func Breaks(t *testing.T, name, promise string, args ...string) {
	t.Helper()
	args = append(append([]string{"drill"}, args...), "--json")
	run := exec.CommandContext(t.Context(), Build(t), args...) //nolint:gosec // our own binary
	run.Env = append(os.Environ(), twin.Variable+"="+name)
	out, err := run.Output()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Fatalf("the drill on %s ended with %v, want exit code 1", name, err)
	}
	var report struct{ Broken []string }
	if err := json.Unmarshal(out, &report); err != nil {
		t.Fatalf("the drill on %s printed %q: %v\n%s", name, out, err, exit.Stderr)
	}
	if !strings.Contains(strings.Join(report.Broken, "\n"), promise) {
		t.Errorf("the drill did not see what %s breaks (%s): %q", name, promise, report.Broken)
	}
}

// Same judges again what a drill has left, by its folder alone: the judge must say the same.
func Same(t *testing.T, r drill.Report, o drill.Options) {
	t.Helper()
	again, err := drill.Check(t.Context(), o.Dir, o.DB)
	if err != nil {
		t.Fatalf("judge again: %v", err)
	}
	if again.Seconds = r.Seconds; !reflect.DeepEqual(again, r) {
		t.Errorf("judged again the drill says %+v, before it said %+v", again, r)
	}
}
