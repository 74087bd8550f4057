package disk

import (
	"bytes"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// machine is a disk and what programs do on it; every step fails the test when the system refuses.
type machine struct {
	t *testing.T
	*Disk
}

func start(t *testing.T, seed uint64) machine {
	t.Helper()
	d, err := Open(t.TempDir(), rand.New(rand.NewPCG(seed, 1)))
	if err != nil {
		t.Fatal(err)
	}
	m := machine{t, d}
	if err := d.Mount(); errors.Is(err, ErrMount) {
		t.Skipf("NOT RUN: %v", err) //nolint:forbidigo // a machine without FUSE proves nothing here, and says so
	} else if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.must(d.Close()) })
	return m
}

func (m machine) must(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

func (m machine) path(name string) string { return filepath.Join(m.Mounted(), name) }

// write writes into a file at an offset, and syncs the file or not.
func (m machine) write(name string, data []byte, off int64, sync bool) {
	m.t.Helper()
	f, err := os.OpenFile(m.path(name), os.O_CREATE|os.O_RDWR, 0o600)
	m.must(err)
	_, err = f.WriteAt(data, off)
	m.must(err)
	if sync {
		m.must(f.Sync())
	}
	m.must(f.Close())
}

// syncDir makes the names in the top folder, or one below it, durable.
func (m machine) syncDir(name string) {
	m.t.Helper()
	f, err := os.Open(m.path(name))
	m.must(err)
	m.must(f.Sync())
	m.must(f.Close())
}

// cut takes the power away and puts it on again.
func (m machine) cut(torn bool) {
	m.t.Helper()
	m.Off()
	m.Dark()
	m.must(m.Cut(torn))
	m.must(m.Mount())
}

// content is what a file holds, and "gone" when there is none.
func (m machine) content(name string) string {
	m.t.Helper()
	text, err := os.ReadFile(m.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return "gone"
	}
	m.must(err)
	return string(text)
}

// TestCut names what survives a cut that drops everything that was not synced.
func TestCut(t *testing.T) {
	durable := func(m machine, name, text string) {
		m.write(name, []byte(text), 0, true)
		m.syncDir("")
	}
	for _, c := range []struct {
		name string
		do   func(m machine)
		want map[string]string
	}{
		{"written, not synced", func(m machine) { m.write("a", []byte("one"), 0, false) }, map[string]string{"a": "gone"}},
		{"file synced, its name not", func(m machine) { m.write("a", []byte("one"), 0, true) }, map[string]string{"a": "gone"}},
		{"name synced, file not", func(m machine) {
			m.write("a", []byte("one"), 0, false)
			m.syncDir("")
		}, map[string]string{"a": ""}},
		{"both synced", func(m machine) { durable(m, "a", "one") }, map[string]string{"a": "one"}},
		{"written over, not synced", func(m machine) {
			durable(m, "a", "one")
			m.write("a", []byte("two"), 0, false)
		}, map[string]string{"a": "one"}},
		{"written over, synced", func(m machine) {
			durable(m, "a", "one")
			m.write("a", []byte("two"), 0, true)
		}, map[string]string{"a": "two"}},
		{"grown, not synced", func(m machine) {
			durable(m, "a", "one")
			m.write("a", []byte("end"), 5000, false)
		}, map[string]string{"a": "one"}},
		{"grown over a hole, synced", func(m machine) {
			durable(m, "a", "one")
			m.write("a", []byte("end"), 5000, true)
		}, map[string]string{"a": "one" + strings.Repeat("\x00", 4997) + "end"}},
		{"truncated, not synced", func(m machine) {
			durable(m, "a", "one")
			m.must(os.Truncate(m.path("a"), 1))
		}, map[string]string{"a": "one"}},
		{"truncated and grown again, synced", func(m machine) {
			durable(m, "a", "one")
			m.must(os.Truncate(m.path("a"), 1))
			m.write("a", []byte("e"), 3, true)
		}, map[string]string{"a": "o\x00\x00e"}},
		{"renamed without folder sync", func(m machine) {
			durable(m, "a", "one")
			durable(m, "b", "two")
			m.must(os.Rename(m.path("a"), m.path("b")))
		}, map[string]string{"a": "one", "b": "two"}},
		{"renamed with folder sync", func(m machine) {
			durable(m, "a", "one")
			durable(m, "b", "two")
			m.must(os.Rename(m.path("a"), m.path("b")))
			m.syncDir("")
		}, map[string]string{"a": "gone", "b": "one"}},
		{"removed without folder sync", func(m machine) {
			durable(m, "a", "one")
			m.must(os.Remove(m.path("a")))
		}, map[string]string{"a": "one"}},
		{"linked and removed with folder sync", func(m machine) {
			m.write("a", []byte("one"), 0, true)
			m.must(os.Link(m.path("a"), m.path("b")))
			m.must(os.Remove(m.path("a")))
			m.syncDir("")
		}, map[string]string{"a": "gone", "b": "one"}},
		{"below a folder whose name was not synced", func(m machine) {
			m.must(os.Mkdir(m.path("sub"), 0o700))
			m.write("sub/a", []byte("one"), 0, true)
		}, map[string]string{"sub/a": "gone"}},
		{"below a folder, both synced", func(m machine) {
			m.must(os.Mkdir(m.path("sub"), 0o700))
			m.write("sub/a", []byte("one"), 0, true)
			m.syncDir("sub") // takes the folder's own name along, as a journal does
		}, map[string]string{"sub/a": "one"}},
		{"the index of a write-ahead log", func(m machine) { durable(m, "a-shm", "one") }, map[string]string{"a-shm": "gone"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := start(t, 1)
			c.do(m)
			m.cut(false)
			for name, want := range c.want {
				if got := m.content(name); got != want {
					t.Errorf("%s holds %q after the cut, want %q", name, got, want)
				}
			}
			m.cut(true) // nothing has happened since
			for name, want := range c.want {
				if got := m.content(name); got != want {
					t.Errorf("%s holds %q after a second cut, want %q", name, got, want)
				}
			}
		})
	}
}

// TestTorn writes 64 sectors twice over synced ones: after a torn cut each of them is whole and in
// one of the three states, and over some seeds all three are seen.
func TestTorn(t *testing.T) {
	const sectors = 64
	fill := func(b byte) []byte { return bytes.Repeat([]byte{b}, sectors*sector) }
	seen := map[byte]int{}
	for seed := range uint64(4) {
		m := start(t, seed)
		m.write("a", fill('0'), 0, true)
		m.syncDir("")
		m.write("a", fill('1'), 0, false)
		m.write("a", fill('2'), 0, false)
		m.cut(true)
		got := m.content("a")
		if len(got) != sectors*sector {
			t.Fatalf("the file has %d bytes, want %d", len(got), sectors*sector)
		}
		for part := range slices.Chunk([]byte(got), sector) {
			if bytes.Count(part, part[:1]) != sector {
				t.Errorf("a sector is torn inside: %q", part)
			}
			seen[part[0]]++
		}
	}
	if len(seen) != 3 || seen['0'] == 0 || seen['1'] == 0 || seen['2'] == 0 {
		t.Errorf("sectors in each state: %v; want some of 0, 1 and 2", seen)
	}
}

// TestTornNames renames without a folder sync: a torn cut keeps the old names or the new ones.
func TestTornNames(t *testing.T) {
	seen := map[string]int{}
	for seed := range uint64(8) {
		m := start(t, seed)
		m.write("a", []byte("one"), 0, true)
		m.write("b", []byte("two"), 0, true)
		m.syncDir("")
		m.must(os.Rename(m.path("a"), m.path("b")))
		m.cut(true)
		seen[m.content("a")+" "+m.content("b")]++
	}
	if len(seen) != 2 || seen["one two"] == 0 || seen["gone one"] == 0 {
		t.Errorf("seen %v; want the old names and the new ones", seen)
	}
}

// TestStrike takes the power away at the second sync: before it nothing of it is durable, after it
// all of it is; the program is not told in either case.
func TestStrike(t *testing.T) {
	for _, c := range []struct {
		name  string
		after bool
		want  string
	}{
		{"before", false, "one"},
		{"after", true, "two"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := start(t, 1)
			m.write("a", []byte("one"), 0, true)
			m.syncDir("")
			m.cut(false)
			m.Arm(2, c.after)
			m.write("b", nil, 0, true)
			f, err := os.OpenFile(m.path("a"), os.O_RDWR, 0)
			m.must(err)
			_, err = f.WriteAt([]byte("two"), 0)
			m.must(err)
			told := make(chan error, 1)
			go func() { told <- f.Sync() }()
			<-m.Power()
			select {
			case err := <-told:
				t.Errorf("the program was told %v before it was gone", err)
			default:
			}
			m.Dark()
			if err := <-told; err == nil {
				t.Error("the sync says that it went well")
			}
			m.must(f.Close())
			m.must(m.Cut(false))
			m.must(m.Mount())
			if got := m.content("a"); got != c.want {
				t.Errorf("a holds %q, want %q", got, c.want)
			}
		})
	}
}
