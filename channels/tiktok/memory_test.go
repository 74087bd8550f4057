package tiktok

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"
)

// TestOrderIsReadOnce: the same bytes are read once and say the same, others are read, and an address is kept for two hours at most.
func TestOrderIsReadOnce(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	m := newMemory(func() time.Time { return now })
	read := func(raw json.RawMessage) (status string, same bool) {
		t.Helper()
		got, invalid := m.read(0, raw)
		want, wrong := readOrder(0, raw)
		if invalid != nil || wrong != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("got %+v (%v), want %+v (%v)", got, invalid, want, wrong)
		}
		again, _ := m.read(0, raw)
		return got.Vendor, &got.Lines[0] == &again.Lines[0]
	}
	raw := wireExample(t)
	if status, same := read(raw); status != "AWAITING_SHIPMENT" || !same {
		t.Errorf("an order is %s, kept: %v, want AWAITING_SHIPMENT and kept", status, same)
	}
	if status, _ := read(wireExample(t, "AWAITING_SHIPMENT", "IN_TRANSIT")); status != "IN_TRANSIT" {
		t.Errorf("once it moved it is %s, want IN_TRANSIT", status)
	}
	broken := json.RawMessage(`{"id": "1"}`)
	for range 2 {
		if _, invalid := m.read(0, broken); invalid == nil {
			t.Error("a broken order was read")
		}
	}
	for range 2 {
		now = now.Add(forgotten)
		_, _ = m.read(0, broken)
	}
	if n := len(m.young) + len(m.old); n != 0 {
		t.Errorf("%d orders are kept after two hours, want none", n)
	}
}
