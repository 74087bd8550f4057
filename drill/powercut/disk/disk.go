// Package disk is a disk that loses what was not synced when the power goes: a FUSE file system
// over a folder, the platter.
//
//	program ─► kernel ─► memory ── fsync ──► platter
//	                       └─ cut: dropped, or torn
//
// It promises what POSIX does and no more:
//
//   - fsync and fdatasync of a file make its content and size durable, not its name;
//   - fsync of a folder makes the names in it durable; changes of names reach the platter in order,
//     as journalling file systems have it, so it takes earlier changes elsewhere along;
//   - a sector of 512 bytes is written whole or not at all;
//   - a link, a rename or a removal happens whole or not at all.
//
// ext4, XFS and Btrfs also make the name of a new file durable with its first fsync; a program that
// relies on it loses the file here. At a cut everything else is dropped, or torn: of the unsynced
// sectors a random subset survives, in any order and in any of their last states, a grown file has
// any size in between, and the changes of names up to a random one are kept. What the kernel might
// have written back by itself before the cut is among those outcomes.
//
// The index of SQLite's write-ahead log (-shm), which is mapped and never synced, is gone after every cut.
package disk

import (
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	gofs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// ErrMount says that this machine has no FUSE for us: it takes /dev/fuse, and root or fusermount.
var ErrMount = errors.New("a FUSE file system cannot be mounted here")

// Disk is mounted between Mount and Cut.
type Disk struct {
	dir      string
	rng      *rand.Rand
	uid, gid uint32 // whom the files belong to
	server   *fuse.Server

	mu     sync.Mutex
	tree   *tree
	power  chan struct{} // closed when it has gone
	dark   chan struct{} // closed when the programs are gone that must not see it
	off    bool
	strike int  // the power goes at this sync from here; 0 = at none
	late   bool // just after it
}

// Open makes a disk in a folder; its platter is a folder in there, which may hold files already.
func Open(dir string, rng *rand.Rand) (*Disk, error) {
	d := &Disk{dir: dir, rng: rng, uid: uint32(os.Getuid()), gid: uint32(os.Getgid())} //nolint:gosec // never negative here
	if err := os.MkdirAll(d.Mounted(), 0o700); err != nil {
		return nil, fmt.Errorf("make the mount point: %w", err)
	}
	return d, nil
}

// Belong gives the files to another account, whose programs may then use the disk too.
func (d *Disk) Belong(uid, gid uint32) { d.uid, d.gid = uid, gid }

// Platter is the folder with what is durable; it is right while the disk is not mounted.
func (d *Disk) Platter() string { return filepath.Join(d.dir, "data") }

// Mounted is the folder that programs write to. The process that serves the disk must leave it
// alone: it could wait for itself.
func (d *Disk) Mounted() string { return filepath.Join(d.dir, "mounted") }

// Mount puts the power on.
func (d *Disk) Mount() (err error) {
	d.power, d.dark, d.off, d.strike = make(chan struct{}), make(chan struct{}), false, 0
	if d.tree, err = load(d.Platter(), filepath.Join(d.dir, "blobs")); err != nil {
		return err
	}
	second := time.Second
	d.server, err = gofs.Mount(d.Mounted(), &inode{disk: d, node: d.tree.root}, &gofs.Options{
		MountOptions: fuse.MountOptions{
			FsName: "creatorflow-powercut", Name: "powercut", DirectMount: true, DisableXAttrs: true, DisableReadDirPlus: true,
			AllowOther: d.uid != uint32(os.Getuid()), //nolint:gosec // never negative here
			Logger:     log.New(io.Discard, "", 0),   // an unmount is no news
		},
		EntryTimeout: &second, AttrTimeout: &second, // nobody else changes anything
		RootStableAttr: &gofs.StableAttr{Ino: d.tree.root.id},
	})
	if err != nil {
		d.server = nil
		return errors.Join(fmt.Errorf("%w: %w", ErrMount, err), d.tree.close())
	}
	return keepToOurselves()
}

// keepToOurselves takes the connection to the kernel from processes that are started later: one
// that holds it would be stuck for ever if this process were killed.
func keepToOurselves() error {
	const descriptors = "/proc/self/fd"
	open, err := os.ReadDir(descriptors)
	if err != nil {
		return fmt.Errorf("look for the connection to the kernel: %w", err)
	}
	for _, entry := range open {
		var fd int
		target, err := os.Readlink(filepath.Join(descriptors, entry.Name()))
		if _, bad := fmt.Sscan(entry.Name(), &fd); err == nil && bad == nil && strings.HasPrefix(target, "/dev/fuse") {
			syscall.CloseOnExec(fd)
		}
	}
	return nil
}

// Power is closed when the power has gone. From then on nothing becomes durable, and no operation
// is answered before Dark.
func (d *Disk) Power() <-chan struct{} { return d.power }

// Arm takes the power away at the nth sync of a file or folder from now, just before it or just
// after it.
func (d *Disk) Arm(nth int, after bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.strike, d.late = nth, after
}

// Off takes the power away now.
func (d *Disk) Off() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.turnOff()
}

func (d *Disk) turnOff() {
	if !d.off {
		d.off = true
		close(d.power)
	}
}

// Dark lets go of the operations that came after the power went: whoever waits for them has been
// sent SIGKILL.
func (d *Disk) Dark() {
	d.mu.Lock()
	defer d.mu.Unlock()
	select {
	case <-d.dark:
	default:
		close(d.dark)
	}
}

// Cut unmounts the disk once nothing runs on it and leaves on the platter what survives.
func (d *Disk) Cut(torn bool) (err error) {
	if d.server == nil {
		return nil
	}
	if err := d.server.Unmount(); err != nil {
		return fmt.Errorf("unmount %s: %w", d.Mounted(), err)
	}
	d.server = nil
	d.mu.Lock()
	defer d.mu.Unlock()
	defer func() { err = errors.Join(err, d.tree.close()) }()
	rng := d.rng
	if !torn {
		rng = nil
	}
	if err := d.tree.cut(rng); err != nil {
		return err
	}
	fresh := d.Platter() + ".new"
	if err := d.tree.save(fresh); err != nil {
		return err
	}
	if err := errors.Join(os.RemoveAll(d.Platter()), os.Rename(fresh, d.Platter())); err != nil {
		return fmt.Errorf("save the platter: %w", err)
	}
	return nil
}

// Close cuts the power of a disk that is mounted, once nothing runs on it.
func (d *Disk) Close() error {
	if d.server == nil {
		return nil
	}
	d.Off()
	d.Dark()
	return d.Cut(false)
}

// do runs an operation while the power is on; without power nobody sees its outcome.
func (d *Disk) do(operation func() error) syscall.Errno {
	err, answered := d.while(operation)
	if !answered {
		<-d.dark
		return syscall.EIO
	}
	return gofs.ToErrno(err)
}

func (d *Disk) while(operation func() error) (err error, answered bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.off {
		return nil, false
	}
	err = operation()
	return err, !d.off
}

// sync is an operation at which the power may go.
func (d *Disk) sync(operation func() error) syscall.Errno {
	return d.do(func() error {
		struck := d.strike == 1
		d.strike = max(0, d.strike-1)
		if struck && !d.late {
			d.turnOff()
			return nil
		}
		err := operation()
		if struck {
			d.turnOff()
		}
		return err
	})
}
