package events_test

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/creatorflow/creatorflow/domain/events"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/eventlog/eventlogtest"
	"github.com/creatorflow/creatorflow/storage/storagetest"
)

func TestMain(m *testing.M) { os.Exit(storagetest.With(m).Run()) }

// The catalogue knows every event that the sources declare, by its own type, and no other name. One
// that were missing could be appended, and the log would not open again.
func TestCatalogue(t *testing.T) {
	var names []string
	for _, m := range modules(t) {
		for _, d := range m.events {
			names = append(names, d.name)
			if e, err := events.Decode(d.name, 1, []byte("{}")); err != nil || fmt.Sprintf("%T", e) != m.name+"."+d.typ {
				t.Errorf("%s decodes to %T, %v; want %s.%s, listed in Types and alone with its name", d.name, e, err, m.name, d.typ)
			}
			if _, err := events.Decode(d.name, 2, []byte("{}")); !errors.Is(err, eventlog.ErrNewerSchema) {
				t.Errorf("%s at schema 2: %v, want a refusal", d.name, err)
			}
			if _, err := events.Decode(d.name, 1, []byte(`[]`)); err == nil || errors.Is(err, eventlog.ErrNewerSchema) {
				t.Errorf("%s with data of another form: %v, want a fault that names it", d.name, err)
			}
		}
	}
	for _, name := range events.Names() {
		if !slices.Contains(names, name) {
			t.Errorf("the catalogue knows %s, which no source declares", name)
		}
	}
	if _, err := events.Decode("order.teleported", 1, []byte("{}")); !errors.Is(err, eventlog.ErrNewerSchema) {
		t.Errorf("an unknown name: %v, want a refusal", err)
	}
}

// example is one stored event: the data of a record, byte for byte.
type example struct {
	file, name, what string
	data             []byte
}

// examples reads <module>/testdata/<event>.json. An example is never edited, so further ones, named
// <event>+<what>.json, hold what came later or never stands beside the rest.
func examples(t *testing.T, module string) (found []example) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(module, "testdata", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name, what, _ := strings.Cut(strings.TrimSuffix(filepath.Base(file), ".json"), "+")
		found = append(found, example{file: filepath.ToSlash(file), name: name, what: what, data: data})
	}
	slices.SortFunc(found, func(a, b example) int { return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.what, b.what)) })
	return found
}

// Every event has an example; the examples together have every field of it; and a real log that is
// given what an example decodes to stores the example's bytes again.
func TestExamples(t *testing.T) {
	log, stop := eventlogtest.Start(t, storagetest.New(t).Log(), eventlog.Options{Decode: events.Decode})
	defer stop()
	var all []example
	for _, m := range modules(t) {
		own := examples(t, m.name)
		for _, d := range m.events {
			if !slices.ContainsFunc(own, func(e example) bool { return e.name == d.name && e.what == "" }) {
				t.Errorf("%s has no example %s/testdata/%s.json", d.name, m.name, d.name)
			}
		}
		for _, e := range own {
			if !slices.ContainsFunc(m.events, func(d declared) bool { return d.name == e.name }) {
				t.Errorf("%s is an example of no event of %s", e.file, m.name)
			}
		}
		all = append(all, own...)
	}
	empty := map[string]map[string]bool{} // by event: fields that no example so far has
	for _, x := range all {
		e, err := events.Decode(x.name, 1, x.data)
		if err != nil {
			t.Errorf("%s: %v", x.file, err)
			continue
		}
		stream := eventlog.Stream{Workspace: "main", Kind: "example", ID: x.file}
		if _, err := log.Append(t.Context(), eventlog.Write{Stream: stream, Events: []eventlog.Event{e}}); err != nil {
			t.Fatalf("%s: %v", x.file, err)
		}
		records, err := log.ReadStream(t.Context(), stream, 0, 2)
		if err != nil || len(records) != 1 {
			t.Fatalf("%s: %d records, %v", x.file, len(records), err)
		}
		if r := records[0]; string(r.Data) != string(x.data) || r.Name != x.name || r.Schema != 1 || !reflect.DeepEqual(r.Event, e) {
			t.Errorf("%s: the log stores %s, schema %d,\n%s, want\n%s", x.file, r.Name, r.Schema, r.Data, x.data)
		}
		lacking := map[string]bool{}
		zeros(reflect.ValueOf(e), x.name, lacking)
		if before, ok := empty[x.name]; ok {
			for field := range lacking {
				if !before[field] {
					delete(lacking, field)
				}
			}
		}
		empty[x.name] = lacking
	}
	for name, fields := range empty {
		for field := range fields {
			t.Errorf("no example has %s: add a %s+<what>.json, leave what stands", field, name)
		}
	}
}

// zeros notes every field of v, at any depth, that says nothing.
func zeros(v reflect.Value, path string, found map[string]bool) {
	if v.IsZero() {
		found[path] = true
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				zeros(v.Field(i), path+"."+f.Name, found)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			zeros(v.Index(i), path+"[]", found)
		}
	}
}
