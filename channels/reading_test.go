package channels_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/creatorflow/creatorflow/channels"
)

// FuzzReading holds the quick way through plain strings against the JSON package, and no reader may panic.
func FuzzReading(f *testing.F) {
	for _, seed := range []string{`"plain"`, `"caf\u00e9 \n"`, `"é\ud800"`, `576460000000000001`, `-1.5e3`, `null`, `{}`, `[1]`, `"`, ``, ` "x" `, `true`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		r := &channels.Reading{Record: "r", Within: "list[1]."}
		got := r.Text("f", raw)
		var s string
		if json.Valid(raw) && json.Unmarshal(raw, &s) == nil && strings.TrimSpace(string(raw)) != "null" && got != s {
			t.Errorf("%q: got %q, want %q", raw, got, s)
		}
		_, _, _, _, _ = r.ID("f", raw), r.Time("f", raw), r.Whole("f", raw), r.Amount("f", raw, "GBP"), r.List("f", raw)
		r.Object("f", raw, &struct{}{})
		if r.Invalid == nil || !strings.HasPrefix(r.Invalid.Field, "list[1].") || len(r.Invalid.Sample) > 48 || !utf8.ValidString(r.Invalid.Sample) {
			if !json.Valid(raw) || r.Invalid != nil {
				t.Errorf("%q: %+v", raw, r.Invalid)
			}
		}
	})
}
