package ids

import (
	"bytes"
	"testing"
	"time"
)

func TestNext(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 123_999_999, time.UTC)
	source := New(func() time.Time { return now })
	var last [16]byte
	for i := range 20_000 {
		switch i {
		case 10_000:
			now = now.Add(-time.Hour) // the clock steps back; ids do not
		case 15_000:
			now = now.Add(2 * time.Hour)
		}
		id := source.Next()
		if bytes.Compare(id[:], last[:]) <= 0 {
			t.Fatalf("id %d, %x, is not after %x", i, id, last)
		}
		if id[6]>>4 != 7 || id[8]>>6 != 2 {
			t.Fatalf("%x is not of version 7", id)
		}
		if i == 0 || i == 15_000 {
			if got := TimeOf(id); !got.Equal(now.Truncate(time.Millisecond)) {
				t.Errorf("%x was made at %v, want %v", id, got, now)
			}
		}
		last = id
	}
	if a, b := New(time.Now).Next(), New(time.Now).Next(); bytes.Equal(a[8:], b[8:]) {
		t.Error("two sources made the same random part")
	}
}
