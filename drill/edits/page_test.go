package edits

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var namedTest = regexp.MustCompile("`([a-z/]+):(Test[A-Za-z0-9]+)`")

// TestMatrixIsTested holds docs/concurrent-edits.md against the tests: every cell has its row, and every test that a row names is there.
func TestMatrixIsTested(t *testing.T) {
	page, err := os.ReadFile("../../docs/concurrent-edits.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]bool{}
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		cell := strings.TrimSpace(cells[0])
		if len(cells) != 5 || !strings.Contains(cell, "/") {
			continue
		}
		if rows[cell] || editCells[cell] == nil {
			t.Errorf("the row %s stands twice, or no test makes these edits", cell)
		}
		rows[cell] = true
		named := namedTest.FindAllStringSubmatch(cells[4], -1)
		if len(named) == 0 || named[0][0] != "`drill/edits:TestConcurrentEdits`" {
			t.Errorf("%s does not name drill/edits:TestConcurrentEdits first", cell)
		}
		for _, n := range named {
			if !declared(t, n[1], n[2]) {
				t.Errorf("%s names %s:%s, which is not there", cell, n[1], n[2])
			}
		}
	}
	for cell := range editCells {
		if !rows[cell] {
			t.Errorf("%s is tested and has no row", cell)
		}
	}
	if want := 18; len(editCells) != want {
		t.Errorf("%d cells, want six pairs of three things", len(editCells))
	}
}

// declared says whether a package has a test.
func declared(t *testing.T, room, test string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", room, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "\nfunc "+test+"(") {
			return true
		}
	}
	return false
}
