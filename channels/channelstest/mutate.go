package channelstest

import (
	"bytes"
	"encoding/json"
	"slices"

	"pgregory.net/rapid"
)

// Mutation is one thing that a vendor's change did to a payload.
type Mutation struct {
	How string // "added", "absent", "renamed", "null", "another kind", "unknown word"
	Key string // of the member that it happened to
}

// Mutate draws a payload as a vendor's next version may send it: a member more, one less, one of another name or kind, or a word
// that was never seen. Numbers keep their digits.
func Mutate(t *rapid.T, payload []byte) ([]byte, Mutation) {
	var v any
	d := json.NewDecoder(bytes.NewReader(payload))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("the sample is no JSON: %v", err)
	}
	type member struct {
		object map[string]any
		key    string
	}
	var all []member
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			var keys []string
			for key := range v {
				keys = append(keys, key)
			}
			slices.Sort(keys) // so that a seed draws the same again
			for _, key := range keys {
				all = append(all, member{v, key})
				walk(v[key])
			}
		case []any:
			for _, inside := range v {
				walk(inside)
			}
		}
	}
	walk(v)
	m := all[rapid.IntRange(0, len(all)-1).Draw(t, "member")]
	did := Mutation{How: rapid.SampledFrom([]string{"added", "absent", "renamed", "null", "another kind", "unknown word"}).Draw(t, "how"), Key: m.key}
	switch did.How {
	case "added":
		m.object["never_seen_before"] = map[string]any{"x": []any{1, "y"}}
	case "absent":
		delete(m.object, m.key)
	case "renamed":
		m.object[m.key+"_2"] = m.object[m.key]
		delete(m.object, m.key)
	case "null":
		m.object[m.key] = nil
	case "another kind":
		m.object[m.key] = rapid.SampledFrom([]any{true, 1.5, "text", []any{}, map[string]any{}}).Draw(t, "value")
	default:
		if _, text := m.object[m.key].(string); !text {
			did.How = "nothing"
			break
		}
		m.object[m.key] = "NEVER_SEEN"
	}
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatalf("encode the mutation: %v", err)
	}
	return text, did
}
