package bench

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestAppend runs the benchmark for a moment; its figures mean nothing, its lines must be whole.
func TestAppend(t *testing.T) {
	for _, engine := range []string{SQLite, Postgres} {
		t.Run(engine, func(t *testing.T) {
			var out bytes.Buffer
			if err := Append(t.Context(), Options{Engine: engine, Seconds: 0.1, JSON: true, Out: &out}); err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(strings.TrimSpace(out.String()), "\n")
			if len(lines) != 4 {
				t.Fatalf("%d lines, want 4:\n%s", len(lines), &out)
			}
			for _, line := range lines {
				var row Row
				if err := json.Unmarshal([]byte(line), &row); err != nil {
					t.Fatal(err)
				}
				if row.Name != "append" || row.Engine != engine || row.EventsPerSecond <= 0 || row.RawPerSecond <= 0 || row.RatioToRaw <= 0 || row.P99 < row.P50 {
					t.Errorf("not a measurement: %s", line)
				}
			}
		})
	}
	var out bytes.Buffer
	if err := Append(t.Context(), Options{Engine: SQLite, Dir: t.TempDir(), Seconds: 0.1, Out: &out}); err != nil {
		t.Fatal(err)
	}
	if last := out.String(); !strings.Contains(last, "512 callers:") || !strings.Contains(last, "of the bare loop") {
		t.Errorf("no summary in\n%s", last)
	}
}

// TestReserve runs the benchmark for a moment; it fails by itself when the stock does not add up.
func TestReserve(t *testing.T) {
	for _, engine := range []string{SQLite, Postgres} {
		t.Run(engine, func(t *testing.T) {
			var out bytes.Buffer
			if err := Reserve(t.Context(), Options{Engine: engine, Seconds: 0.1, JSON: true, Out: &out}); err != nil {
				t.Fatal(err)
			}
			decoder := json.NewDecoder(&out)
			for _, callers := range []int{64, 512} {
				var row Row
				if err := decoder.Decode(&row); err != nil {
					t.Fatal(err)
				}
				if row.Name != "reserve" || row.Engine != engine || row.Callers != callers || row.EventsPerSecond <= 0 || row.RawPerSecond <= 0 || row.P99 < row.P50 {
					t.Errorf("not a measurement: %+v", row)
				}
			}
		})
	}
}
