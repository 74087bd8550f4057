package startup

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestStart starts the real program once; its figures mean nothing, they must all be there.
func TestStart(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "creatorflow")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "../../cmd/creatorflow").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	var out bytes.Buffer
	if err := Run(t.Context(), Options{Binary: binary, Runs: 1, JSON: true, Out: &out}); err != nil {
		t.Fatal(err)
	}
	t.Log(out.String())
	var r Result
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	if r.Runs != 1 || r.ServeMS <= 0 || r.AgainMS <= 0 || r.DemoMS <= r.ServeMS/10 || r.IdleMiB <= 0 || r.Bytes <= 0 {
		t.Errorf("not a measurement: %+v", r)
	}
	if err := Run(t.Context(), Options{Binary: "/dev/null", Runs: 1, Out: &out}); err == nil || !strings.Contains(err.Error(), "start serve") {
		t.Errorf("a program that cannot be started gave %v", err)
	}
}
