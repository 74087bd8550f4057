//go:build linux && (amd64 || arm64)

package timing

import (
	"fmt"
	"os"
	"syscall"
)

// dontNeed is POSIX_FADV_DONTNEED.
const dontNeed = 4

// DropCache drops a synced file from the page cache; what SQLite caches itself stays, at most 64 MB.
func DropCache(file *os.File) error {
	if _, _, code := syscall.Syscall6(syscall.SYS_FADVISE64, file.Fd(), 0, 0, dontNeed, 0, 0); code != 0 {
		return fmt.Errorf("drop the page cache: %w", code)
	}
	return nil
}
