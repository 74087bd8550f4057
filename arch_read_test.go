package creatorflow

import (
	"bytes"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// room is one line of the import table.
type room struct {
	pattern    string   // "channels/x/xsim"; x is any one name
	imports    []string // patterns of rooms
	everything bool     // all rooms of lines above
}

// source is one folder with Go files.
type source struct {
	dir     string
	lines   int               // of files that are not tests
	imports map[string]string // import path → the file that has it
	tests   map[string]string // the same of test files
}

var quoted = regexp.MustCompile("`([^`]+)`")

// readTable takes the rooms from the first table of the text, in order.
func readTable(text string) ([]room, error) {
	var rooms []room
	for line := range strings.Lines(text) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if !strings.HasPrefix(line, "|") || len(cells) != 3 || !strings.Contains(cells[0], "`") {
			continue
		}
		allowed := strings.TrimSpace(cells[2])
		r := room{everything: allowed == "everything"}
		for _, m := range quoted.FindAllStringSubmatch(allowed, -1) {
			r.imports = append(r.imports, m[1])
		}
		if !r.everything && allowed != "–" && strings.TrimSpace(quoted.ReplaceAllString(allowed, "")) != "" {
			return nil, fmt.Errorf("ARCHITECTURE.md: cannot read the imports %q", allowed)
		}
		for _, m := range quoted.FindAllStringSubmatch(cells[0], -1) {
			r.pattern = m[1]
			rooms = append(rooms, r)
		}
	}
	if len(rooms) == 0 {
		return nil, errors.New("ARCHITECTURE.md: there is no table of rooms")
	}
	return rooms, nil
}

// readSources parses the imports of every Go file, whatever its build tags.
func readSources(tree fs.FS) ([]source, error) {
	found := map[string]*source{}
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			base := path.Base(name)
			if name != "." && (base == "node_modules" || base == "testdata" || base[0] == '.' || base[0] == '_') {
				return fs.SkipDir
			}
			return nil
		case path.Ext(name) != ".go":
			return nil
		}
		text, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ImportsOnly)
		if err != nil {
			return err
		}
		dir := path.Dir(name)
		s := found[dir]
		if s == nil {
			s = &source{dir: dir, imports: map[string]string{}, tests: map[string]string{}}
			found[dir] = s
		}
		into := s.imports
		if strings.HasSuffix(name, "_test.go") {
			into = s.tests
		} else {
			s.lines += bytes.Count(text, []byte("\n"))
		}
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			into[imported] = name
		}
		return nil
	})
	var sources []source
	for _, dir := range slices.Sorted(maps.Keys(found)) {
		sources = append(sources, *found[dir])
	}
	return sources, err
}
