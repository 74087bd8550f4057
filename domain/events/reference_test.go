package events_test

import (
	"cmp"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/events.md instead of comparing it")

// module is one package of events as its source declares it.
type module struct {
	name, doc string
	events    []declared
	structs   map[string]*ast.StructType
}

// declared is a type with an EventName.
type declared struct{ typ, name, doc string }

// modules parses the packages of events, sorted by name.
func modules(t *testing.T) (found []module) {
	t.Helper()
	files, err := filepath.Glob("*/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no packages of events: %v", err)
	}
	byName := map[string]*module{}
	for _, file := range files {
		source, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		m := byName[source.Name.Name]
		if m == nil {
			m = &module{name: source.Name.Name, structs: map[string]*ast.StructType{}}
			byName[m.name] = m
		}
		m.doc += sentence(source.Doc.Text())
		m.read(source)
	}
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		found = append(found, *byName[name])
	}
	return found
}

// read takes the structs of a file and the names of those that are events, in their order.
func (m *module) read(source *ast.File) {
	docs := map[string]string{}
	for _, d := range source.Decls {
		switch d := d.(type) {
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				if spec, ok := spec.(*ast.TypeSpec); ok {
					if body, ok := spec.Type.(*ast.StructType); ok {
						m.structs[spec.Name.Name], docs[spec.Name.Name] = body, sentence(d.Doc.Text())
					}
				}
			}
		case *ast.FuncDecl:
			if d.Name.Name != "EventName" || d.Recv == nil {
				continue
			}
			typ := d.Recv.List[0].Type.(*ast.Ident).Name
			name, _ := strconv.Unquote(d.Body.List[0].(*ast.ReturnStmt).Results[0].(*ast.BasicLit).Value)
			m.events = append(m.events, declared{typ: typ, name: name, doc: docs[typ]})
		}
	}
}

// sentence is a comment on one line of Markdown.
func sentence(comment string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(comment), " "), "<", `\<`)
}

// fields lists a struct's fields as JSON names them, with what their comments say.
func (m *module) fields(typ, before string) (cells []string) {
	for _, f := range m.structs[typ].Fields.List {
		if f.Names == nil { // embedded: its fields stand among the others
			cells = append(cells, m.fields(f.Type.(*ast.Ident).Name, before)...)
			continue
		}
		tag, _ := strconv.Unquote(f.Tag.Value)
		name, options, _ := strings.Cut(reflect.StructTag(tag).Get("json"), ",")
		kind, inner := m.kind(f.Type)
		optional := ""
		if options == "omitzero" {
			optional = "?"
		}
		cell := fmt.Sprintf("`%s%s`%s", before, name, optional)
		if kind != "" {
			cell += " " + kind
		}
		if note := sentence(f.Comment.Text()); note != "" {
			cell += " (" + note + ")"
		}
		cells = append(cells, cell)
		if inner != "" {
			within := "[]."
			if kind == "object" {
				within = "."
			}
			cells = append(cells, m.fields(inner, before+name+within)...)
		}
	}
	return cells
}

// kind says what a Go type is in JSON, nothing of a text; inner is the struct that it lists or holds.
func (m *module) kind(e ast.Expr) (kind, inner string) {
	switch e := e.(type) {
	case *ast.Ident:
		switch e.Name {
		case "string":
			return "", ""
		case "bool":
			return "true or false", ""
		}
		if m.structs[e.Name] != nil {
			return "object", e.Name
		}
		return "number", ""
	case *ast.SelectorExpr:
		if e.Sel.Name == "Duration" {
			return "number of nanoseconds", ""
		}
		return strings.ToLower(e.Sel.Name), "" // time, money
	case *ast.ArrayType:
		of, ours := e.Elt.(*ast.Ident)
		switch {
		case !ours: // time, money
			return "list of " + strings.ToLower(e.Elt.(*ast.SelectorExpr).Sel.Name), ""
		case m.structs[of.Name] != nil:
			return "list", of.Name
		}
		return "list of texts", ""
	}
	return "texts by name", ""
}

const preface = `# Events

Made from the sources and stored examples in ` + "`domain/events`" + ` by ` + "`go test ./domain/events -run TestReference -update`" + `. Do
not edit.

An event is stored as JSON, in the bytes that its linked example shows; who caused it, why and when stands beside it in the
record ([log-format.md](log-format.md)). A field without a kind is a text. A field marked ? is left out when it says nothing.
Times are RFC 3339 in UTC, money is ` + "`{\"minor\":255,\"currency\":\"GBP\"}`" + ` in whole minor units.

A stored event is for ever: a field may be added, and means the old behaviour where it is absent; anything else is a new
event with a new name, to which the old one is upcast when it is read. A log with a name that is not on this page was
written by a newer version, and is not opened.
`

// TestReference keeps docs/events.md in step with the sources.
func TestReference(t *testing.T) {
	var b strings.Builder
	b.WriteString(preface)
	for _, m := range modules(t) {
		doc, ok := strings.CutPrefix(m.doc, "Package "+m.name+" holds ")
		if !ok || !strings.Contains(doc, "Streams are (workspace, ") {
			t.Errorf("the comment of package %s does not say what it holds and which its streams are", m.name)
			continue
		}
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| event | when | fields |\n| --- | --- | --- |\n", m.name, strings.ToUpper(doc[:1])+doc[1:])
		for _, d := range m.events {
			when, ok := strings.CutPrefix(d.doc, d.typ+" ")
			if !ok {
				t.Errorf("the comment of %s.%s does not say when it happens", m.name, d.typ)
				continue
			}
			when = strings.TrimPrefix(when, "says that ")
			var links []string
			for _, x := range examples(t, m.name) {
				if x.name == d.name {
					links = append(links, fmt.Sprintf("[%s](../domain/events/%s)", cmp.Or(x.what, "`"+d.name+"`"), x.file))
				}
			}
			fmt.Fprintf(&b, "| %s | %s | %s |\n", strings.Join(links, " "), strings.ToUpper(when[:1])+when[1:], strings.Join(m.fields(d.typ, ""), ", "))
		}
	}
	page := filepath.Join("..", "..", "docs", "events.md")
	if *update {
		if err := os.WriteFile(page, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got, err := os.ReadFile(page); err != nil || string(got) != b.String() {
		t.Errorf("docs/events.md is out of date (%v): run go test ./domain/events -run TestReference -update", err)
	}
}
