package creatorflow

import (
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

var update = flag.Bool("update", false, "write docs/progress.md instead of comparing it")

const requirements = 251 // the last R number

// requirement is one row of docs/requirements.md.
type requirement struct {
	number                        int
	item, section, moscow, status string
	modules, proofs               []string
}

func TestRequirements(t *testing.T) {
	rows, err := readRequirements(read(t, "docs/requirements.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range requirementFaults(os.DirFS("."), rows, requirements) {
		t.Error(fault)
	}
	if t.Failed() {
		return
	}
	t.Log("\n" + progress(rows))
}

func TestProgress(t *testing.T) {
	const name = "docs/progress.md"
	rows, err := readRequirements(read(t, "docs/requirements.md"))
	if err != nil {
		t.Fatal(err)
	}
	want := progress(rows)
	if *update {
		if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got := read(t, name); got != want {
		t.Errorf("%s is out of date: run go test . -run TestProgress -update", name)
	}
}

var heading = regexp.MustCompile(`^## ([A-Z]\. .+)$`)

// readRequirements takes the rows of all tables whose first cell is a number.
func readRequirements(text string) ([]requirement, error) {
	var rows []requirement
	section := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if m := heading.FindStringSubmatch(line); m != nil {
			section = m[1]
		}
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| R |") || strings.HasPrefix(line, "| ---") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		if len(cells) != 6 {
			return nil, fmt.Errorf("docs/requirements.md: want 6 cells, got %d in %q", len(cells), line)
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		number, err := strconv.Atoi(cells[0])
		if err != nil {
			return nil, fmt.Errorf("docs/requirements.md: %q is no R number", cells[0])
		}
		rows = append(rows, requirement{
			number: number, item: cells[1], section: section, modules: list(cells[2]), proofs: list(cells[3]),
			moscow: cells[4], status: cells[5],
		})
	}
	if len(rows) == 0 {
		return nil, errors.New("docs/requirements.md: there is no row")
	}
	return rows, nil
}

// list splits a cell at its commas; a dash is the empty list.
func list(cell string) (parts []string) {
	for part := range strings.SplitSeq(strings.ReplaceAll(cell, "`", ""), ",") {
		if part = strings.TrimSpace(part); part != "" && part != "–" {
			parts = append(parts, part)
		}
	}
	return parts
}

// requirementFaults says what is wrong with the rows, one sentence each. Rows 1
// to last must be there once, in order.
func requirementFaults(tree fs.FS, rows []requirement, last int) (faults []string) {
	say := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	count := map[int]int{}
	before := 0
	for _, r := range rows {
		count[r.number]++
		if r.number <= before {
			say("R %d comes after R %d", r.number, before)
		}
		before = r.number
		switch {
		case r.number < 1 || r.number > last:
			say("R %d does not exist", r.number)
		case count[r.number] == 2:
			say("R %d has more than one row", r.number)
		}
		if r.item == "" || len(r.modules) == 0 || r.section == "" {
			say("R %d lacks its item, its module or its section", r.number)
		}
		if !slices.Contains([]string{"M", "S", "C", "W"}, r.moscow) {
			say("R %d: MoSCoW %q is none of M, S, C, W", r.number, r.moscow)
		}
		if !slices.Contains([]string{"open", "part", "done"}, r.status) {
			say("R %d: status %q is none of open, part, done", r.number, r.status)
		}
		if r.status != "open" && len(r.proofs) == 0 {
			say("R %d is called %s without a test", r.number, r.status)
		}
		for _, proof := range r.proofs {
			if err := proven(tree, proof); err != nil {
				say("R %d: %v", r.number, err)
			}
		}
	}
	for number := 1; number <= last; number++ {
		if count[number] == 0 {
			say("R %d has no row", number)
		}
	}
	return faults
}

// proven reports whether what a row names as its test is there.
func proven(tree fs.FS, proof string) error {
	if dir, function, ok := strings.Cut(proof, ":"); ok {
		return hasTest(tree, dir, function)
	}
	file, words, _ := strings.Cut(proof, "#")
	text, err := fs.ReadFile(tree, file)
	if err != nil {
		return fmt.Errorf("there is no file %s", file)
	}
	if !strings.Contains(string(text), words) {
		return fmt.Errorf("%s does not contain %q", file, words)
	}
	return nil
}

var testName = regexp.MustCompile(`^(Test|Fuzz|Benchmark|Example)[^a-z]`)

// hasTest parses the test files of dir and looks for a function that go test runs.
func hasTest(tree fs.FS, dir, function string) error {
	if !testName.MatchString(function) {
		return fmt.Errorf("%s is no name of a test", function)
	}
	files, err := fs.Glob(tree, path.Join(dir, "*_test.go"))
	if err != nil || len(files) == 0 {
		return fmt.Errorf("there are no tests in %s", dir)
	}
	for _, name := range files {
		text, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, declaration := range file.Decls {
			if f, ok := declaration.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == function {
				return nil
			}
		}
	}
	return fmt.Errorf("there is no %s in %s", function, dir)
}

// progress is the page made from the rows: counts, then what is done or begun.
func progress(rows []requirement) string {
	var b strings.Builder
	b.WriteString("# Progress\n\nMade from [requirements.md](requirements.md) by `go test . -run TestProgress -update`. Do not edit.\n")
	tally := func(title string, names []string, of func(requirement) string) {
		fmt.Fprintf(&b, "\n| %s | rows | done | part | open |\n| --- | ---: | ---: | ---: | ---: |\n", title)
		for _, name := range append(names, "all") {
			count := map[string]int{}
			for _, r := range rows {
				if name == "all" || of(r) == name {
					count[r.status]++
				}
			}
			done, part, open := count["done"], count["part"], count["open"]
			fmt.Fprintf(&b, "| %s | %d | %d | %d | %d |\n", name, done+part+open, done, part, open)
		}
	}
	tally("MoSCoW", []string{"M", "S", "C", "W"}, func(r requirement) string { return r.moscow })
	var sections []string
	for _, r := range rows {
		if !slices.Contains(sections, r.section) {
			sections = append(sections, r.section)
		}
	}
	tally("section", sections, func(r requirement) string { return r.section })
	for _, status := range []string{"done", "part"} {
		var names []string
		for _, r := range rows {
			if r.status == status {
				names = append(names, fmt.Sprintf("- R %d %s: `%s`", r.number, r.item, strings.Join(r.proofs, "`, `")))
			}
		}
		if len(names) == 0 {
			names = []string{"None."}
		}
		fmt.Fprintf(&b, "\n## %s\n\n%s\n", strings.ToUpper(status[:1])+status[1:], strings.Join(names, "\n"))
	}
	return b.String()
}

// TestRequirementsCatches holds the checker itself to account.
func TestRequirementsCatches(t *testing.T) {
	files := fstest.MapFS{
		"money/money_test.go": {Data: []byte("package money\n\nimport \"testing\"\n\n// TestParsed is only spoken of.\nfunc TestParse(t *testing.T) {}\n\nfunc (x x) TestMethod() {}\n")},
		"web/e2e/board.mjs":   {Data: []byte("test('a number changes', run)")},
	}
	const head = "## A. One\n\n| R | item | module | test | MoSCoW | status |\n| --- | --- | --- | --- | --- | --- |\n"
	one := "| 1 | a | `money` | `money:TestParse` | M | done |\n"
	tests := []struct{ name, rows, want string }{
		{"all there", one + "| 2 | b | `web` | web/e2e/board.mjs#a number changes, `money:TestParse` | S | part |\n", ""},
		{"open needs no test", one + "| 2 | b | `web` | – | S | open |\n", ""},
		{"missing", one, "R 2 has no row"},
		{"twice", one + one + "| 2 | b | web | – | S | open |\n", "R 1 has more than one row"},
		{"beyond the last", one + "| 2 | b | web | – | S | open |\n| 3 | c | web | – | S | open |\n", "R 3 does not exist"},
		{"done without a test", one + "| 2 | b | web | – | S | done |\n", "R 2 is called done without a test"},
		{"part without a test", one + "| 2 | b | web | – | S | part |\n", "R 2 is called part without a test"},
		{"no such function", one + "| 2 | b | web | money:TestParsed | S | done |\n", "there is no TestParsed in money"},
		{"a method", one + "| 2 | b | web | money:TestMethod | S | done |\n", "there is no TestMethod in money"},
		{"no such folder", one + "| 2 | b | web | cash:TestParse | S | done |\n", "there are no tests in cash"},
		{"not a test", one + "| 2 | b | web | money:Parse | S | done |\n", "Parse is no name of a test"},
		{"no such file", one + "| 2 | b | web | web/e2e/stock.mjs | S | done |\n", "there is no file web/e2e/stock.mjs"},
		{"no such words", one + "| 2 | b | web | web/e2e/board.mjs#it recovers | S | done |\n", "does not contain \"it recovers\""},
		{"a planned test that is not there", one + "| 2 | b | web | money:TestLater | S | open |\n", "there is no TestLater in money"},
		{"status", one + "| 2 | b | web | – | S | nearly |\n", "status \"nearly\""},
		{"priority", one + "| 2 | b | web | – | X | open |\n", "MoSCoW \"X\""},
		{"no module", one + "| 2 | b | – | – | S | open |\n", "lacks its item, its module"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			rows, err := readRequirements(head + test.rows)
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Join(requirementFaults(files, rows, 2), "; ")
			if test.want == "" && got != "" || !strings.Contains(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
	for _, broken := range []string{"", head + "| 1 | a | b |\n", head + "| one | a | web | – | M | open |\n"} {
		if rows, err := readRequirements(broken); err == nil {
			t.Errorf("readRequirements(%q) = %v, want an error", broken, rows)
		}
	}
}
