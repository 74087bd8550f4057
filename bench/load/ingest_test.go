package load

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"
)

// TestIngest loads the hub for a moment; how fast it was is printed, what it lost or did twice fails.
func TestIngest(t *testing.T) {
	var out bytes.Buffer
	if err := Ingest(t.Context(), Options{Dir: t.TempDir(), Length: 15 * time.Second, PerMinute: 1000, Seed: 1, JSON: true, Out: &out}); err != nil {
		t.Fatal(err)
	}
	t.Log(out.String())
	var r Report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	if r.Orders < 50 || r.Webhooks < r.Orders || r.Lost != 0 || r.Twice != 0 || r.Open != 0 {
		t.Errorf("%d orders by %d webhooks: %d lost, %d twice, %d open", r.Orders, r.Webhooks, r.Lost, r.Twice, r.Open)
	}
}
