package load

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/bench"
	"github.com/creatorflow/creatorflow/vault"
)

// TestIngest loads the hub for a moment; how fast it was is printed, what it lost or did twice fails.
func TestIngest(t *testing.T) {
	for _, engine := range []string{bench.SQLite, bench.Postgres} {
		t.Run(engine, func(t *testing.T) {
			var out bytes.Buffer
			if err := Ingest(t.Context(), Options{Engine: engine, Length: 8 * time.Second, PerMinute: 1500, Seed: 1, JSON: true, Out: &out}); err != nil {
				t.Fatal(err)
			}
			t.Log(out.String())
			var r Report
			if err := json.Unmarshal(out.Bytes(), &r); err != nil {
				t.Fatal(err)
			}
			if r.Commands == 0 || r.CommandP99 < r.CommandP50 {
				t.Errorf("%d commands, p50 %.0f ms, p99 %.0f ms", r.Commands, r.CommandP50, r.CommandP99)
			}
			if r.Unprocessed != 0 || r.ToViewP50 <= 0 || r.ToViewP99 < r.ToViewP50 || r.ToViewMax < r.ToViewP99 {
				t.Errorf("%d webhooks not worked off; to the view p50 %.0f ms, p99 %.0f ms, longest %.0f ms", r.Unprocessed, r.ToViewP50, r.ToViewP99, r.ToViewMax)
			}
			if r.Engine != engine || r.Orders < 50 || r.Webhooks < r.Orders || r.Lost != 0 || r.Twice != 0 || r.Open != 0 {
				t.Errorf("%s: %d orders by %d webhooks: %d lost, %d twice, %d open", r.Engine, r.Orders, r.Webhooks, r.Lost, r.Twice, r.Open)
			}
		})
	}
}

// TestBurst sends two hundred webhooks a second, for a moment in short runs and for ten seconds else: none is lost or done twice.
// What the hub did not answer in time is printed; the shop sends it again.
func TestBurst(t *testing.T) {
	length := 10 * time.Second
	if testing.Short() {
		length = 500 * time.Millisecond
	}
	var out bytes.Buffer
	if err := Ingest(t.Context(), Options{Engine: bench.SQLite, Length: length, PerMinute: 12_000, Seed: 1, JSON: true, Out: &out}); err != nil {
		t.Fatal(err)
	}
	t.Log(out.String())
	var r Report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	if want := int(length.Seconds() * 200 / 2); r.Webhooks < want || r.Lost != 0 || r.Twice != 0 || r.Open != 0 {
		t.Errorf("%d webhooks in %v, want %d at least: %d lost, %d twice, %d open", r.Webhooks, length, want, r.Lost, r.Twice, r.Open)
	}
}

// TestStuckIsSlow: a webhook that was never worked off counts as long as it has waited, not as one that was too quick to be seen.
func TestStuckIsSlow(t *testing.T) {
	now := time.Now()
	r := run{}
	for state, want := range map[string]time.Duration{vault.Pending: time.Minute, vault.Dead: time.Minute, vault.Done: look, vault.Superseded: look} {
		if took := r.took(vault.Item{Number: 1, State: state, Received: now.Add(-time.Minute)}, now); took != want {
			t.Errorf("a webhook that is %s took %v, want %v", state, took, want)
		}
	}
}
