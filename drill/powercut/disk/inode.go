package disk

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"syscall"

	gofs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// inode answers the kernel for a node.
type inode struct {
	gofs.Inode
	disk *Disk
	node *node
}

// What an inode answers.
var (
	_ gofs.NodeStatfser  = (*inode)(nil)
	_ gofs.NodeGetattrer = (*inode)(nil)
	_ gofs.NodeSetattrer = (*inode)(nil)
	_ gofs.NodeLookuper  = (*inode)(nil)
	_ gofs.NodeReaddirer = (*inode)(nil)
	_ gofs.NodeCreater   = (*inode)(nil)
	_ gofs.NodeMkdirer   = (*inode)(nil)
	_ gofs.NodeMknoder   = (*inode)(nil)
	_ gofs.NodeLinker    = (*inode)(nil)
	_ gofs.NodeUnlinker  = (*inode)(nil)
	_ gofs.NodeRmdirer   = (*inode)(nil)
	_ gofs.NodeRenamer   = (*inode)(nil)
	_ gofs.NodeOpener    = (*inode)(nil)
	_ gofs.NodeReader    = (*inode)(nil)
	_ gofs.NodeWriter    = (*inode)(nil)
	_ gofs.NodeFsyncer   = (*inode)(nil)
)

func (i *inode) fill(out *fuse.Attr) {
	out.Ino, out.Mode, out.Nlink = i.node.id, i.node.mode, max(1, i.node.names)
	out.Uid, out.Gid = i.disk.uid, i.disk.gid
	if f := i.node.file; f != nil {
		out.Size, out.Blocks = uint64(f.size), uint64(f.size+sector-1)/sector //nolint:gosec // never negative
	}
}

// child is the inode of a node in this folder.
func (i *inode) child(ctx context.Context, n *node, out *fuse.EntryOut) *gofs.Inode {
	c := &inode{disk: i.disk, node: n}
	c.fill(&out.Attr)
	return i.NewInode(ctx, c, gofs.StableAttr{Mode: n.mode, Ino: n.id})
}

// Statfs implements gofs.NodeStatfser: the platter's folder has the room.
func (i *inode) Statfs(_ context.Context, out *fuse.StatfsOut) syscall.Errno {
	var s syscall.Statfs_t
	err := syscall.Statfs(i.disk.Platter(), &s)
	out.FromStatfsT(&s)
	return gofs.ToErrno(err)
}

// Getattr implements gofs.NodeGetattrer.
func (i *inode) Getattr(_ context.Context, _ gofs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	return i.disk.do(func() error {
		i.fill(&out.Attr)
		return nil
	})
}

// Setattr implements gofs.NodeSetattrer: size and permissions; times are not kept.
func (i *inode) Setattr(_ context.Context, _ gofs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	return i.disk.do(func() error {
		if mode, ok := in.GetMode(); ok {
			i.node.mode = i.node.mode&syscall.S_IFMT | mode&^syscall.S_IFMT
		}
		if size, ok := in.GetSize(); ok && i.node.file != nil {
			if err := i.node.file.truncate(int64(size)); err != nil { //nolint:gosec // the kernel's sizes are not negative
				return err
			}
		}
		i.fill(&out.Attr)
		return nil
	})
}

// Lookup implements gofs.NodeLookuper.
func (i *inode) Lookup(ctx context.Context, name string, out *fuse.EntryOut) (found *gofs.Inode, errno syscall.Errno) {
	errno = i.disk.do(func() error {
		n := i.node.kids[name]
		if n == nil {
			return syscall.ENOENT
		}
		found = i.child(ctx, n, out)
		return nil
	})
	return found, errno
}

// Readdir implements gofs.NodeReaddirer.
func (i *inode) Readdir(context.Context) (stream gofs.DirStream, errno syscall.Errno) {
	errno = i.disk.do(func() error {
		var list []fuse.DirEntry
		for _, name := range slices.Sorted(maps.Keys(i.node.kids)) {
			list = append(list, fuse.DirEntry{Name: name, Mode: i.node.kids[name].mode, Ino: i.node.kids[name].id})
		}
		stream = gofs.NewListDirStream(list)
		return nil
	})
	return stream, errno
}

func (i *inode) add(ctx context.Context, name string, mode uint32, out *fuse.EntryOut) (made *gofs.Inode, errno syscall.Errno) {
	errno = i.disk.do(func() error {
		n, err := i.disk.tree.make(i.node, name, mode)
		if err != nil {
			return err
		}
		made = i.child(ctx, n, out)
		return nil
	})
	return made, errno
}

// Create implements gofs.NodeCreater.
func (i *inode) Create(ctx context.Context, name string, _, mode uint32, out *fuse.EntryOut) (*gofs.Inode, gofs.FileHandle, uint32, syscall.Errno) {
	made, errno := i.add(ctx, name, syscall.S_IFREG|mode&^syscall.S_IFMT, out)
	if errno != gofs.OK {
		return nil, nil, 0, errno
	}
	return made, nil, made.Operations().(*inode).node.cached(), gofs.OK
}

// Mkdir implements gofs.NodeMkdirer.
func (i *inode) Mkdir(ctx context.Context, name string, mode uint32, out *fuse.EntryOut) (*gofs.Inode, syscall.Errno) {
	return i.add(ctx, name, syscall.S_IFDIR|mode&^syscall.S_IFMT, out)
}

// Mknod implements gofs.NodeMknoder: for sockets.
func (i *inode) Mknod(ctx context.Context, name string, mode, _ uint32, out *fuse.EntryOut) (*gofs.Inode, syscall.Errno) {
	return i.add(ctx, name, mode, out)
}

// Link implements gofs.NodeLinker.
func (i *inode) Link(ctx context.Context, target gofs.InodeEmbedder, name string, out *fuse.EntryOut) (linked *gofs.Inode, errno syscall.Errno) {
	errno = i.disk.do(func() error {
		n := target.(*inode).node
		i.disk.tree.set(entry{i.node, name, n})
		linked = i.child(ctx, n, out)
		return nil
	})
	return linked, errno
}

// Unlink implements gofs.NodeUnlinker.
func (i *inode) Unlink(_ context.Context, name string) syscall.Errno {
	return i.disk.do(func() error {
		i.disk.tree.set(entry{i.node, name, nil})
		return nil
	})
}

// Rmdir implements gofs.NodeRmdirer.
func (i *inode) Rmdir(_ context.Context, name string) syscall.Errno {
	return i.disk.do(func() error {
		if len(i.node.kids[name].kids) > 0 {
			return syscall.ENOTEMPTY
		}
		i.disk.tree.set(entry{i.node, name, nil})
		return nil
	})
}

// Rename implements gofs.NodeRenamer.
func (i *inode) Rename(_ context.Context, name string, to gofs.InodeEmbedder, newName string, flags uint32) syscall.Errno {
	return i.disk.do(func() error {
		if flags != 0 {
			return syscall.EINVAL
		}
		n := i.node.kids[name]
		i.disk.tree.set(entry{i.node, name, nil}, entry{to.(*inode).node, newName, n})
		return nil
	})
}

// cached says what the kernel may keep of a file: nothing, so that every write is ours at once, but
// for the index, which is mapped.
func (n *node) cached() uint32 {
	if n.index {
		return 0
	}
	return fuse.FOPEN_DIRECT_IO
}

// Open implements gofs.NodeOpener.
func (i *inode) Open(_ context.Context, flags uint32) (gofs.FileHandle, uint32, syscall.Errno) {
	return nil, i.node.cached(), i.disk.do(func() error {
		if flags&syscall.O_TRUNC != 0 && i.node.file != nil {
			return i.node.file.truncate(0)
		}
		return nil
	})
}

// Read implements gofs.NodeReader.
func (i *inode) Read(_ context.Context, _ gofs.FileHandle, into []byte, off int64) (read fuse.ReadResult, errno syscall.Errno) {
	errno = i.disk.do(func() error {
		n, err := i.node.file.read(into, off)
		read = fuse.ReadResultData(into[:n])
		return err
	})
	return read, errno
}

// Write implements gofs.NodeWriter.
func (i *inode) Write(_ context.Context, _ gofs.FileHandle, data []byte, off int64) (uint32, syscall.Errno) {
	return uint32(len(data)), i.disk.do(func() error { return i.node.file.write(data, off) }) //nolint:gosec // what the kernel sent
}

// Fsync implements gofs.NodeFsyncer, for fdatasync too: SQLite relies on it for sizes.
func (i *inode) Fsync(context.Context, gofs.FileHandle, uint32) syscall.Errno {
	return i.disk.sync(func() error {
		switch {
		case i.node.isDir():
			i.disk.tree.sync(i.node)
			return nil
		case i.node.file == nil:
			return fmt.Errorf("sync %o: %w", i.node.mode, syscall.EINVAL)
		}
		return i.node.file.sync()
	})
}
