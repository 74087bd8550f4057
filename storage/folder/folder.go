// Package folder takes a data folder for one process, and fences all durable writes in it together.
package folder

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
)

// Folder is a data folder that belongs to this process until Close.
type Folder struct {
	dir   string
	file  *os.File
	fence *Fence
}

// holder is what the lock file says about the process that has the folder.
type holder struct {
	PID     int    `json:"pid"`
	Host    string `json:"host"`
	Address string `json:"address,omitempty"`
}

// Open makes the folder when missing (mode 0700) and takes it for this process alone. When
// another process has it, the error is a sentence that says which.
func Open(dir string) (*Folder, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("open the data folder: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("the data folder %s cannot be made, choose another with --data: %w", dir, err)
	}
	file, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // the owner's own folder
	if err != nil {
		return nil, fmt.Errorf("the data folder %s cannot be written, choose another with --data: %w", dir, err)
	}
	f := &Folder{dir: dir, file: file, fence: newFence()}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, errors.Join(fmt.Errorf("the data folder %s is in use by %s: stop it, or choose another folder with --data", dir, f.holder()), file.Close())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock the data folder %s: %w", dir, err), file.Close())
	}
	if err := f.Announce(""); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return f, nil
}

// Beside is a folder that another process may hold: for reading, not for writing.
func Beside(dir string) *Folder { return &Folder{dir: dir, fence: newFence()} }

// Dir is the folder's absolute path.
func (f *Folder) Dir() string { return f.dir }

// Announce writes into the lock file where this process listens, for the message that a second
// opener gets.
func (f *Folder) Announce(address string) error {
	host, err := os.Hostname()
	if err != nil {
		host = "this machine"
	}
	text, err := json.Marshal(holder{PID: os.Getpid(), Host: host, Address: address})
	if err == nil {
		err = f.file.Truncate(0)
	}
	if err == nil {
		_, err = f.file.WriteAt(append(text, '\n'), 0)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", f.file.Name(), err)
	}
	return nil
}

// Sync makes it durable which files a folder has.
func Sync(dir string) error {
	f, err := os.Open(dir) //nolint:gosec // the owner's own folder
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Close gives the folder back. Everything opened in it must be closed before.
func (f *Folder) Close() error {
	if f.file == nil {
		return nil
	}
	return f.file.Close()
}

// Fence is shared by everything durable in the folder.
func (f *Folder) Fence() *Fence { return f.fence }

func (f *Folder) holder() string {
	text, err := os.ReadFile(f.file.Name())
	var h holder
	if err != nil || json.Unmarshal(text, &h) != nil {
		return "another process"
	}
	if h.Address == "" {
		return fmt.Sprintf("process %d on %s", h.PID, h.Host)
	}
	return fmt.Sprintf("process %d on %s, listening on %s", h.PID, h.Host, h.Address)
}

// Fence stops all durable writes of a folder for good. A failed fsync may have thrown the data
// away and can falsely succeed when repeated, so after the first one nothing is acknowledged.
type Fence struct {
	tripped chan struct{}

	mu    sync.Mutex
	fault error // the first one
}

func newFence() *Fence { return &Fence{tripped: make(chan struct{})} }

// Trip keeps the first fault and closes Tripped.
func (f *Fence) Trip(fault error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fault == nil {
		f.fault = fault
		close(f.tripped)
	}
}

// Tripped is closed by the first fault.
func (f *Fence) Tripped() <-chan struct{} { return f.tripped }

// Err is the first fault, or nil.
func (f *Fence) Err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.fault
}
