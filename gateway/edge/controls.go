package edge

import (
	"reflect"
	"strings"
	"unicode"
)

// Controls finds control characters in a body's texts: a database keeps no NUL, and a screen shows
// none of them.
func Controls(body any) (faults []Fault) {
	for field, value := range reflect.ValueOf(body).Fields() {
		if value.Kind() == reflect.String && strings.ContainsFunc(value.String(), unicode.IsControl) {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			faults = append(faults, Fault{Field: name, Rule: "must be text without control characters"})
		}
	}
	return faults
}
