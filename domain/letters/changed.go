package letters

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// maxChanged is how many fields of a correction are named.
const maxChanged = 50

// Changed names the fields in which two JSON texts differ, such as "data.order_id" or "lines[2].quantity", sorted; "" is the whole
// of it, also where one of them is no JSON. Numbers are compared digit by digit: ids pass 2^53.
func Changed(was, is []byte) []string {
	a, ok := decoded(was)
	b, also := decoded(is)
	if !ok || !also {
		if bytes.Equal(was, is) {
			return nil
		}
		return []string{""}
	}
	found := changed("", a, b)
	slices.Sort(found)
	return found[:min(len(found), maxChanged)]
}

func decoded(text []byte) (v any, ok bool) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	err := d.Decode(&v)
	return v, err == nil && !d.More()
}

func changed(at string, a, b any) (found []string) {
	switch a := a.(type) {
	case map[string]any:
		if b, same := b.(map[string]any); same {
			return changedFields(at, a, b)
		}
	case []any:
		b, same := b.([]any)
		if !same || len(a) != len(b) {
			break
		}
		for i := range a {
			found = append(found, changed(fmt.Sprintf("%s[%d]", at, i), a[i], b[i])...)
		}
		return found
	default:
		_, object := b.(map[string]any)
		_, list := b.([]any)
		if !object && !list && a == b {
			return nil
		}
	}
	return []string{at}
}

func changedFields(at string, a, b map[string]any) (found []string) {
	all := maps.Clone(a)
	maps.Copy(all, b)
	for name := range all {
		field := name
		if at != "" {
			field = at + "." + name
		}
		x, there := a[name]
		y, here := b[name]
		if !there || !here {
			found = append(found, field)
			continue
		}
		found = append(found, changed(field, x, y)...)
	}
	return found
}
