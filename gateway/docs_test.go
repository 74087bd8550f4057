package gateway_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// written is a route as docs/api.md names it: in code marks, its parameters may follow.
var written = regexp.MustCompile("`((?:GET|POST|PUT|PATCH|DELETE) /[^`?]*)(\\?[^`]*)?`")

// TestDocumentNamesEveryRoute compares docs/api.md with what is served: each route stands there, and
// each that stands there is served, with the parameters and fields of the description.
func TestDocumentNamesEveryRoute(t *testing.T) {
	text, err := os.ReadFile("../docs/api.md")
	fatal(t, err)
	s := newSite(t)
	api := described(t, s)
	named := map[string]bool{}
	for _, found := range written.FindAllStringSubmatch(string(text), -1) {
		route, query := found[1], strings.TrimPrefix(found[2], "?")
		if named[route] = true; query == "" || strings.HasPrefix(query, "critical=true") { // the latter is a topic's
			continue
		}
		var names []string
		for part := range strings.SplitSeq(query, "&") {
			name, _, _ := strings.Cut(part, "=")
			names = append(names, name)
		}
		slices.Sort(names)
		if !slices.Equal(names, api[route]) {
			t.Errorf("docs/api.md gives %s the parameters %v; it has %v", route, names, api[route])
		}
	}
	for _, route := range s.gateway.Routes() {
		if strings.Contains(route, " ") && !named[route] { // the others answer for addresses of nothing
			t.Errorf("%s is served and does not stand in docs/api.md", route)
		}
		delete(named, route)
	}
	for route := range named {
		t.Errorf("%s stands in docs/api.md and is not served", route)
	}
	for route, parameters := range api {
		if len(parameters) > 0 && !strings.Contains(string(text), "`"+route+"?") {
			t.Errorf("docs/api.md does not say that %s has the parameters %v", route, parameters)
		}
	}
	for _, status := range []string{"400", "401", "403", "404", "405", "408", "409", "412", "413", "415", "421", "422", "426", "429", "500", "503"} {
		if !strings.Contains(string(text), "\n| "+status+" |") {
			t.Errorf("docs/api.md does not say when a problem is %s", status)
		}
	}
}
