package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if len(os.Args) == 9 && os.Args[1] == "bench" { // one of the processes of TestProcesses
		number, _ := strconv.Atoi(os.Args[8]) // made by startWorker
		if err := Worker(context.Background(), os.Args[6], number, os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// TestProcesses lets two processes append to one database; it fails by itself when the log does not hold
// what they were told.
func TestProcesses(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := Processes(t.Context(), Options{Engine: Postgres, Seconds: 0.5, JSON: true, Out: &out}, self, 2); err != nil {
		t.Fatal(err)
	}
	var r Together
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	if r.Processes != 2 || r.Events < processCallers || r.EventsPerSecond <= 0 || r.OnePerSecond <= 0 || r.RatioToOne <= 0 || r.P99 < r.P50 {
		t.Errorf("not a measurement: %+v", r)
	}
	if err := Processes(t.Context(), Options{Engine: SQLite, Out: &out}, self, 2); err == nil || !strings.Contains(err.Error(), "--engine postgres") {
		t.Errorf("two processes on one folder gave %v", err)
	}
}

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

// TestFilled compares two logs for a moment; it fails by itself when a stream or the log does not hold what
// was appended.
func TestFilled(t *testing.T) {
	for engine, lines := range map[string]int{SQLite: 5, Postgres: 3} {
		t.Run(engine, func(t *testing.T) {
			var out bytes.Buffer
			if err := Filled(t.Context(), Options{Engine: engine, Seconds: 0.1, JSON: true, Out: &out}, 40_000); err != nil {
				t.Fatal(err)
			}
			decoder := json.NewDecoder(&out)
			for range lines {
				var r Full
				if err := decoder.Decode(&r); err != nil {
					t.Fatal(err)
				}
				if r.Engine != engine || r.Events != 40_000 || r.PerSecond <= 0 || r.EmptyPerSecond <= 0 || r.RatioToEmpty <= 0 || r.P99 < r.P50 {
					t.Errorf("not a measurement: %+v", r)
				}
			}
			if decoder.More() {
				t.Errorf("more than %d lines", lines)
			}
		})
	}
}

// TestConflict runs the benchmark on a shorter history, most of which may not be read.
func TestConflict(t *testing.T) {
	for _, engine := range []string{SQLite, Postgres} {
		t.Run(engine, func(t *testing.T) {
			var out bytes.Buffer
			if err := conflict(t.Context(), Options{Engine: engine, Seconds: 0.3, JSON: true, Out: &out}, 10_000); err != nil {
				t.Fatal(err)
			}
			decoder := json.NewDecoder(&out)
			for _, shipped := range []bool{false, true} {
				var row Conflicted
				if err := decoder.Decode(&row); err != nil {
					t.Fatal(err)
				}
				if row.Name != "conflict" || row.Engine != engine || row.Open > 1 == shipped || row.P50 <= 0 || row.P99 < row.P50 || row.Read < 1 || row.Read > 5000 {
					t.Errorf("not a measurement, or most was read: %+v", row)
				}
			}
		})
	}
}
