package search

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/creatorflow/creatorflow/bench"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestSearch asks a small hub on each engine; each answer must list what it should. Its times mean nothing.
func TestSearch(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "creatorflow")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "../../cmd/creatorflow").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	for _, engine := range []string{bench.SQLite, bench.Postgres} {
		t.Run(engine, func(t *testing.T) {
			var out bytes.Buffer
			o := Options{Binary: binary, Engine: engine, Orders: 1000, Searches: 40, Seed: 1, JSON: true, Out: &out}
			if engine == bench.SQLite { // an account of PostgreSQL's own could not enter this folder
				o.Dir = t.TempDir()
			}
			if err := Run(t.Context(), o); err != nil {
				t.Fatal(err)
			}
			var r Result
			if err := json.Unmarshal(out.Bytes(), &r); err != nil {
				t.Fatal(err)
			}
			if r.Engine != engine || r.Orders != 1000 || r.Events < 10_000 || len(r.Kinds) != len(kinds) || r.Searches < 40 || r.Start <= 0 || r.P95 < r.P50 || r.ListP95 <= 0 {
				t.Errorf("not a measurement: %s", &out)
			}
			if engine != bench.SQLite {
				return
			}
			o.Orders++
			if err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "the store has 1000 orders, not 1001") {
				t.Errorf("a store of another size gave %v", err)
			}
		})
	}
}
