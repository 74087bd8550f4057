//go:build !linux || (!amd64 && !arm64)

package bench

import (
	"errors"
	"os"
)

func dropCache(*os.File) error {
	return errors.New("only Linux on amd64 and arm64 is asked to drop its page cache")
}
