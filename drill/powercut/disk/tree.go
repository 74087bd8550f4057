package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// node is a file, a folder or a socket.
type node struct {
	id    uint64
	mode  uint32 // with its kind, as in stat
	names uint32 // that lead to it
	file  *file  // of a file
	index bool   // of SQLite's write-ahead log
	kids  map[string]*node
	fixed map[string]*node // the kids on the platter
}

func (n *node) isDir() bool { return n.mode&syscall.S_IFMT == syscall.S_IFDIR }

// change is one change of names. All of it reaches the platter or none.
type change []entry

// entry gives a name to a node, or takes it away (nil).
type entry struct {
	dir  *node
	name string
	node *node
}

// tree is the names of a disk, as programs see them and on the platter.
type tree struct {
	blobs   string // folder with the content of every file, by number
	last    uint64
	files   []*file
	root    *node
	journal []change // of names, not on the platter yet, in order
}

// load reads a tree from a folder and makes room for the content of its files in another one.
func load(from, blobs string) (*tree, error) {
	if err := errors.Join(os.RemoveAll(blobs), os.MkdirAll(blobs, 0o700), os.MkdirAll(from, 0o700)); err != nil {
		return nil, fmt.Errorf("make the disk's folders: %w", err)
	}
	t := &tree{blobs: blobs}
	t.root = t.node(syscall.S_IFDIR | 0o700)
	dirs, known := map[string]*node{".": t.root}, map[uint64]*node{}
	err := fs.WalkDir(os.DirFS(from), ".", func(name string, item fs.DirEntry, err error) error {
		if err != nil || name == "." {
			return err
		}
		info, err := item.Info()
		if err != nil {
			return err
		}
		var n *node
		switch inode := info.Sys().(*syscall.Stat_t).Ino; {
		case item.IsDir():
			n = t.node(syscall.S_IFDIR | uint32(info.Mode().Perm()))
			dirs[name] = n
		case !info.Mode().IsRegular():
			return nil // a socket of a process that is gone
		case known[inode] != nil:
			n = known[inode]
		default:
			n = t.node(syscall.S_IFREG | uint32(info.Mode().Perm()))
			known[inode] = n
			if err := os.Link(filepath.Join(from, name), t.blob(n)); err != nil {
				return err
			}
			if err := t.open(n); err != nil {
				return err
			}
		}
		t.set(entry{dirs[filepath.Dir(name)], filepath.Base(name), n})
		return nil
	})
	t.fix(len(t.journal))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read the platter %s: %w", from, err), t.close())
	}
	return t, nil
}

func (t *tree) node(mode uint32) *node {
	t.last++
	n := &node{id: t.last, mode: mode}
	if n.isDir() {
		n.kids, n.fixed = map[string]*node{}, map[string]*node{}
	}
	return n
}

func (t *tree) blob(n *node) string { return filepath.Join(t.blobs, strconv.FormatUint(n.id, 10)) }

// open opens the content of a file, an empty one when it is new.
func (t *tree) open(n *node) error {
	platter, err := os.OpenFile(t.blob(n), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if n.file, err = newFile(platter); err != nil {
		return errors.Join(err, platter.Close())
	}
	t.files = append(t.files, n.file)
	return nil
}

// make adds a new node.
func (t *tree) make(dir *node, name string, mode uint32) (*node, error) {
	n := t.node(mode)
	n.index = strings.HasSuffix(name, "-shm")
	if mode&syscall.S_IFMT == syscall.S_IFREG {
		if err := t.open(n); err != nil {
			return nil, fmt.Errorf("make %s: %w", name, err)
		}
	}
	t.set(entry{dir, name, n})
	return n, nil
}

// set changes names, for programs at once, on the platter later.
func (t *tree) set(entries ...entry) {
	for _, e := range entries {
		if old := e.dir.kids[e.name]; old != nil {
			old.names--
		}
		delete(e.dir.kids, e.name)
		if e.node != nil {
			e.node.names++
			e.dir.kids[e.name] = e.node
		}
	}
	t.journal = append(t.journal, entries)
}

// sync makes the names in a folder durable, and all changes of names before the last one there:
// file systems keep a journal of them.
func (t *tree) sync(dir *node) {
	for i := len(t.journal); i > 0; i-- {
		if slices.ContainsFunc(t.journal[i-1], func(e entry) bool { return e.dir == dir }) {
			t.fix(i)
			return
		}
	}
}

// fix makes the first changes durable.
func (t *tree) fix(changes int) {
	for _, c := range t.journal[:changes] {
		for _, e := range c {
			delete(e.dir.fixed, e.name)
			if e.node != nil {
				e.dir.fixed[e.name] = e.node
			}
		}
	}
	t.journal = t.journal[changes:]
}

// cut takes back what is not durable; with rng a random part of it survives: some of the sectors,
// and the changes of names up to one of them.
func (t *tree) cut(rng *rand.Rand) error {
	if rng != nil {
		t.fix(rng.IntN(len(t.journal) + 1))
	}
	t.journal = nil
	return walk(t.root, func(_ string, n *node) error {
		switch {
		case n.file == nil:
			return nil
		case rng == nil:
			n.file.drop()
			return nil
		}
		return n.file.tear(rng)
	})
}

// save writes what is on the platter into a new folder.
func (t *tree) save(into string) error {
	if err := os.Mkdir(into, 0o700); err != nil {
		return fmt.Errorf("save the platter: %w", err)
	}
	return walk(t.root, func(name string, n *node) error {
		path := filepath.Join(into, name)
		switch {
		case n.isDir():
			return os.Mkdir(path, fs.FileMode(n.mode).Perm())
		case n.file == nil || n.index:
			return nil
		}
		if err := n.file.platter.Chmod(fs.FileMode(n.mode).Perm()); err != nil {
			return fmt.Errorf("save the platter: %w", err)
		}
		return os.Link(t.blob(n), path)
	})
}

// walk visits what is on the platter below a folder, in a fixed order.
func walk(dir *node, visit func(name string, n *node) error) error {
	for _, name := range slices.Sorted(maps.Keys(dir.fixed)) {
		n := dir.fixed[name]
		if err := visit(name, n); err != nil {
			return err
		}
		if n.isDir() {
			err := walk(n, func(below string, n *node) error { return visit(filepath.Join(name, below), n) })
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// close closes every file there ever was.
func (t *tree) close() error {
	var errs []error
	for _, f := range t.files {
		errs = append(errs, f.platter.Close())
	}
	return errors.Join(errs...)
}
