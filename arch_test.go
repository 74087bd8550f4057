package creatorflow

import (
	"fmt"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	module   = "github.com/creatorflow/creatorflow"
	maxLines = 1500 // of one package, test files not counted

	uuidModule = "github.com/google/uuid"
)

// thirdParty names the folders whose packages may import modules of others.
var thirdParty = []string{
	"storage", "vault", "ingest", "realtime", "gateway", "partners", "channels", "drill", "bench", "cmd", "demo",
}

// idUsers names the packages outside thirdParty that speak of events and logs
// by id, with uuidModule and nothing else of others.
var idUsers = []string{"eventlog", "eventlog/record", "projection"}

// simulatorUsers names the folders that may import a simulator outside of tests.
var simulatorUsers = []string{"cmd", "demo", "drill", "bench"}

func TestArchitecture(t *testing.T) {
	rooms, sources := readRepository(t)
	for _, breach := range breaches(rooms, sources) {
		t.Error(breach)
	}
}

func TestArchitectureTable(t *testing.T) {
	rooms, _ := readRepository(t)
	for _, fault := range tableFaults(rooms) {
		t.Error(fault)
	}
	boxes := regexp.MustCompile(`\[([a-z/]+)\]`).FindAllStringSubmatch(picture(t), -1)
	if len(boxes) < 5 {
		t.Errorf("the picture in ARCHITECTURE.md shows %d boxes, want at least 5", len(boxes))
	}
	for _, box := range boxes {
		known := box[1] == "domain/x" || slices.ContainsFunc(rooms, func(r room) bool { return r.pattern == box[1] })
		if !known {
			t.Errorf("the picture in ARCHITECTURE.md shows %s, which is no room", box[1])
		}
	}
}

// picture returns the first code block of ARCHITECTURE.md.
func picture(t *testing.T) string {
	t.Helper()
	parts := strings.SplitN(read(t, "ARCHITECTURE.md"), "```", 3)
	if len(parts) < 3 {
		t.Fatal("ARCHITECTURE.md has no picture")
	}
	return parts[1]
}

func readRepository(t *testing.T) ([]room, []source) {
	t.Helper()
	rooms, err := readTable(read(t, "ARCHITECTURE.md"))
	if err != nil {
		t.Fatal(err)
	}
	sources, err := readSources(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	return rooms, sources
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// tableFaults says where the table itself is not in layers.
func tableFaults(rooms []room) (faults []string) {
	for i, r := range rooms {
		if slices.ContainsFunc(rooms[:i], func(above room) bool { return above.pattern == r.pattern }) {
			faults = append(faults, fmt.Sprintf("room %s has two lines", r.pattern))
		}
		for _, name := range r.imports {
			stands := func(other room) bool { return other.pattern == name || fits(name, other.pattern) }
			if !slices.ContainsFunc(rooms[:i], stands) {
				faults = append(faults, fmt.Sprintf("room %s may import %s, which is not above it", r.pattern, name))
			}
		}
	}
	return faults
}

// breaches compares the sources with the table and the fixed rules, one
// sentence for each difference. The root folder holds tests only.
func breaches(rooms []room, sources []source) (out []string) {
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	for _, s := range sources {
		if s.dir == "." {
			for imported, file := range s.imports {
				say("%s imports %s: the root holds tests only", file, imported)
			}
			continue
		}
		rank := rankOf(rooms, s.dir)
		if rank < 0 {
			say("package %s has no line in ARCHITECTURE.md", s.dir)
			continue
		}
		if s.lines > maxLines {
			say("package %s has %d lines, at most %d are allowed: split it", s.dir, s.lines, maxLines)
		}
		for _, imported := range slices.Sorted(maps.Keys(s.imports)) {
			file := s.imports[imported]
			ours, isOurs := strings.CutPrefix(imported, module+"/")
			switch {
			case isOurs:
				out = append(out, ourBreaches(rooms, s.dir, rank, ours, file)...)
			case !mayImport(s.dir, imported):
				say("%s imports %s: modules of others do not belong in %s", file, imported, s.dir)
			}
		}
		for _, imported := range slices.Sorted(maps.Keys(s.tests)) {
			ours, isOurs := strings.CutPrefix(imported, module+"/")
			if sim := simulatorOf(s.dir); isOurs && strings.HasPrefix(sim, "channels/") && simulatorOf(ours) != sim {
				say("%s imports %s: a channel's simulator shares nothing, its tests included", s.tests[imported], ours)
			}
		}
	}
	return out
}

// ourBreaches judges one import of ours by a file that is not a test.
func ourBreaches(rooms []room, dir string, rank int, ours, file string) (out []string) {
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	sim := simulatorOf(ours)
	if sim != "" && sim == simulatorOf(dir) {
		return nil // parts of one simulator
	}
	target := rankOf(rooms, ours)
	allowed := rooms[rank].everything || slices.ContainsFunc(rooms[rank].imports, func(p string) bool { return fits(p, ours) })
	switch {
	case target < 0:
		say("%s imports %s, which has no line in ARCHITECTURE.md", file, ours)
	case target >= rank:
		say("%s imports %s: imports never point upwards or sideways", file, ours)
	case !allowed:
		say("%s imports %s: the line of %s in ARCHITECTURE.md does not name it", file, ours, rooms[rank].pattern)
	}
	if isVariant(ours, "test") && !isVariant(dir, "test") {
		say("%s imports %s: a contract package is for tests", file, ours)
	}
	if sim != "" && !slices.Contains(simulatorUsers, top(dir)) {
		say("%s imports %s: only %s and tests may import a simulator", file, ours, strings.Join(simulatorUsers, ", "))
	}
	return out
}

// mayImport says whether dir may import a package that is not ours.
func mayImport(dir, imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	standard := !strings.Contains(first, ".") && imported != "C" // the shipped binary is built without cgo
	gonum := top(dir) == "domain" && strings.HasPrefix(imported, "gonum.org/v1/gonum/")
	id := slices.Contains(idUsers, dir) && imported == uuidModule
	return standard || gonum || id || slices.Contains(thirdParty, top(dir)) || isVariant(dir, "test")
}

// isVariant reports whether dir is x/xsim or x/xtest, for suffix "sim" or "test".
func isVariant(dir, suffix string) bool {
	return path.Base(dir) == path.Base(path.Dir(dir))+suffix
}

// simulatorOf returns the folder of the simulator that dir is, or is a part of,
// and an empty string when dir is no simulator's.
func simulatorOf(dir string) string {
	for ; dir != "."; dir = path.Dir(dir) {
		if isVariant(dir, "sim") {
			return dir
		}
	}
	return ""
}

func top(dir string) string {
	first, _, _ := strings.Cut(dir, "/")
	return first
}

// rankOf finds the line of a package: the one that spells it out, else the one
// with an x in its place. It is -1 when there is none.
func rankOf(rooms []room, dir string) int {
	exact := func(r room) bool { return r.pattern == dir }
	if i := slices.IndexFunc(rooms, exact); i >= 0 {
		return i
	}
	return slices.IndexFunc(rooms, func(r room) bool { return fits(r.pattern, dir) })
}

// fits reports whether dir is what the pattern describes: x is any one name,
// xsim and xtest are the name before them with that ending.
func fits(pattern, dir string) bool {
	want, got := strings.Split(pattern, "/"), strings.Split(dir, "/")
	if len(want) != len(got) {
		return false
	}
	for i, w := range want {
		switch ending, isEnding := strings.CutPrefix(w, "x"); {
		case w == "x":
			if i == len(want)-1 && (isVariant(dir, "sim") || isVariant(dir, "test")) {
				return false // a simulator or contract is never just any name
			}
		case isEnding && i > 0 && want[i-1] == "x":
			if got[i] != got[i-1]+ending {
				return false
			}
		case w != got[i]:
			return false
		}
	}
	return true
}
