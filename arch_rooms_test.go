package creatorflow

import (
	"slices"
	"strings"
	"testing"
)

// TestEveryRoomExists keeps the table from promising what is not there.
func TestEveryRoomExists(t *testing.T) {
	rooms, sources := readRepository(t)
	var dirs []string
	for _, s := range sources {
		dirs = append(dirs, s.dir)
	}
	for _, r := range rooms {
		if !slices.Contains(strings.Split(r.pattern, "/"), "x") && !slices.Contains(dirs, r.pattern) {
			t.Errorf("ARCHITECTURE.md has a room %s, but there is no such package", r.pattern)
		}
	}
}
