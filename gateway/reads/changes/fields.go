package changes

import (
	"cmp"
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// fields lists what a state says: each value that is not zero, by its path. Names are those of JSON, or the Go names in its manner.
func fields(state any) (map[string]json.RawMessage, error) {
	found := map[string]json.RawMessage{}
	return found, walk(found, "", reflect.ValueOf(state))
}

func walk(found map[string]json.RawMessage, path string, v reflect.Value) error {
	if !v.IsValid() || v.IsZero() {
		return nil
	}
	if speaks(v) {
		return leaf(found, path, v)
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		return walk(found, path, v.Elem())
	case reflect.Struct:
		return walkStruct(found, path, v)
	case reflect.Map:
		for keys := v.MapRange(); keys.Next(); {
			if err := walk(found, join(path, key(keys.Key())), keys.Value()); err != nil {
				return err
			}
		}
		return nil
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if err := walk(found, join(path, strconv.Itoa(i)), v.Index(i)); err != nil {
				return err
			}
		}
		return nil
	default:
		return leaf(found, path, v)
	}
}

func walkStruct(found map[string]json.RawMessage, path string, v reflect.Value) error {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case !field.IsExported() || name == "-":
			continue
		case name == "" && field.Anonymous:
			name = ""
		case name == "":
			name = snake(field.Name)
		}
		if err := walk(found, join(path, name), v.Field(i)); err != nil {
			return err
		}
	}
	return nil
}

// speaks says that a value has a text of its own, such as a time.
func speaks(v reflect.Value) bool {
	switch v.Interface().(type) {
	case json.Marshaler, encoding.TextMarshaler:
		return true
	}
	return false
}

func leaf(found map[string]json.RawMessage, path string, v reflect.Value) error {
	text, err := json.Marshal(v.Interface())
	if err != nil {
		return fmt.Errorf("the state's %s: %w", path, err)
	}
	found[path] = text
	return nil
}

// key is a map's key as a part of a path; of a struct all its fields.
func key(v reflect.Value) string {
	if v.Kind() != reflect.Struct {
		return fmt.Sprint(v.Interface())
	}
	var parts []string
	for i := range v.NumField() {
		if v.Type().Field(i).IsExported() {
			parts = append(parts, fmt.Sprint(v.Field(i).Interface()))
		}
	}
	return strings.Join(parts, "/")
}

func join(path, name string) string {
	if path == "" || name == "" {
		return path + name
	}
	return path + "." + name
}

// inOrder has fields by name, and those of a list by their places in it.
func inOrder(a, b string) int {
	return slices.CompareFunc(strings.Split(a, "."), strings.Split(b, "."), func(a, b string) int {
		m, noM := strconv.Atoi(a)
		n, noN := strconv.Atoi(b)
		if noM == nil && noN == nil {
			return cmp.Or(cmp.Compare(m, n), cmp.Compare(a, b))
		}
		return cmp.Compare(a, b)
	})
}

// snake writes a Go name as JSON has it: CancelTaken is cancel_taken, SKUs is skus.
func snake(name string) string {
	runes := []rune(name)
	var b strings.Builder
	for i, r := range runes {
		begins := unicode.IsUpper(r) && i > 0 &&
			(!unicode.IsUpper(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1]) && string(runes[i+1:]) != "s")
		if begins {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
