// Package changes does to a vendor's payloads and answers what the vendor's next version may do: a member more, one less, one of
// another name or kind, a word that was never seen.
package changes

import (
	"bytes"
	"encoding/json"
	"fmt"
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
	text, did, err := mutate(payload, func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "choice") })
	if err != nil {
		t.Fatal(err)
	}
	return text, did
}

// Added is how a payload changes that only gets a member more.
const Added = "added"

// hows are the ways in which a member changes.
var hows = []string{Added, "absent", "renamed", "null", "another kind", "unknown word"}

func mutate(payload []byte, draw func(n int) int) (text []byte, did Mutation, err error) {
	var v any
	d := json.NewDecoder(bytes.NewReader(payload))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return nil, did, fmt.Errorf("the sample is no JSON: %w", err)
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
	if len(all) == 0 {
		return payload, Mutation{How: "nothing"}, nil
	}
	m := all[draw(len(all))]
	did = Mutation{How: hows[draw(len(hows))], Key: m.key}
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
		kinds := []any{true, 1.5, "text", []any{}, map[string]any{}}
		m.object[m.key] = kinds[draw(len(kinds))]
	default:
		if _, text := m.object[m.key].(string); !text {
			did.How = "nothing"
			break
		}
		m.object[m.key] = "NEVER_SEEN"
	}
	text, err = json.Marshal(v)
	return text, did, err
}
